"""Who may do what: tokens, other users' jobs, limits, and what web pages of others may not do."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from daemon_process import Daemon
from gateway_process import serving as running_gateway
from served import Served, serving, settings_of

from spectacle import cli
from spectacle.errors import ConfigurationError
from spectacle.gateway.tokens import Tokens

SLOW = {"kind": "slow", "size": "24x16"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


@pytest.fixture(scope="module")
def guarded(daemon: Daemon, home: Path) -> Iterator[Served]:
    with serving(settings_of(daemon, home, rate="1000/minute"), tokens_required=True) as served:
        yield served


@pytest.fixture(scope="module")
def tokens(guarded: Served) -> dict[str, str]:
    store: Tokens = guarded.app.state.tokens
    return {
        "alice": store.add("alice"),
        "bob": store.add("bob"),
        "carol": store.add("carol", kinds=("card",), max_waiting=2),
        "dave": store.add("dave", rate="2/hour"),
    }


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


class TestTokens:
    @pytest.mark.parametrize("path", ["/v1/jobs", "/v1/kinds", "/v1/models", "/sdapi/v1/options", "/metrics", "/ping"])
    def test_nothing_of_the_spool_is_told_without_one(self, guarded: Served, path: str) -> None:
        response = guarded.client.get(path)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert "spectacle gateway token add" in response.text

    def test_every_way_to_present_one_works(self, guarded: Served, tokens: dict[str, str]) -> None:
        token = tokens["alice"]
        basic = base64.b64encode(f"user:{token}".encode()).decode()
        single = base64.b64encode(f"{token}:".encode()).decode()
        for headers in (
            bearer(token),
            {"authorization": token},
            {"authorization": f"Basic {basic}"},
            {"authorization": f"Basic {single}"},
            {"x-api-key": token},
        ):
            assert guarded.client.get("/v1/kinds", headers=headers).status_code == 200, headers
        assert guarded.client.get(f"/token/{token}/v1/kinds").status_code == 200

    @pytest.mark.parametrize(
        "value", ["", "Bearer", "Bearer x", "Basic !!", "Basic eDp5", "Bearer spectacle_", "\xff", "a b c"]
    )
    def test_anything_else_does_not(self, guarded: Served, tokens: dict[str, str], value: str) -> None:
        headers = {"authorization": value.encode("latin-1")}
        assert guarded.client.get("/v1/kinds", headers=headers).status_code == 401

    def test_health_and_the_check_of_some_clients_need_none(self, guarded: Served) -> None:
        for path in ("/healthz", "/health", "/api/v1/health", "/sdapi/v1/scripts"):
            assert guarded.client.get(path).status_code == 200
        assert guarded.client.options("/v1/images/generations").status_code == 204

    def test_a_removed_one_stops_working_immediately(self, guarded: Served) -> None:
        store: Tokens = guarded.app.state.tokens
        token = store.add("erin")
        assert guarded.client.get("/v1/kinds", headers=bearer(token)).status_code == 200
        assert store.remove("erin") == 1
        assert guarded.client.get("/v1/kinds", headers=bearer(token)).status_code == 401

    def test_the_file_has_only_hashes_and_is_private(self, guarded: Served, tokens: dict[str, str]) -> None:
        store: Tokens = guarded.app.state.tokens
        assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
        assert not any(token in store.path.read_text() for token in tokens.values())

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_a_file_that_others_can_use_is_refused(self, tmp_path: Path, mode: int) -> None:
        store = Tokens(tmp_path / "tokens.json")
        store.add("alice")
        store.path.chmod(mode)
        with pytest.raises(ConfigurationError, match="others can use it"):
            Tokens(store.path).entries()

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        Tokens(tmp_path / "real").add("alice")
        (tmp_path / "link").symlink_to("real")
        with pytest.raises(ConfigurationError, match="cannot be read"):
            Tokens(tmp_path / "link").entries()

    @pytest.mark.parametrize("name", ["", "a-b", "../x", ".x", "a b", "x" * 65, "ä"])
    def test_a_name_that_cannot_be_a_user_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigurationError, match="invalid user"):
            Tokens(tmp_path / "tokens.json").add(name)


class TestUsers:
    def test_a_job_belongs_to_the_user_of_its_token(
        self, guarded: Served, tokens: dict[str, str], daemon: Daemon
    ) -> None:
        mine, other = bearer(tokens["alice"]), bearer(tokens["bob"])
        job = guarded.client.post("/v1/jobs", json=SLOW, headers=mine).json()
        assert "alice-" in job["id"]
        for method, path in (("GET", "self"), ("GET", "events"), ("POST", "cancel"), ("GET", "recipe")):
            stolen = guarded.client.request(method, job["urls"][path], headers=other)
            assert (stolen.status_code, stolen.json()["code"]) == (404, "job-not-found")
        for path in (f"/v2/card/status/g-{job['id']}", f"/api/v1/vectorize/jobs/job_{job['id']}"):
            assert guarded.client.get(path, headers=other).status_code == 404
        assert not guarded.client.get("/v1/jobs", headers=other).json()["jobs"]
        assert guarded.client.post("/sdapi/v1/interrupt", headers=other).status_code == 200
        assert guarded.client.post("/v2/slow/purge-queue", headers=other).json()["removed"] == 0
        assert guarded.client.get(job["urls"]["self"], headers=mine).json()["status"] in ("queued", "running")
        assert guarded.client.post(job["urls"]["cancel"], headers=mine).json()["status"] == "cancelled"

    @pytest.mark.parametrize("change", [lambda x: x[:-1] + "AB", lambda x: x.replace("alice", "bob"), lambda _: "x.y"])
    def test_an_id_cannot_be_made_up(self, guarded: Served, tokens: dict[str, str], change: Any) -> None:
        job = guarded.client.post("/v1/jobs", json={**SLOW, "kind": "card"}, headers=bearer(tokens["alice"])).json()
        for user in ("alice", "bob"):
            assert guarded.client.get(f"/v1/jobs/{change(job['id'])}", headers=bearer(tokens[user])).status_code == 404

    def test_only_allowed_kinds_are_listed_and_served(self, guarded: Served, tokens: dict[str, str]) -> None:
        headers = bearer(tokens["carol"])
        assert [kind["name"] for kind in guarded.client.get("/v1/kinds", headers=headers).json()["kinds"]] == ["card"]
        assert [each["id"] for each in guarded.client.get("/v1/models", headers=headers).json()["data"]] == ["card"]
        assert guarded.client.post("/v1/jobs", json=SLOW, headers=headers).status_code == 403
        assert guarded.client.post("/v1/jobs", json={"size": "8x8"}, headers=headers).status_code == 403
        image = {"model": "svg", "prompt": "x"}
        assert guarded.client.post("/v1/images/generations", json=image, headers=headers).status_code == 403

    def test_the_queue_of_a_user_is_bounded(self, guarded: Served, tokens: dict[str, str]) -> None:
        headers = bearer(tokens["carol"])
        slow = {"kind": "card", "size": "24x16", "options": {"steps": 1000, "step_seconds": 0.05}}
        jobs = []
        refused: httpx.Response | None = None
        while refused is None:
            response = guarded.client.post("/v1/jobs", json=slow, headers=headers)
            if response.status_code == 429:
                refused = response
            else:
                jobs.append(response.json())
            guarded.app.state.gateway.view._view = None
        assert len(jobs) == 2
        assert refused.json()["code"] == "queue-full"
        assert int(refused.headers["retry-after"]) > 0
        for job in jobs:
            guarded.client.post(job["urls"]["cancel"], headers=headers)

    def test_the_rate_of_a_user_is_bounded(self, guarded: Served, tokens: dict[str, str]) -> None:
        headers = bearer(tokens["dave"])
        body = {"kind": "card", "size": "8x8"}
        statuses = [guarded.client.post("/v1/jobs", json=body, headers=headers).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]
        refused = guarded.client.post("/v1/images/generations", json={"model": "card", "prompt": "x"}, headers=headers)
        assert (refused.status_code, refused.json()["error"]["type"]) == (429, "rate_limit_error")


class TestWebPagesOfOthers:
    def test_a_page_of_another_origin_changes_nothing(self, client: httpx.Client, served: Served) -> None:
        body = {"kind": "card", "size": "8x8"}
        foreign = client.post("/v1/jobs", json=body, headers={"origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")
        assert "access-control-allow-origin" not in foreign.headers
        assert client.post("/v1/jobs", json=body, headers={"origin": served.url}).status_code == 201
        assert client.post("/v1/jobs", json=body, headers={"origin": "null"}).status_code == 403

    def test_a_name_that_leads_to_this_machine_is_not_served(self, client: httpx.Client) -> None:
        response = client.get("/v1/jobs", headers={"host": "evil.example"})
        assert response.status_code == 403
        assert client.get("/v1/jobs", headers={"host": "localhost:8000"}).status_code == 200

    def test_allowed_origins_may_use_it(self, daemon: Daemon, tmp_path: Path) -> None:
        origin = {"origin": "https://front.example"}
        with serving(settings_of(daemon, tmp_path, origins=["https://front.example"])) as served:
            asked = {
                **origin,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization",
            }
            assert served.client.options("/v1/jobs", headers=asked).headers["access-control-allow-origin"]
            made = served.client.post("/v1/jobs", json={"kind": "card", "size": "8x8"}, headers=origin)
            assert (made.status_code, made.headers["access-control-allow-origin"]) == (201, origin["origin"])

    def test_every_response_forbids_what_a_page_could_do(self, client: httpx.Client) -> None:
        for path in ("/v1/kinds", "/nothing", "/v1/jobs/x"):
            headers = client.get(path).headers
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert headers["x-content-type-options"] == "nosniff"


class TestCommand:
    def run(self, *arguments: str, tmp_path: Path) -> Any:
        environment = {
            "SPECTACLE_GATEWAY_TOKENS": str(tmp_path / "t.json"),
            "SPECTACLE_GATEWAY_KEY": str(tmp_path / "k"),
        }
        return CliRunner().invoke(cli.main, ["gateway", "--spool", str(tmp_path), *arguments], env=environment)

    def test_tokens_are_added_listed_and_removed(self, tmp_path: Path) -> None:
        added = self.run("token", "add", "alice", "--kind", "svg", "--rate", "5/minute", tmp_path=tmp_path)
        assert added.exit_code == 0
        token = added.stdout.strip()
        assert Tokens(tmp_path / "t.json").user_of(token) is not None
        listed = self.run("token", "list", tmp_path=tmp_path)
        assert "alice" in listed.stdout
        assert "5/minute" in listed.stdout
        assert token not in listed.stdout
        assert self.run("token", "remove", "alice", tmp_path=tmp_path).exit_code == 0
        assert "has no token" in self.run("token", "remove", "alice", tmp_path=tmp_path).output

    def test_a_file_of_tokens_that_cannot_be_used_is_told_at_start(self, tmp_path: Path) -> None:
        descriptor = os.open(tmp_path / "t.json", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, b"[]")
        os.close(descriptor)
        done = self.run("--listen", "0.0.0.0:0", tmp_path=tmp_path)
        assert done.exit_code == 1
        assert "t.json" in done.output

    def test_on_any_other_address_nobody_is_served_until_there_is_a_token(self, daemon: Daemon, tmp_path: Path) -> None:
        with running_gateway(daemon, listen="0.0.0.0", tokens_file=tmp_path / "t.json") as gateway:
            log = gateway.log_path.read_text()
            assert "gateway has no token" in log
            assert "spectacle gateway token add NAME" in log
            refused = httpx.get(f"{gateway.url}/v1/kinds")
            assert refused.status_code == 401
            assert "has no tokens yet" in refused.json()["detail"]
            token = Tokens(tmp_path / "t.json").add("alice")
            assert httpx.get(f"{gateway.url}/v1/kinds", headers=bearer(token)).status_code == 200
            again = httpx.get(f"{gateway.url}/v1/kinds")
            assert again.status_code == 401
            assert "no valid token" in again.json()["detail"]

    def test_a_port_that_is_taken_is_told(self, tmp_path: Path, served: Served) -> None:
        done = self.run("--listen", f"127.0.0.1:{served.port}", tmp_path=tmp_path)
        assert done.exit_code == 1
        assert "cannot listen on" in done.output

    def test_a_key_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        descriptor = os.open(tmp_path / "k", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(descriptor, b"x" * 40)
        os.close(descriptor)
        done = self.run("--listen", "127.0.0.1:0", tmp_path=tmp_path)
        assert "others can use it" in done.output
