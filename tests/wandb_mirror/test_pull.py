"""`findings pull` through the real client: what one person has sent, another reports on."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from launching import here, records, write_sweep
from wandb_server import Server, serving

SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server that has three runs of quick/small with their records, and where they were trained."""
    there, account = tmp_path_factory.mktemp("there"), tmp_path_factory.mktemp("account")
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        for key in ("WANDB_MODE", "WANDB_SWEEP_ID", "WANDB_RUN_ID"):
            patch.delenv(key, raising=False)
        patch.setenv("NETRC", str(account / "netrc"))
        patch.setenv("WANDB_CONFIG_DIR", str(account / "config"))
        patch.setenv("WANDB_CACHE_DIR", str(account / "cache"))
        patch.setenv("WANDB_API_KEY", SECRET)
        patch.setenv("WANDB_BASE_URL", server.address)
        length = {"recipe__iterations": 24, "recipe__milestones": [], "tracking": "offline"}
        here(there, "run", write_sweep(there, "small", seeds=3, **length))
        here(there, "sync")
        here(there, "report", "quick")
        yield server, there


@pytest.fixture
def server(sent: tuple[Server, Path]) -> Iterator[Server]:
    """The same, for a test to spoil."""
    server, _ = sent
    kept = copy.deepcopy(server.artifacts)
    server.requests.clear()
    yield server
    server.artifacts = kept
    server.refused.clear()


def test_what_one_has_sent_another_reports_on(sent: tuple[Server, Path], server: Server, tmp_path: Path) -> None:
    """Same records, same tables; twice brings nothing twice, and none of it is sent again."""
    there = sent[1]
    assert "3 of 3 records brought" in here(tmp_path, "pull", "team/findings")
    assert records(tmp_path) == records(there)
    for run in records(there):
        for name in ("config.yaml", "metrics.csv", "probes.csv", "predictions.npz"):
            assert Path(tmp_path, "runs", run, name).read_bytes() == Path(there, "runs", run, name).read_bytes(), name
    assert not list(tmp_path.glob("runs/.*"))
    here(tmp_path, "report", "quick")
    for table in ("plan.json", "runs.csv", "curves.csv"):
        path = Path("results", "quick", "small", table)
        assert (tmp_path / path).read_bytes() == (there / path).read_bytes()

    server.requests.clear()
    assert "nothing to send: 3 of 3 runs are in W&B" in here(tmp_path, "sync")
    assert server.requests == []
    again = here(tmp_path, "pull", "team/findings", "quick/small")
    assert again.count("left: ") == 3
    assert "0 of 3 records brought" in again
    assert not server.unknown


def test_what_is_no_record_is_named_and_costs_no_other(server: Server, tmp_path: Path) -> None:
    outside, foreign, whole = server.artifacts.values()
    outside["metadata"] = json.dumps(json.loads(outside["metadata"]) | {"run": "../../elsewhere"})
    config = foreign["files"]["config.yaml"]
    foreign["files"]["config.yaml"] = config.replace(b"_target_: findings.nets", b"_target_: os", 1)
    assert foreign["files"]["config.yaml"] != config
    mine = tmp_path / "here" / "below"
    mine.mkdir(parents=True)
    said = here(mine, "pull", "team/findings", code=1)
    assert "is no record that findings has sent: it speaks of '../../elsewhere'" in said
    assert "names 'os." in said
    assert "1 of 3 records brought" in said
    assert list(records(mine)) == [json.loads(whole["metadata"])["run"]]
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_runs_without_a_record_are_counted(server: Server, tmp_path: Path) -> None:
    del server.artifacts[next(iter(server.artifacts))]
    said = here(tmp_path, "pull", "team/findings", "quick")
    assert "2 of 2 records brought" in said
    assert "1 of the project's 3 runs have no record there" in said


def test_wrong_names_and_an_unwilling_server_are_one_line(server: Server, tmp_path: Path) -> None:
    assert here(tmp_path, "pull", "findings", code=2).startswith("findings: 'findings': names no project of W&B")
    said = here(tmp_path, "pull", "team/findings", "quick/other", code=2)
    assert said == "findings: 'quick/other': of 3 records in team/findings none is of it\n"
    server.refused.add("ProjectArtifactTypes")
    assert "W&B does not answer for team/findings" in here(tmp_path, "pull", "team/findings", code=1)
    server.refused.clear()
    server.artifacts = {}
    assert "holds no record of a run that has ended (3 runs)" in here(tmp_path, "pull", "team/findings", code=2)
