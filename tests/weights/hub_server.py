"""A small model hub on this machine, which speaks what huggingface_hub asks of the real one."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

LARGE = 1000
"""Files of at least so many bytes are in large-file storage, which names them by their SHA-256."""


@dataclass
class Hub:
    """What the hub holds, and what it was asked for.

    Attributes:
        repositories: Files by repository and commit; the last commit is that of the main branch.
        downloads: (repository, file, first byte) of each download.
        gated: Repositories that are given to nobody.
        corrupt: Files that are sent with another content than is told.
        break_after: Bytes after which the connection of a download is dropped, once for each file.
    """

    repositories: dict[str, dict[str, Mapping[str, bytes]]] = field(default_factory=dict)
    downloads: list[tuple[str, str, int]] = field(default_factory=list)
    gated: set[str] = field(default_factory=set)
    corrupt: set[str] = field(default_factory=set)
    break_after: int | None = None
    endpoint: str = ""
    _broken: set[str] = field(default_factory=set)

    def add(self, repo: str, commit: str, files: Mapping[str, bytes]) -> None:
        """A new commit on the main branch."""
        self.repositories.setdefault(repo, {})[commit] = files

    def resolve(self, repo: str, revision: str) -> str | None:
        """The commit of a branch or commit."""
        commits = self.repositories.get(repo, {})
        return list(commits)[-1] if revision == "main" and commits else revision if revision in commits else None

    def breaks(self, file: str) -> bool:
        """Whether this download of a file is the one that is cut."""
        first = self.break_after is not None and file not in self._broken
        self._broken.add(file)
        return first


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                repo, revision = "/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main"
                self._describe(repo, revision)
            else:
                self._send_file("/".join(parts[:2]), parts[3], "/".join(parts[4:]), body=body)

        def _describe(self, repo: str, revision: str) -> None:
            commit = hub.resolve(repo, revision)
            if repo not in hub.repositories:
                self._fail(404, "RepoNotFound")
            elif commit is None:
                self._fail(404, "RevisionNotFound")
            else:
                siblings = [_sibling(name, content) for name, content in hub.repositories[repo][commit].items()]
                self._respond(200, json.dumps({"id": repo, "sha": commit, "siblings": siblings}).encode(), {})

        def _send_file(self, repo: str, revision: str, file: str, *, body: bool) -> None:
            if repo in hub.gated:
                self._fail(403, "GatedRepo")
                return
            commit = hub.resolve(repo, revision)
            content = hub.repositories.get(repo, {}).get(commit or "", {}).get(file)
            if commit is None or content is None:
                self._fail(404, "EntryNotFound")
                return
            start = 0
            if (span := self.headers.get("Range")) is not None:
                start = int(span.removeprefix("bytes=").partition("-")[0])
            described = _sibling(file, content)
            headers = {
                "X-Repo-Commit": commit,
                "ETag": f'"{described["lfs"]["sha256"] if "lfs" in described else described["blobId"]}"',
                "Accept-Ranges": "bytes",
            }
            if file in hub.corrupt:
                content = bytes(len(content))
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            if body:
                hub.downloads.append((repo, file, start))
            cut = hub.break_after if body and hub.breaks(file) else None
            self._respond(206 if start else 200, content[start:], headers, body=body, cut=cut)

        def _fail(self, status: int, code: str) -> None:
            self._respond(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

        def _respond(
            self, status: int, content: bytes, headers: Mapping[str, str], *, body: bool = True, cut: int | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body and self.command != "HEAD":
                self.wfile.write(content[:cut])
                if cut is not None:
                    self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()


def turn_to(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the library in this process speak to the hub."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
    described: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": oid}
    if len(content) >= LARGE:
        described["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return described
