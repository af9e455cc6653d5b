"""Whether the spool can be used, and when it is tried again."""

from __future__ import annotations

from clock import Clock

from spectacle.daemon.backlog import MAX_BACKOFF, MIN_BACKOFF
from spectacle.daemon.health import SpoolHealth
from spectacle.spool.directory import Spool


def test_a_spool_is_tried_again_after_a_pause_that_doubles_up_to_a_maximum(spool: Spool) -> None:
    clock = Clock()
    health = SpoolHealth(spool, clock)
    for number in range(8):
        health.pause("full")
        pause = min(MIN_BACKOFF * 2**number, MAX_BACKOFF)
        assert health.seconds_to_resume() == pause
        clock.now += pause


def test_attempts_that_fail_together_do_not_make_the_pause_longer(spool: Spool) -> None:
    clock = Clock()
    health = SpoolHealth(spool, clock)
    for _ in range(8):
        health.pause("full")
    assert health.seconds_to_resume() == MIN_BACKOFF
    clock.now += MIN_BACKOFF
    health.pause("full")
    assert health.seconds_to_resume() == 2 * MIN_BACKOFF
