"""The gateway's own dialect: jobs, events and kinds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
from daemon_process import Daemon
from served import opened, png, serving, settings_of

import spectacle.gateway
from spectacle.gateway import problems


def submit(client: httpx.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/jobs", json={"kind": "card", "size": "24x16", **body})
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def ended(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/jobs/{job['id']}", params={"wait": 30}).json()
    return found


class TestJobs:
    def test_a_job_ends_with_links_to_its_results(self, client: httpx.Client) -> None:
        job = submit(client, prompt="a fox", options={"copies": 2})
        assert job["status"] in ("queued", "running", "succeeded")
        assert client.get(job["urls"]["self"]).json()["id"] == job["id"]
        done = ended(client, job)
        assert (done["status"], done["error"], len(done["outputs"])) == ("succeeded", None, 2)
        for output in done["outputs"]:
            image = client.get(output["url"])
            assert image.headers["content-type"] == output["media_type"] == "image/png"
            assert opened(image.content).size == (24, 16)
            assert client.head(output["url"]).status_code == 200

    def test_thumbnails_have_links_of_their_own_now_and_later(self, client: httpx.Client) -> None:
        for options in ({"copies": 2, "thumbnail": 16}, {"thumbnail": 16, "output_format": "webp"}):
            done = ended(client, submit(client, prompt="a fox", options=options))
            listed = next(job for job in client.get("/v1/jobs").json()["jobs"] if job["id"] == done["id"])
            for job in (done, listed):
                assert [each["number"] for each in job["thumbnails"]] == [each["number"] for each in job["outputs"]]
                for small, output in zip(job["thumbnails"], job["outputs"], strict=True):
                    image = client.get(small["url"])
                    assert image.headers["content-type"] == small["media_type"] == output["media_type"]
                    assert opened(image.content).size == (16, 11)
                    assert opened(client.get(output["url"]).content).size == (24, 16)
        assert ended(client, submit(client, prompt="a fox"))["thumbnails"] == []

    def test_previews_and_the_processed_input_are_listed_with_links(self, client: httpx.Client) -> None:
        text = base64.b64encode(png(10, 20)).decode()
        options = {"copies": 2, "previews": True, "processed_input": True}
        done = ended(client, submit(client, kind="vector", inputs=[text], options=options))
        listed = next(job for job in client.get("/v1/jobs").json()["jobs"] if job["id"] == done["id"])
        for job in (done, listed):
            outputs = [(each["number"], each["media_type"]) for each in job["outputs"]]
            assert outputs == [(1, "image/svg+xml"), (2, "image/svg+xml"), (1, "image/png"), (2, "image/png")]
            first, second = (client.get(each["url"]).content for each in job["outputs"][2:])
            assert opened(first).getpixel((5, 5)) != opened(second).getpixel((5, 5))
            seen = client.get(job["processed_input"]["url"])
            assert seen.headers["content-type"] == job["processed_input"]["media_type"] == "image/png"
            assert opened(seen.content).size == (10, 20)
        assert ended(client, submit(client, prompt="a fox"))["processed_input"] is None

    def test_attachments_arrive_as_base64_or_as_files(self, client: httpx.Client) -> None:
        text = base64.b64encode(png()).decode()
        inline = submit(client, inputs=[text, f"data:image/png;base64,{text}"], mask=text, control=text)
        form = client.post(
            "/v1/jobs",
            data={"kind": "card", "width": "24", "height": "16", "options": '{"seed": 7}'},
            files=[
                ("inputs", ("../../etc/passwd", png(24, 16, form="JPEG"))),
                ("inputs", ("b", png(8, 8, form="WEBP"))),
                ("mask", ("m.jpg", png(24, 16, "white", "L", "JPEG"))),
            ],
        )
        assert form.status_code == 201, form.text
        for job in (inline, form.json()):
            assert ended(client, job)["status"] == "succeeded"
        recipe = client.get(form.json()["urls"]["recipe"]).json()
        assert (recipe["seed"], recipe["facts"]["pictures"]) == (7, [[24, 16], [8, 8]])

    def test_a_failed_job_says_why(self, client: httpx.Client) -> None:
        done = ended(client, submit(client, kind="broken"))
        assert done["status"] == "failed"
        assert done["error"] == {"code": "generator-failed", "message": "the pen is dry. Fill it."}
        assert client.get(done["urls"]["recipe"]).status_code == 409

    def test_a_cancelled_job_stays_cancelled_and_an_ended_one_as_it_is(self, client: httpx.Client) -> None:
        slow = submit(client, kind="slow")
        assert client.post(slow["urls"]["cancel"]).json()["status"] == "cancelled"
        assert client.post(slow["urls"]["cancel"]).json()["status"] == "cancelled"
        done = ended(client, submit(client))
        assert client.post(done["urls"]["cancel"]).json()["status"] == "succeeded"

    def test_events_are_snapshots_until_the_end(self, client: httpx.Client) -> None:
        job = submit(client, kind="slow", options={"steps": 30, "step_seconds": 0.05})
        with client.stream("GET", job["urls"]["events"]) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            states = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
        assert states[-1]["status"] == "succeeded"
        assert {"running"} <= {state["status"] for state in states}
        assert any(state["progress"] and state["progress"]["steps"] == 30 for state in states)

    def test_my_jobs_are_listed_with_their_place(self, client: httpx.Client) -> None:
        jobs = [submit(client, kind="slow") for _ in range(3)]
        listed = {job["id"]: job for job in client.get("/v1/jobs", params={"limit": 200}).json()["jobs"]}
        places = [listed[job["id"]]["queue_position"] for job in jobs]
        assert places in ([1, 2, 3], [None, 1, 2])
        for job in jobs:
            client.post(job["urls"]["cancel"])

    def test_a_restarted_gateway_knows_every_job(self, daemon: Daemon, client: httpx.Client) -> None:
        job = submit(client)
        with serving(settings_of(daemon, daemon.home)) as other:
            assert ended(other.client, job)["status"] == "succeeded"

    def test_what_is_not_valid_is_told(self, client: httpx.Client) -> None:
        for body, told in (
            ({"size": "big"}, "size: not a size"),
            ({"width": 0}, "width: 0 is not valid"),
            ({"nonsense": 1}, "nonsense: unknown"),
            ({"options": []}, "options: not a JSON object"),
            ({"kind": "nothing"}, "no running instance serves it"),
            ({"prompt": 5}, "prompt: not a text"),
            ({"inputs": ["!!"]}, "inputs: not valid base64"),
            ({"inputs": [base64.b64encode(b"GIF89a").decode()]}, "inputs: a GIF image"),
            ({"mask": base64.b64encode(b"<svg>").decode()}, "mask: an SVG"),
            ({"inputs": [base64.b64encode(png()).decode()] * 11}, "11 input images: the limit is 10"),
            ({"kind": "../../x"}, "kind"),
        ):
            response = client.post("/v1/jobs", json=body)
            assert 400 <= response.status_code < 500, response.text
            assert response.headers["content-type"] == "application/problem+json"
            assert told in response.json()["detail"]


def test_kinds_come_with_the_schema_of_their_options(client: httpx.Client) -> None:
    told = client.get("/v1/kinds").json()
    kinds = {kind["name"]: kind for kind in told["kinds"]}
    assert told["default"] == "picture"
    assert kinds["svg"]["media_type"] == "image/svg+xml"
    assert kinds["card"]["options_schema"]["properties"]["copies"]["maximum"] == 16


def test_a_result_is_an_image_or_a_download_and_never_a_page(client: httpx.Client) -> None:
    done = ended(client, submit(client, kind="vector"))
    headers = client.get(done["outputs"][0]["url"]).headers
    assert headers["content-disposition"].startswith("attachment")
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_links_cannot_be_made_up_and_do_not_work_for_ever(daemon: Daemon, tmp_path: Path) -> None:
    with serving(settings_of(daemon, tmp_path, url_lifetime=1)) as served:
        done = ended(served.client, submit(served.client))
        url = done["outputs"][0]["url"]
        assert served.client.get(url).status_code == 200
        assert served.client.get(url.replace("/results/", "/results/A")).status_code == 404
        seals = served.app.state.gateway.seals
        seals._lifetime = -1
        assert served.client.get(url).json()["code"] == "result-not-found"


def test_the_page_of_all_routes_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert not [url for url in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not url.startswith("/docs/")]
    for url in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert client.get(url).status_code == 200
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/jobs", "/v1/images/edits", "/sdapi/v1/txt2img", "/predict", "/v2/{endpoint}/run", "/edit"} <= set(
        paths
    )


def test_every_code_of_a_problem_is_documented() -> None:
    folder = Path(spectacle.gateway.__file__).parent
    sources = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    raised = set(re.findall(r'Problem\(\s*[0-9]+,\s*"([a-z-]+)"', sources))
    assert raised - set(problems._STATUSES) - {"bad-attachment", "worker-unavailable"} <= problems.HTTP_CODES
    assert all(f'"{code}"' in sources for code in problems.HTTP_CODES)
