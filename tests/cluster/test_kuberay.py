"""The file for Kubernetes fits itself: names, tokens, settings, and what must be off."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml

from spectacle.cluster.access import MIN_RAY
from spectacle.config import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS: dict[str, Any] = {
    each["kind"]: each for each in yaml.safe_load_all((ROOT / "cloud/kuberay.yaml").read_text(encoding="utf-8"))
}
CLUSTER = DOCUMENTS["RayCluster"]
DAEMON = DOCUMENTS["Deployment"]["spec"]["template"]["spec"]


def containers() -> list[dict[str, Any]]:
    spec = CLUSTER["spec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    return [*(each for group in groups for each in group["template"]["spec"]["containers"]), *DAEMON["containers"]]


def test_the_cluster_demands_tokens_and_has_no_dashboard_and_no_usage_reports() -> None:
    spec = CLUSTER["spec"]
    assert spec["authOptions"] == {"mode": "token"}
    assert spec["headGroupSpec"]["rayStartParams"]["include-dashboard"] == "false"
    assert all(
        group["rayStartParams"]["disable-usage-stats"] == "true"
        for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"])
    )
    for container in containers():
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]


def test_all_pods_have_the_same_image_and_the_oldest_version_that_is_used_or_a_later_one() -> None:
    assert {container["image"] for container in containers()} == {"IMAGE"}
    assert tuple(map(int, CLUSTER["spec"]["rayVersion"].split("."))) >= MIN_RAY


def test_the_settings_are_valid_and_name_the_service_token_and_volumes_that_are_there() -> None:
    settings = Settings.model_validate(tomllib.loads(DOCUMENTS["ConfigMap"]["data"]["spectacle.toml"]))
    assert settings.workers.backend == "ray"
    assert settings.ray.address == f"{CLUSTER['metadata']['name']}-head-svc:6379"
    (container,) = DAEMON["containers"]
    script = container["command"][-1]
    assert f"--address={settings.ray.address}" in script
    assert f"{settings.ray.token}\n" in script
    assert {"name": "RAY_AUTH_TOKEN_PATH", "value": str(settings.ray.token)} in container["env"]
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounts["spool"] == str(settings.spool.path)
    assert mounts.keys() == {each["name"] for each in DAEMON["volumes"]}
    (secret,) = [each["secret"] for each in DAEMON["volumes"] if "secret" in each]
    assert secret["secretName"] == CLUSTER["metadata"]["name"]
    worker = CLUSTER["spec"]["workerGroupSpecs"][0]["template"]["spec"]
    assert [each["mountPath"] for each in worker["containers"][0]["volumeMounts"]] == [str(settings.ray.weights)]


def test_limits_are_reserved_so_that_no_pod_is_evicted_for_what_it_was_given() -> None:
    for container in containers():
        resources = container["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
