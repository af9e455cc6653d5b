"""The dialects of single models' servers: what their documentation shows works, and errors have their form."""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from daemon_process import Daemon, wait_for
from served import opened, png

from spectacle.gateway.attachments import plain_png
from spectacle.provenance import read_provenance

IMAGE = base64.b64encode(png()).decode()


class TestOmniSvg:
    def test_ping_tells_the_device(self, client: httpx.Client) -> None:
        assert client.get("/ping").json() == {"status": "ok", "device": "cpu", "loaded_model": None}

    def test_a_text_becomes_svg_and_its_preview(self, client: httpx.Client) -> None:
        body = {"task_type": "text-to-svg", "text": "a red fox", "temperature": 99, "num_candidates": 1000}
        told = client.post("/predict", json=body).json()
        assert (told["status"], told["task_type"], told["num_candidates"]) == ("ok", "text-to-svg", 1)
        assert told["primary_svg"] == told["candidates"][0]["svg"]
        assert told["primary_svg"].startswith("<svg")
        assert told["candidates"][0]["path_count"] == told["primary_svg"].count("<path")
        assert opened(base64.b64decode(told["primary_png_base64"])).size == (512, 512)
        # The built-in generator makes it here, and says so.
        assert told["message"] == "Made by illustration: OmniSVG is not available here."
        assert told["request_time_ms"] >= 0

    def test_an_image_arrives_as_a_file_or_as_base64(self, client: httpx.Client) -> None:
        fields = {"task_type": "image-to-svg", "return_png": "yes"}
        clear, plain = png(8, 8, (0, 0, 0, 0), "RGBA"), opened(png())
        for response, size, mode in (
            (client.post("/predict", data=fields, files={"image": ("a.png", clear)}), (8, 8), "RGBA"),
            (client.post("/predict", data={**fields, "image_base64": IMAGE}), plain.size, "RGB"),
            (client.post("/predict", json={"image_base64": f"data:image/png;base64,{IMAGE}"}), plain.size, "RGB"),
        ):
            told = response.json()
            assert told["status"] == "ok", told
            # As the generator saw it: this one sees it as it is.
            seen = opened(base64.b64decode(told["processed_input_png_base64"]))
            assert (seen.size, seen.mode) == (size, mode)

    def test_an_image_is_shown_on_white_where_the_generator_does_not_return_what_it_saw(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(png(8, 8, (0, 0, 0, 0), "RGBA"))
        seen = opened(plain_png(tmp_path / "a.png", 64, 4, white_background=True))
        assert (seen.size, seen.mode, seen.getpixel((1, 1))) == ((4, 4), "RGB", (255, 255, 255))

    def test_previews_can_be_left_out(self, client: httpx.Client) -> None:
        told = client.post("/predict", json={"text": "a fox", "return_png": False}).json()
        assert not [name for name in (*told, *told["candidates"][0]) if "base64" in name]

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({}, "text is required"),
            ({"task_type": "image-to-svg"}, "image_base64 is required"),
            ({"task_type": "sing"}, "task_type must be one of"),
            ({"text": "a", "model_size": "2B"}, "model_size must be one of"),
            ({"text": "a", "top_k": "many"}, "top_k: not a number"),
            ({"image_base64": "!"}, "not valid base64"),
        ],
    )
    def test_every_error_is_400_with_a_sentence(self, client: httpx.Client, body: Any, told: str) -> None:
        response = client.post("/predict", json=body)
        assert (response.status_code, list(response.json())) == (400, ["error"])
        assert told in response.json()["error"]


class TestFormats:
    @pytest.mark.parametrize("kind", ["card", "vector"])
    @pytest.mark.parametrize(("form", "magic"), [("webp", b"RIFF"), ("jpeg", b"\xff\xd8")])
    def test_the_daemon_writes_the_format_so_that_metadata_stays(
        self, client: httpx.Client, kind: str, form: str, magic: bytes
    ) -> None:
        body = {"model": kind, "prompt": "a fox", "output_format": form, "output_compression": 0, "size": "64x64"}
        (datum,) = client.post("/v1/images/generations", json=body).json()["data"]
        content = base64.b64decode(datum["b64_json"])
        assert content.startswith(magic)
        making = read_provenance(content)
        assert (making["prompt"], making["options"]["output_format"], making["options"]["quality"]) == (
            "a fox",
            form,
            1,
        )
        linked = client.get(datum["url"])
        assert (linked.headers["content-type"], linked.content) == (f"image/{form}", content)

    def test_a_kind_whose_images_are_webp_serves_clients_that_want_png(self, client: httpx.Client) -> None:
        body = {"prompt": "a fox", "override_settings": {"sd_model_checkpoint": "webp"}, "width": 64, "height": 64}
        told = client.post("/sdapi/v1/txt2img", json=body).json()
        content = base64.b64decode(told["images"][0])
        assert content.startswith(b"\x89PNG")
        # Transcoded, it is still marked as made by a machine.
        assert b"trainedAlgorithmicMedia" in content
        assert json.loads(told["info"])["prompt"] == "a fox"


class TestRunPod:
    def finished(self, client: httpx.Client, endpoint: str, job: str) -> dict[str, Any]:
        path = f"/v2/{endpoint}/status/{job}"
        ended = ("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT")
        found: dict[str, Any] = wait_for(
            lambda: told if (told := client.get(path).json())["status"] in ended else None, job
        )
        return found

    def test_omnisvg_as_its_client_asks(self, client: httpx.Client) -> None:
        # The seed's client sends its key without `Bearer`, and any endpoint ID.
        given = {"task_type": "text-to-svg", "text": "a cat", "model_size": "4B", "top_k": 50, "return_png": True}
        headers = {"authorization": "rp_key", "accept": "application/json"}
        told = client.post("/v2/abc123/runsync?wait=120000", json={"input": given}, headers=headers).json()
        assert told["status"] == "COMPLETED"
        assert told["output"]["primary_svg"].startswith("<svg")
        assert told["output"]["primary_png_base64"]
        job = client.post("/v2/abc123/run", json={"input": {**given, "return_png": False}}).json()
        assert job["status"] == "IN_QUEUE"
        done = self.finished(client, "abc123", job["id"])
        assert done["output"]["candidates"][0]["index"] == 1
        assert "primary_png_base64" not in done["output"]

    def test_a_sketch_becomes_one_image(self, client: httpx.Client) -> None:
        sketch = base64.b64encode(png(32, 16, "white", "L", "JPEG")).decode()
        job = client.post("/v2/botanical/run", json={"input": {"sketch": sketch}}).json()
        output = self.finished(client, "botanical", job["id"])["output"]
        assert (set(output), output["status"]) == ({"image", "status"}, "success")
        assert opened(base64.b64decode(output["image"])).size == (32, 16)

    def test_any_kind_is_an_endpoint(self, client: httpx.Client) -> None:
        given = {"prompt": "a", "size": "16x8", "seed": 5, "copies": 2, "images": [IMAGE], "mask": IMAGE}
        told = client.post("/v2/card/runsync", json={"input": given}).json()
        assert (told["output"]["seed"], len(told["output"]["images"])) == (5, 2)
        assert told["id"].startswith("sync-")
        assert client.get(f"/v2/card/status-sync/{told['id']}").json()["output"] == told["output"]

    def test_a_failed_job_tells_why(self, client: httpx.Client) -> None:
        job = client.post("/v2/broken/run", json={"input": {"prompt": "a"}}).json()
        done = self.finished(client, "broken", job["id"])
        assert (done["status"], done["error"]) == ("FAILED", "the pen is dry. Fill it.")

    def test_a_failed_job_is_repeated_under_its_id(self, client: httpx.Client) -> None:
        job = client.post("/v2/broken/run", json={"input": {"prompt": "a", "images": [IMAGE]}}).json()
        first = self.finished(client, "broken", job["id"])
        assert client.post(f"/v2/broken/retry/{job['id']}").json() == {"id": job["id"], "status": "IN_QUEUE"}
        again = self.finished(client, "broken", job["id"])
        assert (again["status"], again["error"]) == (first["status"], first["error"])
        done = client.post("/v2/card/runsync", json={"input": {"prompt": "a", "size": "8x8"}}).json()
        assert client.post(f"/v2/card/retry/{done['id']}").status_code == 409

    def test_cancelling_purging_and_health(self, client: httpx.Client) -> None:
        jobs = [client.post("/v2/slow/run", json={"input": {"prompt": "a"}}).json() for _ in range(3)]
        counts = client.get("/v2/slow/health").json()["jobs"]
        assert counts["inQueue"] + counts["inProgress"] == 3
        removed = client.post("/v2/slow/purge-queue").json()
        assert removed["status"] == "completed"
        assert removed["removed"] in (2, 3)
        for job in jobs:
            assert client.post(f"/v2/slow/cancel/{job['id']}").json()["status"] == "CANCELLED"
            assert client.get(f"/v2/slow/status/{job['id']}").json()["status"] == "CANCELLED"

    @pytest.mark.parametrize(
        ("body", "told"),
        [
            ({}, "Missing or invalid 'input' payload."),
            ({"input": 1}, "Missing"),
            ({"input": {"nonsense": 1}}, "nonsense"),
        ],
    )
    def test_errors_say_what_is_wrong(self, client: httpx.Client, body: Any, told: str) -> None:
        response = client.post("/v2/card/run", json=body)
        assert response.status_code == 400
        assert told in response.json()["error"]

    @pytest.mark.parametrize("job", ["x", "g-x", "sync-g-a-1-8x8.abc", "g-", "%2e%2e"])
    def test_a_made_up_id_is_unknown(self, client: httpx.Client, job: str) -> None:
        assert client.get(f"/v2/card/status/{job}").status_code == 404


class TestSuperSvg:
    def test_a_job_goes_through_its_life(self, client: httpx.Client) -> None:
        assert client.get("/api/v1/health").json()["status"] == "ok"
        config = {"max_paths": 256, "num_iterations": 300, "output_format": "svg", "priority": "normal"}
        headers = {"idempotency-key": "vectorize 1", "x-request-id": "mine-1"}
        made = [
            client.post(
                "/api/v1/vectorize/jobs",
                files={"image": ("in.jpg", png(40, 20, form="JPEG"))},
                data={"config": json.dumps(config)},
                headers=headers,
            )
            for _ in range(2)
        ]
        assert [response.status_code for response in made] == [202, 202]
        assert made[0].headers["x-request-id"] == "mine-1"
        assert set(made[0].json()) == {"job_id", "status", "created_at"}
        job = made[0].json()["job_id"]
        assert made[1].json()["job_id"] == job
        path = f"/api/v1/vectorize/jobs/{job}"
        told = wait_for(lambda: told if (told := client.get(path).json())["status"] == "completed" else None, "the SVG")
        assert (told["progress"], told["error"]) == (100, None)
        assert told["created_at"].endswith("Z")
        result = client.get(f"{path}/result").json()["result"]
        assert client.get(result["svg_url"]).text.startswith("<svg")
        assert opened(client.get(result["preview_png_url"]).content).size == (40, 20)
        assert client.post(f"{path}/cancel").json()["error"]["code"] == "FAILED_PRECONDITION"

    @pytest.mark.parametrize(
        ("files", "config", "status", "code"),
        [
            ({}, "{}", 400, "INVALID_ARGUMENT"),
            ({"image": ("a", b"GIF89a")}, "{}", 422, "UNPROCESSABLE"),
            ({"image": ("a", png())}, "{", 400, "INVALID_ARGUMENT"),
            ({"image": ("a", png())}, '{"output_format": "pdf"}', 422, "UNPROCESSABLE"),
            ({"image": ("a", png())}, '{"priority": "urgent"}', 422, "UNPROCESSABLE"),
            ({"image": ("a", png())}, '{"nonsense": 1}', 422, "UNPROCESSABLE"),
            ({"image": ("a", png())}, '{"max_paths": "x"}', 400, "INVALID_ARGUMENT"),
            ({"image": ("a", png())}, '{"callback_url": "http://127.0.0.1/"}', 403, "PERMISSION_DENIED"),
        ],
    )
    def test_errors_have_its_form(self, client: httpx.Client, files: Any, config: str, status: int, code: str) -> None:
        response = client.post("/api/v1/vectorize/jobs", files=files or {"x": ("x", b"")}, data={"config": config})
        assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
        assert set(response.json()["error"]) == {"code", "message", "details"}

    def test_a_result_that_is_not_there_yet_is_a_conflict(self, client: httpx.Client) -> None:
        slow = {"steps": 1000, "step_seconds": 0.05}
        job = client.post("/api/v1/vectorize/jobs", files={"image": ("a", png())}, data={"config": json.dumps(slow)})
        path = f"/api/v1/vectorize/jobs/{job.json()['job_id']}"
        assert client.get(f"{path}/result").status_code == 409
        assert client.post(f"{path}/cancel").json()["status"] == "cancelling"
        assert client.get(path).json()["status"] == "cancelled"

    def test_an_unknown_job_is_not_found(self, client: httpx.Client) -> None:
        response = client.get("/api/v1/vectorize/jobs/job_01J")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


class TestQwenImageEdit:
    def check(self, response: httpx.Response, *, size: tuple[int, int] = (24, 16), count: int = 1) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        assert told["success"] is True
        assert len(told["images"]) == count
        for image in told["images"]:
            assert opened(base64.b64decode(image.removeprefix("data:image/png;base64,"))).size == size
        return told

    def test_an_image_is_edited_from_a_file(self, client: httpx.Client) -> None:
        fields = {
            "prompt": "Change the background",
            "seed": "42",
            "true_guidance_scale": "4.0",
            "num_inference_steps": "50",
        }
        told = self.check(client.post("/edit", data=fields, files={"image": ("input.jpg", png(form="JPEG"))}))
        assert (told["seed"], told["gpu_id"]) == (42, 0)

    def test_an_image_is_edited_from_base64_in_json_or_a_form(self, client: httpx.Client) -> None:
        fields = {"prompt": "x", "image_base64": f"data:image/jpeg;base64,{IMAGE}", "num_images_per_prompt": 2}
        self.check(client.post("/edit/json", json=fields), count=2)
        self.check(
            client.post("/edit/json", files={name: (None, str(value)) for name, value in fields.items()}), count=2
        )

    def test_a_field_may_be_larger_than_a_megabyte(self, client: httpx.Client) -> None:
        noise = base64.b64encode(png(24, 16) + b"\0" * 2_000_000).decode()
        self.check(client.post("/edit/json", files={"prompt": (None, "x"), "image_base64": (None, noise)}))

    def test_several_images_are_edited_together(self, client: httpx.Client) -> None:
        files = [("images", ("a.jpg", png(30, 20))), ("images", ("b.jpg", png(8, 8)))]
        self.check(
            client.post("/edit/multi", data={"prompt": "both", "guidance_scale": "1.0"}, files=files), size=(30, 20)
        )

    def test_modes_are_listed(self, client: httpx.Client) -> None:
        modes = client.get("/edit-modes").json()
        assert [mode["mode"] for mode in modes] == list(range(1, 17))
        assert (
            client.get("/edit-mode/1").json()
            == modes[0]
            == {
                "mode": 1,
                "name": "人物 + 人物",
                "description": "將兩個人物合併到同一個場景中",
                "requires_multiple_images": True,
                "requires_controlnet": False,
                "requires_text_params": False,
                "min_images": 2,
                "max_images": 5,
            }
        )
        for wrong in ("0", "17", "x"):
            assert client.get(f"/edit-mode/{wrong}").status_code == 400

    @pytest.mark.parametrize(
        ("path", "fields", "files", "told"),
        [
            ("/edit", {"prompt": "x"}, [], "image: 0 images. Send one image."),
            ("/edit", {}, [("image", ("a", png()))], "prompt: missing"),
            ("/edit", {"prompt": "x", "seed": "one"}, [("image", ("a", png()))], "seed: not a number"),
            ("/edit/multi", {"prompt": "x"}, [("images", ("a", png()))] * 4, "images: 4 images. Send 1 to 3 images."),
            ("/multi-image-editing", {"prompt": "x"}, [("images", ("a", png()))], "mode: missing"),
            (
                "/multi-image-editing",
                {"prompt": "x", "mode": "17"},
                [("images", ("a", png()))],
                "mode: 17 is not valid",
            ),
            (
                "/multi-image-editing",
                {"prompt": "x", "mode": "9"},
                [("images", ("a", png()))],
                "text_params_json: missing",
            ),
            ("/multi-image-editing", {"prompt": "x", "mode": "1"}, [("images", ("a", png()))], "mode: not an option"),
        ],
    )
    def test_errors_say_what_is_wrong(
        self, client: httpx.Client, path: str, fields: Any, files: Any, told: str
    ) -> None:
        response = client.post(path, data=fields, files=files or {"x": ("x", b"")})
        assert response.status_code == 400
        assert told in response.json()["detail"]
        assert response.json()["success"] is False

    def test_status_and_health(self, client: httpx.Client) -> None:
        status = client.get("/status").json()
        assert (status["active_workers"], status["total_gpus"], status["gpu_info"]) == (1, 0, [])
        assert client.get("/health").json()["status"] == "healthy"


class TestOpenAI:
    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({"prompt": ""}, "prompt"),
            ({}, "prompt"),
            ({"prompt": "a", "n": 11}, "n"),
            ({"prompt": "a", "size": "1x0"}, "size"),
            ({"prompt": "a", "output_format": "gif"}, "output_format"),
            ({"prompt": "a", "response_format": "xml"}, "response_format"),
            ({"prompt": "a", "background": "transparent"}, "background"),
            ({"prompt": "a", "nonsense": True}, "nonsense"),
            ({"prompt": "a", "model": "card", "output_format": "svg", "n": "two"}, "n"),
        ],
    )
    def test_errors_name_the_parameter(self, client: httpx.Client, body: Any, param: str) -> None:
        response = client.post("/v1/images/generations", json=body)
        error = response.json()["error"]
        assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
        assert error["message"].startswith(param)

    def test_a_mask_is_transparent_where_to_edit(self, client: httpx.Client, daemon: Daemon) -> None:
        files = [("image[]", ("a", png())), ("mask", ("m", png(24, 16, (9, 9, 9, 255), "RGBA")))]
        data = {"model": "card", "prompt": "a", "steps": "10", "step_seconds": "0.05"}
        thread = threading.Thread(target=lambda: client.post("/v1/images/edits", data=data, files=files))
        thread.start()
        names = wait_for(lambda: [name for name in daemon.public() if name.endswith("-card-mask.png")], "the mask")
        mask = opened((daemon.spool / names[0]).read_bytes())
        thread.join()
        assert (mask.mode, mask.getextrema()) == ("L", (0, 0))

    def test_the_size_of_an_edit_is_that_of_its_first_image(self, client: httpx.Client) -> None:
        files = [("image", ("a", png(30, 20))), ("image", ("b", png(8, 8)))]
        told = client.post("/v1/images/edits", data={"prompt": "x", "size": "auto"}, files=files).json()
        assert told["size"] == "30x20"

    def test_an_edit_that_names_a_kind_without_images_goes_to_that_for_edits(self, client: httpx.Client) -> None:
        edit = client.post("/v1/images/edits", data={"model": "picture", "prompt": "x"}, files={"image": ("a", png())})
        assert edit.status_code == 200, edit.text
        body = {"model": "picture", "init_images": [IMAGE], "width": 24, "height": 16}
        assert client.post("/sdapi/v1/img2img", json=body).status_code == 200

    def test_addresses_are_not_fetched(self, client: httpx.Client) -> None:
        body = {"prompt": "x", "images": [{"image_url": "http://127.0.0.1:1/secret.png"}]}
        response = client.post("/v1/images/edits", json=body)
        assert response.status_code == 400
        assert "Addresses are not fetched" in response.json()["error"]["message"]

    def test_it_is_served_below_another_prefix_too(self, client: httpx.Client) -> None:
        assert client.get("/api/v1/models").json() == client.get("/v1/models").json()
        assert client.get("/api/v1/models/nothing").json()["error"]["code"] == "model_not_found"
