"""What a worker process tells of its job."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from spectacle.errors import Cancelled
from spectacle.generators.base import Device
from spectacle.worker.channel import Channel, Disconnected
from spectacle.worker.engine import Engine
from spectacle.worker.messages import Op
from spectacle.worker.process import Cancellations, ChannelOutput, _serve


def test_all_files_arrive_in_their_order_and_the_end_of_the_job_comes_with_the_last() -> None:
    here, there = (Channel(end) for end in socket.socketpair())
    output = ChannelOutput(there, 0, Cancellations(there), Device())
    contents = {f"-{number}.png": bytes([number]) * 1000 for number in range(3)}
    for suffix, content in contents.items():
        output.file(suffix, content)
    arrived = []
    while (message := here.receive(0.01)) is not None:
        arrived.append((message.head["suffix"], message.body))
    assert arrived == list(contents.items())[:-1]
    output.done({"models": [("test-double", None)]}, {"seconds": 1.5})
    last, end = here.receive(1), here.receive(1)
    assert last is not None
    assert end is not None
    assert (last.head["suffix"], last.body) == ("-2.png", contents["-2.png"])
    assert end.head == {"op": Op.DONE, "job": 0, "models": [["test-double", None]], "facts": {"seconds": 1.5}}
    for each in (here, there):
        each.close()


def test_a_job_hears_at_its_next_step_that_it_is_cancelled_and_at_each_after_it() -> None:
    here, there = (Channel(end) for end in socket.socketpair())
    output = ChannelOutput(there, 0, Cancellations(there), Device())
    output.progress(1, 3)
    here.send({"op": Op.CANCEL, "job": 0})
    for _ in range(2):
        with pytest.raises(Cancelled):
            output.progress(2, 3)
    first = here.receive(1)
    assert first is not None
    assert first.head["step"] == 1
    assert here.receive(0) is None
    for each in (here, there):
        each.close()


def test_a_cancel_that_comes_after_the_end_of_its_job_does_not_concern_the_next() -> None:
    here, there = (Channel(end) for end in socket.socketpair())
    here.send({"op": Op.CANCEL, "job": 0})
    here.send({"op": Op.LOAD, "model": ["test-double", None]})
    loaded: list[Any] = []
    engine = cast(
        Engine, SimpleNamespace(device=Device(), load=loaded.append, models=[("test-double", None)], batch_limits=[1])
    )

    def serve() -> None:
        with pytest.raises(Disconnected):
            _serve(there, engine)

    process = threading.Thread(target=serve)
    process.start()
    said = [here.receive(10), here.receive(10)]
    here.close()
    process.join()
    there.close()
    assert [each.head["op"] for each in said if each is not None] == [Op.READY, Op.LOADED]
    assert loaded == [("test-double", None)]
