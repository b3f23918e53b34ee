"""The page of runs that are going on, served to this machine alone: ``findings dashboard SCALE --live``.

It answers two questions and no other: for the page, and for the arms that have new rows since a version of it. Whoever
asks has to know the token, and to ask for this server by its own name: another site's script can do neither.
"""

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from findings.errors import InputError
from findings.judging.evidence import Plan
from findings.judging.merge import as_it_stands
from findings.report.dashboard.content import metrics_of, of_arm, varying_keys

LOCAL = "127.0.0.1"
LOOKS_EVERY = 1.0  # seconds, at most, at the records
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self'"
)

Sign = tuple[tuple[str, int, int], ...]  # of an arm's files: name, size, time


class Watched:
    """The arms of some plans, and at which version each was last seen to change."""

    def __init__(self, planned: Sequence[tuple[str, Plan, Path]], runs_dir: Path) -> None:
        """``planned``: name, plan and folder of each sweep."""
        self.planned, self.runs_dir = planned, runs_dir
        self.version = 0
        self.signs: dict[tuple[str, str], Sign] = {}
        self.changed: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        self.lock, self.looked = threading.Lock(), 0.0
        self._look()  # what the page has already
        self.changed.clear()

    def since(self, version: int) -> dict[str, Any]:
        """The arms that have changed after ``version``, whole."""
        with self.lock:
            if time.monotonic() - self.looked > LOOKS_EVERY:
                self._look()
            arms = [arm for at, arm in self.changed.values() if at > version]
            return {"version": self.version, "arms": arms}

    def _look(self) -> None:
        self.looked = time.monotonic()
        for name, plan, folder in self.planned:
            touched = []
            for arm in plan.arms:
                sign = self._sign(arm.id)
                if self.signs.get((name, arm.id)) != sign:
                    self.signs[name, arm.id] = sign
                    touched.append(arm)
            if not touched:
                continue
            try:
                evidence = as_it_stands(replace(plan, arms=tuple(touched)), folder, self.runs_dir)
            except InputError:  # a file is just being written, or damaged, which the report says
                continue
            self.version += 1
            varying, metrics = varying_keys(plan), metrics_of([evidence])
            for arm in touched:
                content = {"sweep": name} | of_arm(arm, evidence, varying, metrics)
                self.changed[name, arm.id] = self.version, content

    def _sign(self, arm: str) -> Sign:
        found = []
        for directory in sorted(self.runs_dir.glob(f"{arm}-s*")):
            for name in ("metrics.csv", "record.json"):
                try:
                    state = (directory / name).stat()
                except OSError:
                    continue
                found.append((f"{directory.name}/{name}", state.st_size, state.st_mtime_ns))
        return tuple(found)


class Server(ThreadingHTTPServer):
    """``page`` makes the page, given what it is to ask for; ``said`` is a line about what waits, and how long."""

    daemon_threads = True

    def __init__(
        self, watched: Watched, page: Callable[[dict[str, Any]], str], said: Callable[[], str], port: int = 0
    ) -> None:
        super().__init__((LOCAL, port), _Answer)
        self.watched, self.said = watched, said
        self.token = secrets.token_urlsafe(24)
        self.names = {f"{name}:{self.server_port}" for name in (LOCAL, "localhost")}
        self.page = page({"address": f"data?token={self.token}", "version": watched.version}).encode()

    @property
    def address(self) -> str:
        return f"http://{LOCAL}:{self.server_port}/?token={self.token}"


class _Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        given = parse_qs(asked.query)
        token = given.get("token", [""])[0]
        if self.headers.get("Host", "") not in self.server.names:
            self._refuse(421, "this server has another name")
        elif not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(403, "the address needs its token")
        elif asked.path == "/":
            self._send("text/html; charset=utf-8", self.server.page)
        elif asked.path == "/data" and given.get("since", [""])[0].isdigit():
            news = self.server.watched.since(int(given["since"][0])) | {"said": self.server.said()}
            self._send("application/json", json.dumps(news, allow_nan=False, separators=(",", ":")).encode())
        else:
            self._refuse(404, "there is nothing else here")

    def _send(self, kind: str, body: bytes, code: int = 200) -> None:
        self.send_response(code)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", POLICY),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, code: int, why: str) -> None:
        self._send("text/plain; charset=utf-8", f"{why}\n".encode(), code)

    def log_message(self, format: str, *args: Any) -> None:
        """A request is no news to whoever watches the page."""
