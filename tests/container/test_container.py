"""The container image: built by buildah from a Debian made here, and run by Podman as `compose.yaml` says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from daemon_process import wait_for

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "buildah": "buildah",
    "podman": "podman",
    "crun": "crun",
    "unshare": "util-linux",
}
"""Programs that are needed and the Debian packages they come from."""
BASE = "localhost/spectacle-test-base"
USER = 4242
"""A user of the containers that no account here has."""
SECONDS = 600.0

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.models]

# The engine gets a plain directory in place of this machine's control groups, which may be of a kind it cannot use.
ENGINE = 'mount -t tmpfs groups /sys/fs/cgroup; exec "$@"'


def compose(*names: str) -> dict[str, Any]:
    """The services of compose files, with their variables replaced, later files over earlier ones."""
    variables = {
        "SPECTACLE_UID": str(USER), "SPECTACLE_GID": str(USER), "SPECTACLE_ROCM_INDEX": "INDEX",
        "SPECTACLE_RENDER_GID": "992",
    }  # fmt: skip

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1]) or match[2].removeprefix(":-").removeprefix(":?")

    merged: dict[str, Any] = {}
    for name in names:
        text = (ROOT / name).read_text(encoding="utf-8")
        # Through JSON, for what stands in several places of YAML is one object.
        merge(merged, json.loads(json.dumps(yaml.safe_load(re.sub(r"\$\{(\w+)(:[-?][^}]*)?\}", value, text)))))
    return merged["services"]


def merge(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merge(below[key], value)
        else:
            below[key] = value


class Engine:
    """Buildah and Podman with a storage of their own."""

    def __init__(self, home: Path) -> None:
        missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
        assert not missing, f"missing: install {' '.join(missing)}"
        self._storage = ["--root", home / "root", "--runroot", home / "run", "--storage-driver", "overlay"]

    def __call__(self, program: str, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        options = ["--cgroup-manager", "cgroupfs"] if program == "podman" else []
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", ENGINE, "sh", program, *options, *self._storage, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{program} {arguments}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def run(self, service: dict[str, Any], volumes: Path, *command: str, name: str = "", host: bool = False) -> str:
        """Run a service of the compose files; in the background where it has a name."""
        known = {
            "image", "build", "user", "read_only", "tmpfs", "cap_drop", "security_opt", "init", "restart", "command",
            "network_mode", "ports", "volumes", "healthcheck", "stop_grace_period", "profiles",
        }  # fmt: skip
        assert service.keys() <= known, "this test does not know what to do with all of it"
        options = ["--user", service["user"], "--read-only-tmpfs=false", "--network", "host" if host else "none"]
        options += [f"--read-only={str(service['read_only']).lower()}", f"--init={str(service['init']).lower()}"]
        options += [f"--tmpfs={each}" for each in service["tmpfs"]]
        options += [f"--cap-drop={each}" for each in service["cap_drop"]]
        options += [f"--security-opt={each.removesuffix(':true')}" for each in service["security_opt"]]
        for volume in service["volumes"]:
            source, _, target = volume.partition(":")
            options.append(f"--volume={volumes.name}-{source}:{target}")
        options += ["--detach", "--name", name] if name else ["--rm"]
        # What this machine's engine may not do for want of rights.
        options += ["--cgroups=disabled", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096", "--no-healthcheck"]
        return self("podman", "run", *options, service["image"], *(command or service["command"])).stdout


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine that has built the light image for a user of its own."""
    home = Path(tempfile.mkdtemp(prefix="containers-"))  # Podman takes short paths only
    engine = Engine(home)
    base = home / "base.tar"
    needed = "python3,python3-venv,libcairo2,ca-certificates"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={needed}", "bookworm", base], check=True,
        timeout=SECONDS, capture_output=True,
    )  # fmt: skip
    engine("podman", "import", "--quiet", base, BASE)
    base.unlink()
    # How this machine reaches the package index.
    given = [path for path in ("/etc/pip.conf", "/etc/ssl/certs") if Path(path).exists()]
    service = compose("compose.yaml")["daemon"]
    arguments = [f"--build-arg={name}={value}" for name, value in service["build"]["args"].items()]
    engine(
        "buildah", "bud", "--isolation=chroot", "--network=host", "--format=docker", f"--build-arg=BASE={BASE}",
        *(f"--volume={path}:{path}:ro" for path in given), *arguments, f"--tag={service['image']}",
        f"--file={service['build']['dockerfile']}", ROOT,
    )  # fmt: skip
    yield engine
    engine("podman", "rm", "--all", "--force", check=False)
    engine("podman", "rmi", "--all", "--force", check=False)
    # Storage has mounts of its own.
    subprocess.run(["umount", "--recursive", home / "root/overlay"], check=False, capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


def test_the_services_generate_images_for_files_and_for_http_without_any_rights(engine: Engine, tmp_path: Path) -> None:
    services = compose("compose.yaml")
    daemon, gateway = services["daemon"], services["gateway"]
    listen = "127.0.0.1:8123"
    engine.run(daemon, tmp_path, name="daemon")
    engine.run(gateway, tmp_path, "gateway", "--listen", listen, name="gateway", host=True)
    try:
        in_daemon = ["podman", "exec", "daemon"]
        wait_for(
            lambda: engine(*in_daemon, *daemon["healthcheck"]["test"][1:], check=False).returncode == 0, "health", 60
        )
        picture = engine(*in_daemon, "spectacle", "submit", "--wait", "--size", "64x64", "a red fox").stdout.strip()
        owner = engine(*in_daemon, "stat", "--format=%u %g %a", picture).stdout.split()
        assert owner[:2] == [str(USER), str(USER)]
        for path in ("/x", "/opt/spectacle/x", "/etc/spectacle/x"):
            assert "Read-only file system" in engine(*in_daemon, "touch", path, check=False).stderr
        status = engine(*in_daemon, "cat", "/proc/1/status").stdout
        assert re.search(r"(?m)^CapEff:\s+0+$", status)
        assert re.search(r"(?m)^NoNewPrivs:\s+1$", status)
        assert re.search(rf"(?m)^Uid:\s+{USER}\s", status)

        wait_for(lambda: answers(f"http://{listen}/healthz"), "the gateway", 60)
        token = engine("podman", "exec", "gateway", "spectacle", "gateway", "token", "add", "alice").stdout.strip()
        request = urllib.request.Request(
            f"http://{listen}/v1/images/generations",
            json.dumps({"prompt": "an owl", "size": "64x64"}).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            assert json.load(response)["data"][0]["b64_json"]
    finally:
        engine("podman", "stop", "--time", "60", "gateway", "daemon", check=False)
    codes = engine("podman", "inspect", "--format={{.State.ExitCode}}", "daemon", "gateway").stdout.split()
    assert codes == ["0", "0"]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_a_variant_that_is_unknown_or_lacks_its_index_is_not_built() -> None:
    """The step of the build that chooses what is installed, without installing."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    (step,) = re.findall(r"(?ms)^RUN (set -eu; \\\n    python3 -m venv.*?esac)$", text)
    step = step.replace("python3 -m venv /opt/spectacle;", "true;").replace("/opt/spectacle/bin/pip", "echo pip")
    step = step.replace("/tmp/rocm.txt", "/dev/stdout")

    def chosen(**variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "ROCM_INDEX": "", **variables}
        return subprocess.run(
            ["sh", "-c", step], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    assert "--require-hashes --requirement requirements/gateway.txt" in chosen(VARIANT="light").stdout
    assert "--require-hashes --requirement requirements/all.txt" in chosen(VARIANT="cuda").stdout
    assert "VARIANT must be light, cuda or rocm, not 'x'" in chosen(VARIANT="x").stderr
    assert "must name an index with torch for ROCm" in chosen(VARIANT="rocm").stderr
    said = chosen(VARIANT="rocm", ROCM_INDEX="https://index").stdout
    assert re.search(r"--index-url https://index torch==\S+ torchvision==\S+$", said, re.MULTILINE)
    # What the index for ROCm brings is not installed a second time, and everything else is.
    kept = set(re.findall(r"(?m)^([a-z][\w.-]*)==", said))
    everything = set(re.findall(r"(?m)^([a-z][\w.-]*)==", (ROOT / "requirements/all.txt").read_text()))
    left_out = everything - kept
    assert {"torch", "torchvision", "triton", "nvidia-cublas"} <= left_out
    assert all(re.match(r"torch$|torchvision$|triton$|cuda-|nvidia-", name) for name in left_out)
    assert "torchao" in kept


@pytest.mark.parametrize("name", ["cuda", "rocm"])
def test_the_files_for_gpus_change_the_image_and_add_devices_only(name: str) -> None:
    plain, changed = compose("compose.yaml"), compose("compose.yaml", f"compose.{name}.yaml")
    assert plain["gateway"] == changed["gateway"]
    for service in ("daemon", "pull"):
        assert changed[service]["image"] == f"localhost/spectacle:{name}"
        assert changed[service]["build"]["args"]["VARIANT"] == name
        for key in ("user", "read_only", "cap_drop", "security_opt", "volumes"):
            assert changed[service][key] == plain[service][key]
    added = changed["daemon"].keys() - plain["daemon"].keys()
    assert added == ({"deploy"} if name == "cuda" else {"devices", "group_add"})
