"""A W&B server on this machine that keeps what the real client sends it, and hands out a sweep's runs.

It answers what the client of the pinned version asks. A sweep's next run is chosen by W&B's own `sweeps` package.
"""

import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

from wandb_keeping import Keeping

ENTITY = "team"


class Run:
    def __init__(self, name: str, config: dict[str, Any] | None = None, sweep: str | None = None) -> None:
        self.name, self.config, self.sweep = name, config or {}, sweep
        self.begun = False
        self.state = "pending"
        self.endings: list[str] = []  # the states that it ended in
        self.lines: list[str] = []  # of wandb-history.jsonl
        self.told: dict[str, Any] = {}  # group, tags and so on
        self.preempting = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def steps(self) -> list[int]:
        return [row["_step"] for row in self.rows]

    @property
    def values(self) -> dict[str, Any]:
        """The config as its user sees it."""
        return {key: node["value"] for key, node in self.config.items() if key != "_wandb"}


class Server(Keeping):
    def __init__(self, address: str) -> None:
        self.address = address
        self.runs: dict[str, Run] = {}
        self.sweeps: dict[str, dict[str, Any]] = {}
        self.projects: set[str] = set()
        self.requests: list[str] = []  # operations and paths, in order
        self.unknown: list[str] = []
        self.refused: set[str] = set()  # operations and paths that are answered with 403
        self.artifacts: dict[str, dict[str, Any]] = {}  # by their ids: what they were made with, and "files"
        self.kept: dict[str, bytes] = {}  # what was put, by its path
        self.views: dict[str, dict[str, Any]] = {}  # workspaces and reports, by their ids
        self.keys: set[str] = set()  # that came with a request

    # --- what the client asks in GraphQL

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any] | None:
        method = getattr(self, f"_{operation}", None)
        if method is None:
            self.unknown.append(operation)
            return None
        return dict(method(given))

    def _Viewer(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"viewer": {"id": "u", "entity": ENTITY, "username": "user", "email": "", "flags": "{}",
                           "admin": False, "name": "user", "teams": {"edges": []}}}  # fmt: skip

    _GetViewer = _GetDefaultEntity = _Viewer

    def _ServerFeaturesQuery(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"serverInfo": {"features": []}}

    def _RunResumeStatus(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        run = self.runs.get(given["name"])
        bucket = run and {
            "id": run.name, "name": run.name, "summaryMetrics": json.dumps(run.rows[-1] if run.lines else {}),
            "displayName": run.name, "logLineCount": 0, "historyLineCount": len(run.lines), "eventsLineCount": 0,
            "historyTail": json.dumps(run.lines[-1:]), "eventsTail": "[]", "config": json.dumps(run.config),
            "tags": run.told.get("tags") or [], "notes": None,
            "wandbConfig": json.dumps({"t": 1} if run.begun else {}),
        }  # fmt: skip
        return {"model": self._project(given) | {"bucket": bucket}}

    def _UpsertBucket(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        inserted = given["name"] not in self.runs
        run = self.runs.setdefault(given["name"], Run(given["name"]))
        if run.state != "running":  # it is opened; later calls only change its config
            run.preempting = False
        run.begun, run.state = True, "running"
        run.sweep = given.get("sweep") or run.sweep
        if given.get("config"):
            run.config = json.loads(given["config"])
        run.told |= {key: value for key, value in given.items() if value is not None}
        self.projects.add(given["project"])
        bucket = {"id": run.name, "name": run.name, "displayName": run.told.get("displayName"), "description": None,
                  "config": json.dumps(run.config), "sweepName": run.sweep, "project": self._project(given),
                  "historyLineCount": len(run.lines)}  # fmt: skip
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def _project(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"id": "p", "name": given.get("project") or "findings", "entity": {"id": "e", "name": ENTITY}}

    def _CreateRunFiles(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        files = [{"name": name, "uploadUrl": f"{self.address}/upload"} for name in given["files"]]
        return {"createRunFiles": {"runID": given["run"], "uploadHeaders": [], "files": files}}

    def _RunStoppedStatus(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"project": {"run": {"stopped": False}}}

    def _Run(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        run = self.runs.get(given["name"])
        found = run and {
            "id": run.name, "tags": [], "name": run.name, "displayName": run.name, "sweepName": run.sweep,
            "state": run.state, "config": json.dumps(run.config), "group": None, "jobType": None, "commit": None,
            "readOnly": False, "createdAt": "2026-01-01T00:00:00Z", "heartbeatAt": "2026-01-01T00:00:00Z",
            "description": None, "notes": None, "systemMetrics": "{}", "summaryMetrics": "{}", "projectId": "1",
            "historyLineCount": len(run.lines), "user": {"name": "user", "username": "user"},
            "historyKeys": {"lastStep": run.steps[-1] if run.lines else -1, "sets": [], "keys": {}},
        }  # fmt: skip
        return {"project": {"internalId": "1", "run": found}}

    _RunHistoryKeys = _Run

    def _Runs(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        info = {"endCursor": None, "hasNextPage": False}
        return {"project": {"internalId": "1", "runCount": len(self.runs), "readOnly": False,
                            "runs": {"edges": [], "pageInfo": info}}}  # fmt: skip

    def _GetProjects(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        projects = [self._project({"project": name}) | {"entityName": ENTITY, "createdAt": "2026-01-01T00:00:00Z",
                     "isBenchmark": False, "user": None}
                    for name in sorted(self.projects)]  # fmt: skip
        edges = [{"node": project, "cursor": project["name"]} for project in projects]
        return {"models": {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False}}}

    # --- sweeps

    def _UpsertSweep(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = f"sweep{len(self.sweeps)}"
        self.sweeps[name] = yaml.safe_load(given["config"])
        project = self._project({"project": given.get("projectName")})
        return {"upsertSweep": {"sweep": {"name": name, "project": project}, "configValidationWarnings": []}}

    def _SweepWithRuns(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        sweep = {"id": given["sweep"], "name": given["sweep"], "config": yaml.safe_dump(self.sweeps[given["sweep"]]),
                 "runs": {"edges": []}}  # fmt: skip
        return {"project": {"sweep": sweep}}

    def _CreateAgent(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"createAgent": {"agent": {"id": given["sweep"]}}}

    def _Heartbeat(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        commands = [] if json.loads(given["runState"]) else [self._next(given["id"])]
        return {"agentHeartbeat": {"agent": {"id": given["id"]}, "commands": json.dumps(commands)}}

    def _next(self, sweep: str) -> dict[str, Any]:
        """What an agent is to do: a run that was preempted first, then what W&B's grid has next."""
        import sweeps

        known = [run for run in self.runs.values() if run.sweep == sweep]
        again = next((run for run in known if run.state == "preempted"), None)
        if again is None:
            runs = [sweeps.SweepRun(name=run.name, config=run.config) for run in known]
            suggested = sweeps.next_run(self.sweeps[sweep], runs)
            if suggested is None:
                return {"type": "exit"}
            again = Run(f"given{len(known)}", suggested.config, sweep)
            self.runs[again.name] = again
            kind = "run"
        else:
            again.state, kind = "pending", "resume"
        parameters = {key: again.config[key] for key in self.sweeps[sweep]["parameters"]}
        return {"type": kind, "run_id": again.name, "program": "findings", "args": parameters}

    # --- the stream of a run's files

    def take(self, name: str, body: dict[str, Any]) -> None:
        run = self.runs[name]
        history = body.get("files", {}).get("wandb-history.jsonl")
        if history:
            start = history["offset"]
            run.lines[start : start + len(history["content"])] = history["content"]
        run.preempting = run.preempting or bool(body.get("preempting"))
        if body.get("complete"):
            failed = "preempted" if run.preempting else "failed"
            run.state = failed if body.get("exitcode") else "finished"
            run.endings.append(run.state)


@contextmanager
def serving() -> Iterator[Server]:
    """A server for the time of the block."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                content = server.kept.get(self.path)
                if (file := re.match(r"/artifactsV2/.*/(artifact\d+)/(\w+)/", self.path)) is not None:
                    content = server.file(file[1], file[2])
            self._reply({}) if content is None else self._send(content)

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                server.kept[self.path] = content
                if (artifact := re.match(r"/artifacts/(\w+)/(.+)", self.path)) is not None:
                    server.artifacts[artifact[1]]["files"][artifact[2]] = content
            self._reply({})

        def do_POST(self) -> None:
            body = self._body()
            if not self.path.endswith(("/graphql", "/file_stream")):  # telemetry
                self._reply({})
                return
            with lock:
                server.keys.add(self.headers.get("Authorization", ""))
                if self.path.endswith("/file_stream"):
                    what = "file_stream"
                else:
                    what = re.search(r"(?:query|mutation)\s+(\w+)", body["query"])[1]  # type: ignore[index]
                server.requests.append(what)
                if what in server.refused:
                    self._reply({"errors": [{"message": "not allowed"}]}, 403)
                elif what == "file_stream":
                    server.take(self.path.split("/")[-2], body)
                    self._reply({})
                else:
                    self._reply({"data": server.answer(what, body.get("variables") or {})})

        def _body(self) -> Any:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            try:
                return json.loads(content)
            except ValueError:
                return {}

        def _reply(self, answer: dict[str, Any], status: int = 200) -> None:
            self._send(json.dumps(answer).encode(), status)

        def _send(self, content: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield server
    http.shutdown()
    http.server_close()
