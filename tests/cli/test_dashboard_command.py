"""findings dashboard: where the page is, and a server that ends when it is told to."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from findings.cli.main import main
from made_up_records import curve, write_plan, write_record, write_study


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, ["plain20", "resnet20"], points=3)
    return tmp_path


def test_the_only_scale_needs_no_name_and_a_sweep_is_looked_at(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard"]) == 0
    assert capsys.readouterr().out.strip() == "results/quick/index.html"
    assert (here / "results" / "quick" / "index.html").stat().st_size > 50_000
    assert main(["dashboard", "quick/depth-degradation"]) == 0
    assert capsys.readouterr().out.strip() == f"{(here / 'results/quick/index.html').as_uri()}#sweep=depth-degradation"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quik"], "'quik': nothing of that scale has been planned in results; did you mean 'quick'?"),
        (["quick/depth"], "'depth': no such sweep has been planned at quick; did you mean 'depth-degradation'?"),
        (["--live", "--port", "0"], "--port: '0' is no number from 1 to 65535"),
        ([], "findings dashboard: which scale? Name one; allowed: other, quick"),
    ],
)
def test_what_there_is_not(arguments: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not arguments:
        write_plan(here / "results", [], scale="other")
    assert main(["dashboard", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_it_is_served_until_it_is_told_to_end(here: Path) -> None:
    environment = os.environ | {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "findings.cli", "dashboard", "quick", "--live"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = lines[0].strip()
        port = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=.{32}", address)
        assert port, lines
        assert f"ssh -L {port[1]}:127.0.0.1:{port[1]} " in lines[2]
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"findings at <code>quick</code>" in answer.read()
        write_record(here / "runs", "plain20", 0, curve("plain20", 0, 4))
        news = address.replace("/?", "/data?") + "&since=0"
        deadline = time.monotonic() + 30
        said = b""
        while b'"label":"plain20"' not in said and time.monotonic() < deadline:
            time.sleep(0.2)
            with urllib.request.urlopen(news, timeout=60) as answer:
                said = answer.read()
        assert b'"label":"plain20"' in said
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
