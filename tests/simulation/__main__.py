"""Runs seeds, shows one, or makes a failing one simple."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable

from simulation.plan import draw_plan
from simulation.run import Result, carry_out, run_seed
from simulation.shrink import find, shrink
from simulation.trace import TracedWorld


def many(seeds: Iterable[int]) -> None:
    """Run seeds, and tell which were wrong and what they took."""
    began = time.process_time()
    kinds: Counter[str] = Counter()
    count = steps = 0
    for seed in seeds:
        result = run_seed(seed)
        count += 1
        steps += result.steps
        if result.wrong:
            kinds[result.wrong[0].kind] += 1
            print(seed, "; ".join(map(str, result.wrong))[:300], flush=True)
    took = time.process_time() - began
    print(f"{count} seeds, {took / count * 1000:.1f} ms and {steps / count:.0f} steps each; wrong: {dict(kinds)}")


def show(result: Result) -> None:
    """Print what happened."""
    for step, now, event in result.log:
        print(f"{step:6d} {now - 1000:9.4f}  {event}")
    print(*result.wrong, sep="\n")


def simplest(seed: int, runs: int) -> None:
    """Print the simplest run in which the same is wrong as in that of a seed."""
    failure = find(draw_plan(seed), seed)
    if failure is None:
        print("Nothing is wrong with that seed.")
        return
    failure = shrink(failure, runs)
    show(carry_out(failure.plan, failure.seed, failure.decisions, TracedWorld))
    print(failure)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run seeds")
    run.add_argument("first", type=int)
    run.add_argument("count", type=int)
    one = commands.add_parser("show", help="show every system call of one seed")
    one.add_argument("seed", type=int)
    simple = commands.add_parser("shrink", help="make a failing seed simple, and show it")
    simple.add_argument("seed", type=int)
    simple.add_argument("--runs", type=int, default=5000)
    arguments = parser.parse_args()
    if arguments.command == "run":
        many(range(arguments.first, arguments.first + arguments.count))
    elif arguments.command == "show":
        show(carry_out(draw_plan(arguments.seed), arguments.seed, world_type=TracedWorld))
    else:
        simplest(arguments.seed, arguments.runs)


main()
