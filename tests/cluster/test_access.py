"""What is told of a cluster that cannot be used, in one line with a remedy; without Ray."""

from __future__ import annotations

import json
import platform
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from spectacle.checks import Level
from spectacle.checks.cluster import check_cluster
from spectacle.cli import main
from spectacle.cluster import access
from spectacle.cluster.access import check_access, installed_ray, ray_environment
from spectacle.cluster.messages import SeatPlan, asked_of
from spectacle.config import RaySettings, Settings, WorkerSettings
from spectacle.errors import WorkerUnavailable

GOOD = {
    "ray": "2.60.0",
    "python": platform.python_version(),
    "nodes": [{"CPU": 1.0}, *[{"GPU": 1.0}] * 2],
    "here": True,
}
REFUSED = {"refused": True}


@pytest.fixture
def ray_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "version", lambda name: "2.60.0")


@pytest.fixture
def address() -> Iterator[str]:
    """An address where something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("0123456789abcdef")
    path.chmod(0o600)
    return path


def answers(
    monkeypatch: pytest.MonkeyPatch, with_token: Mapping[str, Any], without: Mapping[str, Any] = REFUSED
) -> None:
    monkeypatch.setattr(access, "_ask", lambda settings, token: without if token is None else with_token)


def why_not(settings: RaySettings) -> str:
    with pytest.raises(WorkerUnavailable) as raised:
        check_access(settings)
    message = raised.value.message
    assert "\n" not in message
    return message


def test_ray_that_is_not_installed_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise access.PackageNotFoundError(name)

    monkeypatch.setattr(access, "version", missing)
    with pytest.raises(WorkerUnavailable, match=r"pip install 'spectacle-daemon\[ray\]'"):
        installed_ray()


@pytest.mark.parametrize("version", ["2.51.2", "2.9.3", "1.13.0"])
def test_versions_with_known_flaws_are_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(access, "version", lambda name: version)
    with pytest.raises(WorkerUnavailable, match="known security flaws"):
        installed_ray()


@pytest.mark.usefixtures("ray_is_installed")
def test_an_address_that_is_missing_or_cannot_be_reached_is_told(token: Path) -> None:
    assert "ray.address: is missing" in why_not(RaySettings(token=token))
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = f"127.0.0.1:{server.getsockname()[1]}"
    assert "cannot be reached" in why_not(RaySettings(address=nobody, token=token))


@pytest.mark.usefixtures("ray_is_installed")
def test_a_token_that_is_missing_empty_or_known_to_others_is_told(token: Path, address: str) -> None:
    assert "cannot be read" in why_not(RaySettings(address=address, token=token.with_name("none")))
    token.chmod(0o640)
    assert f"chmod 600 {token}" in why_not(RaySettings(address=address, token=token))
    token.chmod(0o600)
    token.write_text("\n")
    assert "is empty" in why_not(RaySettings(address=address, token=token))


@pytest.mark.usefixtures("ray_is_installed")
def test_a_cluster_that_does_not_fit_is_told_from_a_good_one(
    monkeypatch: pytest.MonkeyPatch, token: Path, address: str
) -> None:
    settings = RaySettings(address=address, token=token)
    for with_token, without, words in (
        (REFUSED, REFUSED, "does not accept it"),
        ({"error": "RpcError"}, REFUSED, "does not answer as a Ray head node does (RpcError)"),
        (GOOD, GOOD, "accepts connections without a token"),
        (GOOD, {"error": "RpcError"}, "accepts connections without a token"),
        ({**GOOD, "ray": "2.58.1"}, REFUSED, "runs Ray 2.58.1"),
        ({**GOOD, "python": "3.9.1"}, REFUSED, "on Python 3.9.1"),
        ({**GOOD, "here": False}, REFUSED, "no node of the cluster runs on this host"),
    ):
        answers(monkeypatch, with_token, without)
        assert words in why_not(settings)
    answers(monkeypatch, GOOD)
    found = check_access(settings)
    assert (len(found.nodes), found.gpus) == (3, 2.0)


@pytest.mark.usefixtures("ray_is_installed")
def test_doctor_says_what_the_cluster_has_and_warns_of_one_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch, token: Path, address: str
) -> None:
    settings = Settings(workers=WorkerSettings(backend="ray"), ray=RaySettings(address=address, token=token))
    answers(monkeypatch, GOOD)
    assert [each.level for each in check_cluster(settings)] == [Level.OK]
    answers(monkeypatch, {**GOOD, "nodes": [{"CPU": 8.0}]})
    (told,) = check_cluster(settings)
    assert told.level is Level.WARN
    assert "1 node(s) with 0 GPU(s), and none has what a worker of [ray] takes" in told.found
    assert list(check_cluster(Settings())) == []


@pytest.mark.usefixtures("ray_is_installed")
def test_the_daemon_does_not_start_without_an_address(tmp_path: Path) -> None:
    file = tmp_path / "spectacle.toml"
    file.write_text('[workers]\nbackend = "ray"\n')
    done = CliRunner().invoke(main, ["serve", "--config", str(file), "--spool", str(tmp_path / "spool")])
    assert done.exit_code != 0
    assert "ray.address: is missing" in done.output + str(done.exception)


def test_processes_that_use_ray_report_nothing_and_have_no_other_token(
    monkeypatch: pytest.MonkeyPatch, token: Path
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
    environment = ray_environment(token)
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    assert environment["RAY_AUTH_TOKEN_PATH"] == str(token)
    assert "RAY_AUTH_TOKEN" not in environment
    assert ray_environment(None)["RAY_AUTH_MODE"] == "disabled"


def rooms(*nodes: dict[str, float], **ray: Any) -> list[int]:
    kinds = {name: {"generator": "test-double"} for name in ("card", "large", "huge")}
    settings = Settings.model_validate({"ray": {"address": "a:1", **ray}, "kinds": kinds, "default_kind": "card"})
    return SeatPlan.of(settings).rooms(nodes)


def test_auto_is_as_many_workers_as_the_nodes_have_room_for() -> None:
    assert rooms({"GPU": 3, "CPU": 64}) == [3]
    assert rooms({"GPU": 3}, gpus=0.5) == [6]
    assert rooms({"GPU": 30}) == [16]
    assert rooms({"GPU": 20}, {"GPU": 20}, max_workers=24) == [24]
    assert rooms({"CPU": 8}) == [0]
    assert rooms({"CPU": 8}, gpus=0, cpus=2) == [4]
    assert rooms({"GPU": 8, "a100": 2}, {"GPU": 8}, resources={"a100": 1}) == [2]
    assert rooms({"GPU": 8}, {"a100": 8}, resources={"a100": 1}) == [0]
    assert rooms({}, workers=5) == [5]


def test_a_worker_has_its_part_of_one_gpu_of_one_node() -> None:
    assert rooms(*[{"GPU": 1}] * 3, gpus=0.7) == [3]
    assert rooms({"GPU": 2}, gpus=0.4) == [4]
    assert rooms({"GPU": 1}, gpus=1 / 3) == [3]
    assert rooms(*[{"CPU": 3}] * 3, gpus=0, cpus=2) == [3]


def test_groups_get_their_nodes_and_the_rest_is_for_all_other_kinds() -> None:
    big = {"kinds": ["large"], "resources": {"a100": 1}}
    nodes = {"GPU": 2, "a100": 2}, {"GPU": 4}
    assert rooms(*nodes, groups={"big": big}) == [2, 4]
    assert rooms(*nodes, groups={"big": {**big, "workers": 1}}) == [1, 5]
    assert rooms(*nodes, groups={"big": {**big, "max_workers": 1}}) == [1, 5]
    # Nothing is left for the workers of [ray] to run.
    assert rooms(*nodes, groups={"big": {**big, "kinds": ["large", "huge", "card"]}}) == [2]


def test_nodes_are_asked_about_their_own_directory_of_weights() -> None:
    settings = Settings(ray=RaySettings(address="a:1", weights=Path("/data/weights")))
    assert asked_of(settings)["weights"]["directory"] == "/data/weights"
    json.dumps(asked_of(settings))


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "10.0.0.1"},
        {"workers": 0},
        {"workers": "many"},
        {"gpus": 2},
        {"resources": {"GPU": 1}},
        {"weights": "weights"},
        {"groups": {"big": {}}},
        {"groups": {"big": {"kinds": []}}},
        {"groups": {"a/b": {"kinds": ["card"]}}},
        {"groups": {"big": {"kinds": ["card"], "address": "a:1"}}},
        {"groups": {name: {"kinds": ["card"], "workers": 200} for name in "ab"}},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RaySettings(**wrong)


def test_a_group_for_a_kind_that_is_not_served_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"ray\.groups\.big\.kinds: large: is not under \[kinds\]"):
        Settings.model_validate({"ray": {"groups": {"big": {"kinds": ["large"]}}}})
