"""Messages between the daemon and its workers arrive whole, in order, with their descriptors, or not at all."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spectacle.worker.channel import Channel, Disconnected, Message


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    first, second = (Channel(end) for end in socket.socketpair())
    yield first, second
    first.close()
    second.close()


def test_a_message_arrives_as_it_was_sent(ends: tuple[Channel, Channel]) -> None:
    ends[0].send({"op": "file", "name": "größer"}, b"\0body")
    assert ends[1].receive() == Message({"op": "file", "name": "größer"}, b"\0body")


def test_messages_arrive_in_order_however_they_are_cut(ends: tuple[Channel, Channel]) -> None:
    bodies = [bytes([number]) * (number * 100_003) for number in range(20)]

    def send() -> None:
        for number, body in enumerate(bodies):
            ends[0].send({"number": number}, body)

    sender = threading.Thread(target=send)
    sender.start()
    for number, body in enumerate(bodies):
        assert ends[1].receive(10) == Message({"number": number}, body)
    sender.join()


def test_messages_sent_together_arrive_as_if_sent_one_by_one(ends: tuple[Channel, Channel], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    with (tmp_path / "file").open() as file:
        first = Message({"op": "run"}, b"x" * 100_000, (file.fileno(),))
        sender = threading.Thread(target=ends[0].send_together, args=([first, Message({"op": "done"})],))
        sender.start()
        received, last = ends[1].receive(10), ends[1].receive(10)
        sender.join()
    assert received is not None
    assert (received.head, received.body) == (first.head, first.body)
    (descriptor,) = received.descriptors
    assert os.pread(descriptor, 10, 0) == b"content"
    os.close(descriptor)
    assert last == Message({"op": "done"})


def test_several_threads_may_send_at_once(ends: tuple[Channel, Channel]) -> None:
    senders = [threading.Thread(target=lambda: [ends[0].send({}, b"x" * 50_000) for _ in range(20)]) for _ in range(4)]
    for sender in senders:
        sender.start()
    for _ in range(80):
        assert ends[1].receive(10) == Message({}, b"x" * 50_000)
    for sender in senders:
        sender.join()


def test_nothing_within_the_time_is_no_message(ends: tuple[Channel, Channel]) -> None:
    assert ends[1].receive(0.01) is None
    assert ends[1].receive(0) is None


def test_half_a_message_is_no_message_yet() -> None:
    here, there = socket.socketpair()
    channel = Channel(there)
    whole, other = socket.socketpair()
    Channel(whole).send({"op": "file"}, b"body")
    data = other.recv(1000)
    here.sendall(data[:-1])
    assert channel.receive(0.01) is None
    here.sendall(data[-1:])
    assert channel.receive(1) == Message({"op": "file"}, b"body")
    for each in (here, there, whole, other):
        each.close()


def test_descriptors_travel_with_their_own_message(ends: tuple[Channel, Channel], tmp_path: Path) -> None:
    files = []
    for number in range(Channel.MAX_DESCRIPTORS):
        path = tmp_path / str(number)
        path.write_text(str(number))
        files.append(path.open())
    descriptors = [file.fileno() for file in files]
    ends[0].send({"n": 0})
    ends[0].send({"n": 1}, b"body", descriptors[:1])
    ends[0].send({"n": 2}, descriptors=descriptors[1:])
    ends[0].send({"n": 3}, descriptors=descriptors)
    received = [ends[1].receive(1) for _ in range(4)]
    for file in files:
        file.close()
    contents = []
    for message in received:
        assert message is not None
        contents.append([os.pread(descriptor, 10, 0).decode() for descriptor in message.descriptors])
        for descriptor in message.descriptors:
            os.close(descriptor)
    numbers = [str(number) for number in range(Channel.MAX_DESCRIPTORS)]
    assert contents == [[], ["0"], numbers[1:], numbers]


def test_the_other_side_going_away_is_told_to_reader_and_writer(ends: tuple[Channel, Channel]) -> None:
    ends[0].send({"op": "last"})
    ends[0].close()
    assert ends[1].receive() == Message({"op": "last"})
    with pytest.raises(Disconnected):
        ends[1].receive()
    with pytest.raises(Disconnected):
        for _ in range(2):
            ends[1].send({"op": "anything"}, b"x" * 1_000_000)
