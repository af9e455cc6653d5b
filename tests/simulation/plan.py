"""What is to happen in one run, apart from the order in which it does: everything is drawn from one seed."""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass, field

STEMS = ("a-1-8x8", "a-1-8x8-input", "a-1-8x8-mask", "a-1-8x8-svg", "b-2-8x8", "b-2-8x8-svg")
"""Stems of which some look like companions of others."""

ERRORS = (errno.EIO, errno.ESTALE, errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ETIMEDOUT)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong when a thread makes a certain system call.

    Attributes:
        thread: Name of the thread.
        call: Number of the call, among those of this thread.
        action: `kill`, `kill after`, `stop`, `error`, `error after`, `lost reply`, `hold`, `swap`, `full`, `clock`,
            `kinds`.
        value: Seconds until it is over or, of errors, the error number; of `kill` and `stop`, seconds until the daemon
            is started again, or -1 for never; of `clock`, by how much the server's clock jumps.
    """

    thread: str
    call: int
    action: str
    value: float


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to be written.

    Attributes:
        text: The prompt. Its words tell the worker what to do.
        attachments: Content by what follows the stem in the name; with the options file.
        how: `rename`, `place` (written under its name), `append` (by several `>>`), `link` (link and unlink).
        pause: Seconds between the attachments and the request.
    """

    text: str
    attachments: tuple[tuple[str, str], ...] = ()
    how: str = "rename"
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Act:
    """What a client does beside asking.

    Attributes:
        what: `sleep`, `cancel`, `await` the answer, await that it is `running`, `drop` a further picture.
        value: Seconds at most, or the number of the picture.
    """

    what: str
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Client:
    """One client, which makes the requests of one stem."""

    host: int
    stem: str
    script: tuple[Ask | Act, ...]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon, with so many workers, each of which runs so many requests together."""

    host: int
    kinds: tuple[str, ...] = ("picture", "svg")
    workers: int = 1
    batch: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. Times are seconds.

    Attributes:
        network: Version of NFS, or 0 for one host's own disk.
        tick_ns: What the times of files are multiples of.
        links: Whether there are hard links. Over the network there are exclusive renames only where there are none.
        reuses_numbers: Whether new files get the inode numbers of removed ones.
        events: Whether there is inotify.
        poll: The daemons' `spool.poll_interval`.
        lease: Their `spool.lease_duration`.
        settle: Their `spool.settle`.
        gap: Steps between two decisions of the scheduler, on average.
        at_changes: How likely it decides something before a call that changes the spool.
        stops: How often at most it holds a thread up.
        daemons: The daemons.
        clients: The clients.
        faults: What goes wrong.
        traps: What may happen to a daemon's thread soon after it gave way before a change, each once: as the action and
            value of a fault.
        trap_share: How likely that is.
        keeps: Seconds for which the daemons keep results, by their `retention.age`; 0 for ever.
    """

    network: int = 0
    links: bool = True
    tick_ns: int = 1
    reuses_numbers: bool = False
    events: bool = True
    poll: float = 1.0
    lease: float = 3.0
    settle: float = 0.5
    gap: float = 50.0
    at_changes: float = 0.1
    stops: int = 2
    daemons: tuple[Daemon, ...] = (Daemon(0),)
    clients: tuple[Client, ...] = ()
    faults: tuple[Fault, ...] = field(default=())
    traps: tuple[tuple[str, float], ...] = ()
    trap_share: float = 0.3
    keeps: float = 0.0

    @property
    def pauses(self) -> tuple[float, ...]:
        """For how long threads are held up."""
        return 0.01, 0.2, 1.2 * self.settle, 1.1 * self.poll, 0.5 * self.lease, 1.3 * self.lease, 2.2 * self.lease


class _Drawing:
    """Draws a plan."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"plan {seed}")
        self.count = 0
        self.tick_ns = 1
        self.links = random.Random(f"links {seed}").random() < 0.75
        self.keeps = random.Random(f"keeps {seed}").choice((0.0, 0.0, 1.0, 3.0))
        self.batches = random.Random(f"batches {seed}")

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def plan(self) -> Plan:
        draw = self.random
        network = draw.choice((0, 0, 3, 4))
        self.tick_ns = draw.choice((1, 1, 1, 4_000_000, 10_000_000, 1_000_000_000))
        hosts = draw.choice((1, 2, 3)) if network else 1
        daemons = tuple(
            Daemon(
                draw.randrange(hosts),
                ("picture",) if number and self.chance(0.2) else ("picture", "svg"),
                draw.choice((1, 1, 2, 3)),
                self.batches.choice((1, 3)),
            )
            for number in range(draw.choice((1, 2, 2, 2, 3)))
        )
        stems = draw.sample(STEMS, draw.choice((1, 1, 1, 2, 2, 3)))
        if len(stems) == 2 and self.chance(0.4):
            stems = [STEMS[0], draw.choice(STEMS[1:4])]
        clients = tuple(Client(draw.randrange(hosts), stem, self.script(stem)) for stem in stems)
        return Plan(
            network=network,
            links=self.links,
            tick_ns=self.tick_ns,
            reuses_numbers=self.tick_ns < 10**9 and self.chance(0.3),
            events=self.chance(0.8),
            lease=draw.choice((3.0, 4.0)),
            settle=draw.choice((0.3, 1.0)),
            gap=draw.choice((10.0, 40.0, 150.0)),
            at_changes=draw.choice((0.0, 0.05, 0.2, 0.5)),
            stops=draw.choice((0, 1, 2, 4)),
            daemons=daemons,
            clients=clients,
            faults=tuple(self.fault(network, len(daemons)) for _ in range(draw.choice((0, 1, 1, 2, 3)))),
            traps=tuple(self.trap() for _ in range(draw.choice((0, 1, 2)))),
            keeps=self.keeps,
        )

    def script(self, stem: str) -> tuple[Ask | Act, ...]:
        draw = self.random
        steps: list[Ask | Act] = []
        if self.chance(0.3):
            steps.append(Act("sleep", draw.choice((0.1, 0.6, 1.5))))
        former: Ask | None = None
        for number in range(draw.choice((1, 2, 2, 3))):
            if number:
                steps += self.between()
            ask = self.ask(former)
            steps.append(ask)
            former = ask
        if self.chance(0.15):
            steps += self.between()
            steps.append(Act("cancel"))
        elif self.chance(0.3):
            steps.append(Act("await", 20.0))
        return tuple(steps)

    def between(self) -> list[Ask | Act]:
        draw = self.random
        what = draw.random()
        if what < 0.35:
            return [Act("await", draw.choice((2.0, 20.0)))]
        if what < 0.6:
            return [Act("running", 10.0)]
        if what < 0.7:
            return [Act("await", 20.0), Act("drop", float(draw.choice((1, 2, 3))))]
        if what < 0.8:
            return [Act("running", 10.0), Act("cancel")]
        return [Act("sleep", draw.choice((0.0, 0.05, 0.3, 1.1, 3.0)))]

    def ask(self, former: Ask | None) -> Ask:
        draw = self.random
        self.count += 1
        # Written again within a tick of the clock, the same text in the same inode cannot be told from what was there.
        if former is not None and self.tick_ns == 1 and self.chance(0.2):
            text = former.text
        else:
            words = [f"v{self.count}", f"steps{draw.choice((0, 1, 3, 7))}"]
            words += draw.choices(
                ("", "copies2", "copies4", "fail", "crash", "crash2", "progress"), (12, 2, 1, 2, 1, 1, 1)
            )
            if self.batches.random() < 0.1:
                words.append("apart")
            text = " ".join(filter(None, words))
        attachments: list[tuple[str, str]] = []
        if self.chance(0.3):
            attachments.append(("-input.png", f"input of {self.count}"))
            if self.chance(0.3):
                attachments.append(("-input2.jpg", f"input2 of {self.count}"))
        if self.chance(0.1):
            attachments.append(("-mask.png", f"mask of {self.count}"))
        if self.chance(0.2):
            told = ', "progress": true' if self.count % 2 else ""
            attachments.append(("-options.json", f'{{"seed": {self.count}{told}}}'))
        how = draw.choices(("rename", "place", "append", "link"), (7, 2, 1, 1))[0]
        pause = draw.choice((0.0, 0.3, 1.0)) if attachments else 0.0
        return Ask(text, tuple(attachments), how, pause)

    def trap(self) -> tuple[str, float]:
        draw = self.random
        action = draw.choice(("kill", "kill", "kill after", "hold", "error"))
        if action == "hold":
            return action, draw.choice((0.3, 1.0, 5.0))
        if action == "error":
            return action, float(draw.choice(ERRORS))
        return action, draw.choice((0.0, 1.0, 6.0))

    def fault(self, network: int, daemons: int) -> Fault:
        draw = self.random
        actions = {
            "kill": 4, "kill after": 4, "error": 3, "error after": 1, "hold": 3, "swap": 1, "full": 1, "clock": 1,
            "kinds": 1,
            "stop": 2,
        }  # fmt: skip
        if network:
            actions["lost reply"] = 4
        action = draw.choices(tuple(actions), tuple(actions.values()))[0]
        value = {
            "kill": lambda: draw.choice((0.0, 1.0, 6.0, -1.0)),
            "kill after": lambda: draw.choice((0.0, 1.0, 6.0, -1.0)),
            "stop": lambda: draw.choice((0.0, 1.0, 6.0)),
            "error": lambda: float(draw.choice(ERRORS)),
            "error after": lambda: float(draw.choice(ERRORS)),
            "hold": lambda: draw.choice((1.0, 5.0, 9.0)),
            "swap": lambda: draw.choice((0.5, 2.0, 5.0)),
            "full": lambda: draw.choice((0.5, 3.0)),
            "clock": lambda: draw.choice((-3600.0, -5.0, 5.0, 3600.0)),
            "kinds": lambda: 0.0,
            "lost reply": lambda: 0.0,
        }[action]()
        number = draw.randrange(daemons)
        threads = {"device-cpu-0": 4, "device-cpu-1": 3, "device-cpu-2-0": 2, "watcher": 3, "claim-keeper": 1}
        thread = draw.choices(tuple(threads), tuple(threads.values()))[0]
        if thread == "device-cpu-1" and self.batches.random() < 0.3:
            thread = "device-cpu-batch-1"
        most = {"watcher": 400, "claim-keeper": 20}.get(thread, 150)
        return Fault(f"d{number}.{thread}", draw.randint(1, most), action, value)


def draw_plan(seed: int) -> Plan:
    """The plan of a seed."""
    return _Drawing(seed).plan()
