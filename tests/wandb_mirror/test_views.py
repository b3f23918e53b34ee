"""findings dashboard --wandb: what it would send, what W&B's own client sends, and that nothing is made twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from findings.cli.main import main
from findings.judging.evidence import read_plan
from findings.records.record import COLUMNS
from findings.report.figures.looks import look
from golden_files import golden
from made_up_records import write_study
from wandb_server import ENTITY, Server, serving


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_study(tmp_path, ["plain20", "resnet20"], points=3)
    return tmp_path


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
        monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "wandb-config"))
        server.projects.add("findings")
        yield server


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["dashboard", "quick", "--wandb", "--dry-run", *arguments]) == 0
    return dict(json.loads(capsys.readouterr().out))


def each(of: Any, key: str) -> Iterator[Any]:
    """Every value under the key, however deep."""
    if isinstance(of, dict):
        for name, value in of.items():
            if name == key:
                yield value
            yield from each(value, key)
    elif isinstance(of, list):
        for value in of:
            yield from each(value, key)


def test_what_would_be_sent_is_what_was_agreed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same on every machine; a change is one to look at in W&B before it is taken into the golden file."""
    first = told(capsys)
    assert first == told(capsys)
    text = json.dumps(first, indent=1, ensure_ascii=False) + "\n"
    assert text == golden("wandb_views.txt", text)


def test_charts_are_of_columns_that_runs_have_and_arms_have_their_colours(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    views = told(capsys)["quick/depth-degradation"]
    for view in views.values():
        metrics = {name for names in each(view, "metrics") for name in names}
        assert metrics <= set(COLUMNS)
        assert {"test_error", "train_error"} <= metrics
        assert set(each(view, "xAxis")) <= {"epoch", "iteration", "_step"}
        colours = {colour for one in each(view, "customRunColors") for key, colour in one.items() if key != "ref"}
        assert colours == {look("plain20").colour, look("resnet20").colour}
        assert "band: standard error, not 95 %" in json.dumps(view)
        arms = {arm.id for arm in read_plan(here / "results/quick/depth-degradation/plan.json").arms}
        groups = {unquote(key) for one in each(view, "customRunColors") for key in one}
        assert all(any("group" in key and arm in key for key in groups) for arm in arms)
        (wanted,) = [one["filters"] for one in each(view, "filters") if isinstance(one, dict)]
        assert {one["key"]["name"]: one["value"] for one in wanted} == {"scale": "quick", "arm": sorted(arms)}


def test_two_calls_make_one_view(here: Path, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["dashboard", "quick/depth-degradation", "--wandb"]
    assert main(command) == 0, capsys.readouterr()
    said = capsys.readouterr().out
    assert f"/{ENTITY}/findings" in said
    assert "/reports/" in said
    first = dict(server.views)
    assert sorted(view["type"] for view in first.values()) == ["project-view", "runs"]
    remembered = (here / "results/quick/depth-degradation/wandb.json").read_text()
    assert main(command) == 0
    assert capsys.readouterr().out == said
    assert server.views.keys() == first.keys()
    assert all(view["spec"] == first[id]["spec"] for id, view in server.views.items())
    assert (here / "results/quick/depth-degradation/wandb.json").read_text() == remembered
    assert server.unknown == []
    assert main([*command, "tracking.project=other"]) == 0
    assert len(server.views) == 4


def test_a_workspace_that_was_made_is_not_made_again_when_its_report_was_refused(
    here: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.refused.add("upsertView")
    command = ["dashboard", "quick/depth-degradation", "--wandb"]
    assert main(command) == 1
    assert "W&B took no view" in "".join(capsys.readouterr())
    server.refused.clear()
    assert main(command) == 0
    assert len(server.views) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dry-run"], "--dry-run: is of --wandb"),
        (["--wandb", "--live"], "--wandb: sends what there is, and --live goes on: use one of them"),
        (["--wandb", "tracking.projekt=a"], "'tracking.projekt=a': no such override of --wandb; did you mean"),
        (["--wandb", "tracking.entity="], "'tracking.entity=': is given no name"),
        (["--wandb"], "W&B: no key for"),
        (["tracking.project=a"], "'tracking.project=a': no such override of this action"),
    ],
)
def test_what_is_wrong_is_a_line(
    arguments: list[str], said: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(here / "none"))
    assert main(["dashboard", "quick", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_views_that_are_remembered_badly_are_named(
    here: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "results/quick/depth-degradation/wandb.json").write_text("[]")
    assert main(["dashboard", "quick", "--wandb"]) == 2
    assert "wandb.json: holds no views of W&B" in capsys.readouterr().err
    assert server.views == {}
