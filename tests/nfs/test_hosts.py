"""Several hosts on one NFS spool, with everything going wrong that does: each request gets exactly one whole answer.

All scenarios run on NFS 4.2 and NFS 3 at the same time, with the mount options people have by default. After each, the
whole record of both spools is judged (`history`).
"""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from history import Ask
from versions import VERSION, make_next_version
from world import DAEMONS, LEASE, PATIENCE, POLL, WRITER, Spool, World

import spectacle

# On one worker of pytest-xdist, for the hosts are booted once; and in their order, for the last test judges the whole.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nfs")]


def other(host: str) -> str:
    """The host with daemons that is not this one."""
    return next(name for name in DAEMONS if name != host)


def start_jobs(world: World, host: str, steps: int = 10) -> dict[str, str]:
    """Have a host begin a job of some tenths of a second on each spool. Returns their stems by the spools' names."""
    user = world.user()
    with world.frozen(other(host)):
        for spool in world.spools:
            ask = Ask(f"{user}-1-64x64-slow", "a slow fox")
            spool.ask([ask], files={f"{ask.stem}-options.json": json.dumps({"steps": steps})})
        stems = {spool.name: f"{user}-1-64x64-slow" for spool in world.spools}
        for spool in world.spools:
            assert spool.wait_claimed(stems[spool.name]) == host
    return stems


@contextmanager
def jobs_under_way(world: World, host: str) -> Iterator[dict[str, str]]:
    """Jobs that a host has begun and that cannot be done before the block's end, however long that takes.

    Yields:
        Their stems by the spools' names.
    """
    with world.frozen_workers(host):
        yield start_jobs(world, host)


def wait_all(world: World, stems: dict[str, str]) -> None:
    for spool in world.spools:
        spool.wait_answered([stems[spool.name]])


@contextmanager
def load(world: World, count: int, pause: float = 0.1) -> Iterator[dict[str, list[str]]]:
    """Hand in requests from every client while the block runs, and wait for all answers after it.

    Yields:
        The stems by the spools' names.
    """
    seed = random.randrange(10**6)
    print(f"seed of the load: {seed}")
    chance = random.Random(seed)
    stems: dict[str, list[str]] = {spool.name: [] for spool in world.spools}
    threads, troubles = [], []

    def write(spool: Spool, host: str, asks: list[Ask], how: str) -> None:
        try:
            spool.ask(asks, host, how, pause)
        except Exception as trouble:
            troubles.append(trouble)

    for spool in world.spools:
        for host in world.lab.clients:
            user = world.user()
            size = chance.randrange(16, 200)
            asks = [
                Ask(f"{user}-{number}-{size}x{size}", f"{host} wants {chance.random()}")
                for number in range(count // len(world.lab.clients))
            ]
            spool.history.asks.update({ask.stem: ask for ask in asks})
            stems[spool.name] += [ask.stem for ask in asks]
            how = chance.choice(["rename", "rename", "plain"])
            threads.append(threading.Thread(target=write, args=(spool, host, asks, how)))
    for thread in threads:
        thread.start()
    try:
        yield stems
    finally:
        for thread in threads:
            thread.join()
    assert not troubles, troubles
    for spool in world.spools:
        spool.wait_answered(stems[spool.name], 2 * PATIENCE)


def test_two_hosts_share_some_hundred_requests(world: World) -> None:
    began = time.monotonic()
    with load(world, 150, pause=0.02) as stems:
        pass
    seconds = time.monotonic() - began
    for spool in world.spools:
        done = {
            host: sum(
                line.get("stem") in stems[spool.name] for _, line in daemon.lines() if line["event"] == "answered"
            )
            for host, daemon in spool.daemons.items()
        }
        assert all(done.values()), f"one host did nothing: {done}"
        assert not spool.said("took over a dead claim")
    count = sum(map(len, stems.values()))
    world.figure(f"{count} requests through two hosts and two spools: {seconds:.0f} s, {count / seconds:.1f} a second")


def test_the_daemon_knows_that_its_spool_is_on_a_network(world: World) -> None:
    for spool in world.spools:
        for daemon in spool.daemons.values():
            found = {line["file_system"] for _, line in daemon.lines() if line["event"] == "watching"}
            assert found == {"nfs4" if spool.name == "v4" else "nfs"}


def test_what_another_host_wrote_under_a_name_looked_for_before_is_seen(world: World) -> None:
    user = world.user()
    late = []
    for times in (1, 2, 3):
        ask = Ask(f"{user}-1-32x32", f"round {times}", times=times)
        # From the second round on, the daemons have looked for these attachments in vain.
        files = {} if times == 1 else {f"{ask.stem}-options.json": json.dumps({"copies": times})}
        began = time.monotonic()
        for spool in world.spools:
            spool.ask([ask], files=files)
        for spool in world.spools:
            spool.wait_answered([ask.stem])
            late.append(time.monotonic() - began)
            copies = {f"{ask.stem}.png", *(f"{ask.stem}-{number}.png" for number in range(2, times + 1))}
            results = {name for name in spool.history.names if name.startswith(ask.stem) and name.endswith(".png")}
            assert results == copies
    world.figure(f"asked again under the same name from another host: answered within {max(late):.1f} s")


def test_a_slow_writer_on_another_host_is_never_read_half(world: World) -> None:
    user = world.user()
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    for spool in world.spools:
        grown, empty = f"{user}-1-32x32", f"{user}-2-32x32"
        spool.history.asks[grown] = Ask(grown, " ".join(words))
        spool.history.asks[empty] = Ask(empty, "late but whole")
    scripts = [
        f"cd {spool.path}; : > {user}-2-32x32.txt; for word in {' '.join(words)}; do echo $word >> {user}-1-32x32.txt; "
        f"sleep 0.8; done; echo late but whole > {user}-2-32x32.txt"
        for spool in world.spools
    ]
    world.lab.clients[WRITER].run(" & ".join(f"( {script} )" for script in scripts) + "; wait")
    for spool in world.spools:
        spool.wait_answered([f"{user}-1-32x32", f"{user}-2-32x32"])


def test_deleting_a_request_on_another_host_stops_its_job(world: World) -> None:
    # Far longer than anybody waits for them: they stop, or they are never done.
    stems = start_jobs(world, "c1", steps=100_000)
    for spool in world.spools:
        world.lab.clients[WRITER].run(f"rm {spool.path}/{stems[spool.name]}.txt")
        spool.history.asks[stems[spool.name]].cancelled = True
    began = time.monotonic()
    for spool in world.spools:
        spool.wait_said("cancelled", stems[spool.name])
    world.figure(f"cancelled from another host: stopped within {time.monotonic() - began:.1f} s")


def test_each_kind_is_made_where_it_is_served_and_what_nobody_serves_gets_an_error(world: World) -> None:
    user = world.user()
    for spool in world.spools:
        asks = [
            Ask(f"{user}-1-32x32-only_c1", "for the first"),
            Ask(f"{user}-2-32x32-only_c2", "for the second"),
            Ask(f"{user}-3-32x32-unheard_of", "for nobody", fails=True),
        ]
        spool.ask(asks)
    for spool in world.spools:
        spool.wait_answered([f"{user}-1-32x32-only_c1", f"{user}-2-32x32-only_c2", f"{user}-3-32x32-unheard_of"])
        spool.daemons["c1"].wait_said("answered", f"{user}-1-32x32-only_c1")
        spool.daemons["c2"].wait_said("answered", f"{user}-2-32x32-only_c2")
        first = (spool.copy() / f"{user}-3-32x32-unheard_of-error.txt").read_text().splitlines()[0]
        assert "card, only_c1, only_c2, slow" in first


def test_a_host_that_loses_power_in_mid_job_is_replaced_by_another(world: World) -> None:
    with jobs_under_way(world, "c1") as stems:
        world.lab.clients["c1"].power_off()
        off = time.monotonic()
    wait_all(world, stems)
    for spool in world.spools:
        (taken,) = spool.daemons["c2"].wait_said("took over a dead claim", stems[spool.name])
        world.figure(f"host lost power ({spool.name}): its job was taken over after {taken - off:.1f} s")


def test_a_killed_worker_is_replaced_and_its_request_run_again(world: World) -> None:
    with jobs_under_way(world, "c1") as stems:
        began = time.monotonic()
        for daemon in world.daemons("c1"):
            daemon.host.kill(daemon.worker_pid())
    wait_all(world, stems)
    for spool in world.spools:
        (lost,) = spool.daemons["c1"].wait_said("lost the worker", stems[spool.name])
        world.figure(f"worker killed ({spool.name}): noticed after {max(0.0, lost - began):.1f} s")


def test_a_killed_daemon_is_taken_over_by_its_successor_at_once(world: World) -> None:
    with jobs_under_way(world, "c1") as stems, world.frozen("c2"):
        for daemon in world.daemons("c1"):
            daemon.kill()
        # By the server's clock the requests have stood still for two hours, and so need not settle for ten minutes. A
        # successor that let them settle once more, or waited for the lease, would do so for longer than this test does.
        long_ago = "; ".join(f"touch -d '2 hours ago' {spool.path}/{stems[spool.name]}.txt" for spool in world.spools)
        world.lab.clients[WRITER].run(f"set -e; {long_ago}")
        with world.configured("c1", lease_duration=600, settle=600):
            world.start("c1")
            wait_all(world, stems)
            for spool in world.spools:
                daemon = spool.daemons["c1"]
                (taken,) = daemon.wait_said("took over a dead claim", stems[spool.name])
                world.figure(
                    f"daemon killed ({spool.name}): its successor took the job over "
                    f"{taken - daemon.said('watching')[-1]:.1f} s after its start"
                )
            for daemon in world.daemons("c1"):
                daemon.stop()


def test_a_request_rewritten_while_its_daemon_is_dead_is_not_read_half(world: World) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    with jobs_under_way(world, "c1") as stems, world.frozen("c2"):
        for daemon in world.daemons("c1"):
            daemon.kill()
        for spool in world.spools:
            spool.history.asks[stems[spool.name]].prompt = " ".join(words)
        scripts = [
            f"cd {spool.path}; : > {stems[spool.name]}.txt; for word in {' '.join(words)}; "
            f"do echo $word >> {stems[spool.name]}.txt; sleep 0.8; done"
            for spool in world.spools
        ]
        script = " & ".join(f"( {each} )" for each in scripts) + "; wait"
        writer = threading.Thread(target=world.lab.clients[WRITER].run, args=(script,))
        writer.start()
        world.start("c1")
        writer.join()
        wait_all(world, stems)
        for spool in world.spools:
            spool.daemons["c1"].wait_said("answered", stems[spool.name])


def test_a_partition_shorter_than_the_lease_costs_nothing(world: World) -> None:
    host = world.lab.clients["c1"]
    with jobs_under_way(world, "c1") as stems:
        world.lab.cut_off(host)
        time.sleep(LEASE / 4)
        world.lab.connect(host)
    wait_all(world, stems)
    runs = sum(len(spool.said("took over a dead claim", stems[spool.name])) for spool in world.spools)
    world.figure(f"partition of {LEASE / 4:.1f} s: {runs} of 2 jobs run again")


def test_a_host_that_was_cut_off_past_its_lease_does_not_answer_again(world: World) -> None:
    host = world.lab.clients["c1"]
    # What is done before the host is cut off may be its answer. This is done while it is cut off.
    with jobs_under_way(world, "c1") as stems:
        world.lab.cut_off(host)
        off = time.monotonic()
    for spool in world.spools:
        spool.wait_answered([stems[spool.name]])
        (taken,) = spool.daemons["c2"].wait_said("took over a dead claim", stems[spool.name])
        world.figure(f"host cut off ({spool.name}): its job was taken over after {taken - off:.1f} s")
    world.lab.connect(host)
    back = time.monotonic()
    # Only it can serve now.
    user = world.user()
    with world.frozen("c2"):
        for spool in world.spools:
            spool.ask([Ask(f"{user}-1-32x32", "are you back")])
        for spool in world.spools:
            spool.wait_answered([f"{user}-1-32x32"])
    for spool in world.spools:
        assert not spool.daemons["c1"].said("answered", stems[spool.name])
    world.figure(f"cut-off host connected again: serving after {time.monotonic() - back:.1f} s")


def test_a_server_crash_under_load_makes_everybody_wait_and_loses_nothing(world: World) -> None:
    with load(world, 60, pause=0.2):
        time.sleep(3)
        world.lab.restart_server(2.0)
        back = time.monotonic()
    world.figure(f"server lost power under load: all answered {time.monotonic() - back:.1f} s after it was up again")


def test_clocks_that_disagree_or_jump_change_nothing(world: World) -> None:
    taken = sum(len(spool.said("took over a dead claim")) for spool in world.spools)
    c1, c2 = (world.lab.clients[host] for host in DAEMONS)
    c1.run("date -s '+1 hour'")
    c2.run("date -s '-1 hour'")
    stems = start_jobs(world, "c1")
    with load(world, 30):
        time.sleep(1)
        c1.run("date -s '-3 hours'")
        time.sleep(1)
        c2.run("date -s '+26 hours'")
        world.lab.server.run("date -s '+2 hours'")
    wait_all(world, stems)
    assert sum(len(spool.said("took over a dead claim")) for spool in world.spools) == taken


def test_a_full_disk_loses_nothing_and_is_left_behind_when_there_is_space_again(world: World) -> None:
    with jobs_under_way(world, "c1") as stems:
        world.lab.fill_disk()
    for spool in world.spools:
        spool.wait_said("waiting for the spool")
    time.sleep(2 * POLL)
    world.lab.free_disk()
    free = time.monotonic()
    wait_all(world, stems)
    world.figure(f"disk full and then not: the unfinished jobs answered {time.monotonic() - free:.1f} s after")
    with load(world, 12):
        pass


def test_a_rolling_upgrade_and_the_way_back_under_load_lose_nothing(world: World) -> None:
    later = world.lab.home / "later"
    environment = make_next_version(later)
    upgraded = [f"{key}={environment[key]}" for key in ("PYTHONPATH", "PYTHONSAFEPATH")]
    now = spectacle.__version__
    with load(world, 150, pause=0.4):
        # One host after the other to the later version, then one after the other back; in mid-job, and by force.
        for number, (variables, version) in enumerate([(upgraded, VERSION), ([], now)]):
            for host in DAEMONS:
                for daemon in world.daemons(host):
                    daemon.kill() if number == DAEMONS.index(host) else daemon.stop()
                    daemon.variables = variables
                world.start(host)
                assert {daemon.version() for daemon in world.daemons(host)} == {version}
                beside = {daemon.version() for daemon in world.daemons(other(host))}
                assert beside == ({VERSION, now} - {version} if host == DAEMONS[0] else {version})


def test_faults_in_any_order_lose_nothing(world: World) -> None:
    seed = random.randrange(10**6)
    print(f"seed of the faults: {seed}")
    chance = random.Random(seed)
    with load(world, 60, pause=0.5):
        for _ in range(6):
            daemon = chance.choice(world.daemons())
            match chance.choice(["worker", "daemon", "stop", "clock", "cut"]):
                case "worker":
                    daemon.host.run(f"pkill -KILL -P {daemon.pid} || true")
                case "daemon":
                    daemon.kill()
                    world.start()
                case "stop":
                    daemon.signal(signal.SIGSTOP, group=True)
                    time.sleep(chance.uniform(0, 1.5 * LEASE))
                    daemon.signal(signal.SIGCONT, group=True)
                case "clock":
                    daemon.host.run(f"date -s '{chance.choice('+-')}{chance.randrange(1, 5000)} seconds'")
                case "cut":
                    world.lab.cut_off(daemon.host)
                    time.sleep(chance.uniform(0, LEASE))
                    world.lab.connect(daemon.host)


def test_nothing_is_left_over_after_a_sweep(world: World) -> None:
    for spool in world.spools:
        spool.check_all()
        world.figure(f"{len(spool.history.asks)} requests in all ({spool.name}), none lost, none answered twice")
    assert not world.sweep()
