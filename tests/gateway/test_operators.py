"""What operators do is seen by HTTP clients: pauses and limits of users."""

from __future__ import annotations

from pathlib import Path

from daemon_process import Daemon, running, wait_for
from served import CONFIGURATION, serving, settings_of

from spectacle.config import UserLimitSettings

LIMITS = '\n[limits.users]\nwaiting = 2\nper_hour = 1\nover = "error"\n'


def test_a_paused_job_says_so_and_a_user_over_the_limits_is_told_when_to_try_again(tmp_path: Path) -> None:
    with running(tmp_path, CONFIGURATION + LIMITS) as daemon:
        settings = settings_of(daemon, tmp_path)
        limits = settings.limits.model_copy(update={"users": UserLimitSettings(waiting=2, per_hour=1, over="error")})
        pause = daemon.spool / ".spectacle/paused"
        pause.write_text("new GPU")
        wait_for(lambda: daemon.report().get("state") == "paused", "the pause")
        with serving(settings.model_copy(update={"limits": limits})) as served:
            check(served.client, daemon, pause)


def check(client, daemon: Daemon, pause: Path) -> None:  # type: ignore[no-untyped-def]
    job = client.post("/v1/jobs", json={"prompt": "a fox", "kind": "card"}).json()
    assert (job["status"], job["queue_position"]) == ("queued", 1)
    assert "is paused by" in job["waiting_reason"]
    assert job["waiting_reason"].endswith(": new GPU")
    assert "new GPU" in client.get("/healthz").json()["paused"]
    refused = client.post("/v1/jobs", json={"prompt": "a fox", "kind": "card"})
    assert refused.status_code == 429
    assert refused.json()["code"] == "over-limit"
    assert int(refused.headers["retry-after"]) > 3000
    pause.unlink()
    done = client.get(job["urls"]["self"], params={"wait": 30}).json()
    assert done["status"] == "succeeded"
    assert client.post("/v1/jobs", json={"prompt": "a fox", "kind": "card"}).status_code == 429
