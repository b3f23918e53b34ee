"""The page that is served while runs train."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from browsing import Opened
from findings.judging.evidence import read_plan
from findings.report.build import chapters
from findings.report.dashboard import live
from findings.report.dashboard.file import html
from findings.report.dashboard.live import Server, Watched
from made_up_records import arm, curve, write_plan, write_record


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Two networks, one of which has a run that is under way; ``folder`` is where."""
    monkeypatch.setattr(live, "LOOKS_EVERY", 0.0)
    folder = write_plan(tmp_path / "results", [arm(model, [0]) for model in ("plain20", "resnet20")])
    write_record(tmp_path / "runs", "plain20", 0, curve("plain20", 0)[:5], status="running")
    made = chapters("quick", tmp_path / "results", tmp_path / "runs")
    plan = read_plan(folder / "plan.json")
    server = Server(
        Watched([("depth-degradation", plan, folder)], tmp_path / "runs"),
        lambda about: html("quick", made, about),
        lambda: "1 running, 1 planned",
    )
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_new_row_appears_and_the_view_stays(served: Server, tmp_path: Path, opened: Callable[..., Opened]) -> None:
    made = opened(f"{served.address}#zoom=100,600,10,70&hidden=resnet20")
    assert made.table("iteration") == ["225"]
    write_record(tmp_path / "runs", "plain20", 0, curve("plain20", 0)[:9], status="running")
    began = time.monotonic()
    made.page.locator("#run-table td", has_text="405").wait_for()
    assert time.monotonic() - began < 15  # five on a machine that is not busy
    assert "zoom=100,600,10,70" in made.page.url
    assert made.arms() == ["plain20"]
    assert "1 running, 1 planned" in made.page.inner_text("#live")
    assert made.said == []
    assert all(address.startswith(served.address.partition("?")[0]) for address in made.asked)


def test_only_what_is_new_is_sent(served: Server, tmp_path: Path) -> None:
    assert served.watched.since(served.watched.version)["arms"] == []
    write_record(tmp_path / "runs", "resnet20", 0, curve("resnet20", 0)[:2], status="running")
    news = served.watched.since(served.watched.version)
    assert [(one["sweep"], one["label"], len(one["runs"])) for one in news["arms"]] == [
        ("depth-degradation", "resnet20", 1)
    ]
    assert served.watched.since(news["version"])["arms"] == []


def test_reading_writes_nothing(served: Server, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    write_record(tmp_path / "runs", "resnet20", 0, curve("resnet20", 0), status="running")
    served.watched.since(0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")} == before


@pytest.mark.parametrize(
    ("path", "host", "code"),
    [
        ("/?token={token}", "", 200),
        ("/data?token={token}&since=0", "", 200),
        ("/", "", 403),
        ("/?token=guessed", "", 403),
        ("/data?since=0", "", 403),
        ("/?token={token}", "attacker.example", 421),
        ("/?token={token}", "127.0.0.1:1", 421),
        ("/../../etc/passwd?token={token}", "", 404),
        ("/data/../record.json?token={token}&since=0", "", 404),
        ("/%2e%2e/%2e%2e/etc/passwd?token={token}", "", 404),
        ("/data?token={token}&since=-1", "", 404),
        ("/data?token={token}", "", 404),
    ],
)
def test_it_serves_its_page_and_its_rows_to_who_knows_the_token_and_no_more(
    served: Server, path: str, host: str, code: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=20)
    connection.putrequest("GET", path.format(token=served.token), skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{served.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == code
    assert answer.headers["Cache-Control"] == "no-store"
    connection.close()


def test_nothing_but_reading_is_answered(served: Server) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=20)
        connection.request(method, f"/?token={served.token}")
        assert connection.getresponse().status == 501
        connection.close()
