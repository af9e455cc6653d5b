"""Real client libraries, unchanged, against the gateway."""

from __future__ import annotations

import base64
import gc
import io
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from served import Served, opened, png

pytestmark = pytest.mark.slow

openai = pytest.importorskip("openai")
runpod = pytest.importorskip("runpod")
webuiapi = pytest.importorskip("webuiapi")


@pytest.fixture(autouse=True)
def _connections_that_clients_leave_open() -> Iterator[None]:
    """Let them be closed here, where that is the libraries' own affair, and not in whatever test comes next."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


class TestOpenAI:
    @pytest.fixture
    def api(self, served: Served) -> Any:
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as api:
            yield api

    def test_lists_and_retrieves_models(self, api: Any) -> None:
        assert "picture" in [model.id for model in api.models.list()]
        assert api.models.retrieve("svg").owned_by == "spectacle"
        with pytest.raises(openai.NotFoundError):
            api.models.retrieve("nothing-of-that-name")

    @pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("webp", b"RIFF"), ("jpeg", b"\xff\xd8")])
    def test_generates_in_each_format(self, api: Any, form: str, magic: bytes) -> None:
        made = api.images.generate(model="gpt-image-2", prompt="a red fox", size="64x48", output_format=form)
        content = base64.b64decode(made.data[0].b64_json)
        assert content.startswith(magic)
        assert opened(content).size == (64, 48)

    def test_generates_svg(self, api: Any) -> None:
        made = api.images.generate(model="gpt-image-2", prompt="a red fox", size="64x48", output_format="svg")
        assert base64.b64decode(made.data[0].b64_json).startswith(b"<svg")

    def test_streams(self, api: Any) -> None:
        events = list(api.images.generate(model="card", prompt="a", size="64x48", stream=True, partial_images=2))
        assert [event.type for event in events] == ["image_generation.completed"]

    def test_edits_under_a_mask(self, api: Any) -> None:
        files = {"image": ("a.png", png()), "mask": ("m.png", png(24, 16, (0, 0, 0, 0), "RGBA"))}
        made = api.images.edit(model="card", prompt="blue", extra_body={"seed": 7}, **files)
        assert opened(base64.b64decode(made.data[0].b64_json)).size == (24, 16)

    def test_shows_the_reason_of_an_error(self, api: Any) -> None:
        with pytest.raises(openai.BadRequestError, match="size: not a size") as caught:
            api.images.generate(model="card", prompt="a", size="large")
        assert (caught.value.param, caught.value.code) == ("size", "bad_parameter")

    def test_does_not_repeat_what_has_failed(self, served: Served) -> None:
        with (
            openai.OpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=3) as api,
            pytest.raises(openai.InternalServerError, match="the pen is dry"),
        ):
            api.images.generate(model="broken", prompt="no repeats, please", size="33x33")
        view = served.client.get("/v1/jobs", params={"limit": 200}).json()["jobs"]
        assert sum(job["width"] == 33 for job in view) == 1


RUNPOD = """
import base64, sys, runpod
runpod.api_key = "none"
endpoint = runpod.Endpoint("card")
assert endpoint.health()["workers"]["idle"] + endpoint.health()["workers"]["running"] == 1
given = {"input": {"prompt": "a red cube", "width": 48, "height": 32, "seed": 7}}
job = endpoint.run(given)
output = job.output(timeout=20)
assert output["seed"] == 7 and base64.b64decode(output["image"]).startswith(b"\\x89PNG"), output
assert job.status() == "COMPLETED"
assert endpoint.run_sync(given, timeout=20)["status"] == "success"
assert [each["seed"] for each in endpoint.run(given).stream()] == [7]
slow = runpod.Endpoint("slow").run(given)
slow.cancel()
assert slow.status() == "CANCELLED", slow.status()
assert endpoint.purge_queue() == {"removed": 0, "status": "completed"}
print("fine")
"""


def test_runpod_runs_streams_and_cancels(served: Served) -> None:
    # In a process of its own: the address is read when the package is imported.
    done = subprocess.run(
        [sys.executable, "-c", RUNPOD],
        env={"RUNPOD_ENDPOINT_BASE_URL": f"{served.url}/v2", "HOME": "/nonexistent"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip().endswith("fine"), done.stderr[-3000:]


class TestWebUI:
    @pytest.fixture
    def api(self, served: Served) -> Any:
        return webuiapi.WebUIApi(host="127.0.0.1", port=served.port)

    def test_generates(self, api: Any) -> None:
        made = api.txt2img(prompt="a fox", negative_prompt="blue", seed=7, steps=22, cfg_scale=4.5, width=64, height=48)
        assert made.image.size == (64, 48)
        assert made.info["seed"] == 7

    def test_edits_under_a_mask(self, api: Any) -> None:
        image = Image.open(io.BytesIO(png()))
        made = api.img2img(images=[image], mask_image=Image.new("L", image.size, 255), prompt="x", width=24, height=16)
        assert made.image.size == (24, 16)

    def test_chooses_the_kind(self, api: Any) -> None:
        api.util_set_model("svg")
        assert api.util_get_current_model() == "svg"
        assert api.txt2img(prompt="a fox", width=64, height=48).image.size == (64, 48)
        api.util_set_model("picture")

    def test_reads_every_list(self, api: Any) -> None:
        assert "card" in api.util_get_model_names()
        for read in (api.get_samplers, api.get_schedulers, api.get_upscalers, api.get_loras, api.get_sd_vae,
                     api.get_cmd_flags, api.get_memory, api.get_options, api.get_progress):  # fmt: skip
            read()
        assert api.interrupt() is not None
