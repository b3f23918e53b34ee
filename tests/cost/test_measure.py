"""What training costs, measured by real processes on networks that are nearly free."""

import csv
import mmap
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
import yaml

from findings.cli.main import main
from findings.cost.measure import machine, rounds
from findings.cost.measure.machine import Others, PeakMemory
from findings.cost.measure.measurement import Failure, Measurement
from findings.cost.measure.rounds import Network, measured, order
from findings.cost.measure.steps import Meter
from findings.cost.measure.table import COLUMNS, share_of_others
from tiny_runs import OVERRIDES, replaced, tiny

SHORT = ("--seconds", "0.02")


def write_sweep(folder: Path, name: str, **values: list) -> None:
    """sweeps/tiny/<name>.yaml: the tiny network with some of its values replaced by several."""
    changed = {key.replace("__", "."): {"values": given} for key, given in values.items()}
    axes = {key: {"value": value} for key, value in OVERRIDES.items()} | {"seed": {"values": [3, 4]}} | changed
    path = folder / "sweeps" / "tiny" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"method": "grid", "parameters": axes}))


def table(folder: Path, finding: str) -> list[dict[str, str]]:
    with (folder / "results" / "quick" / finding / "cost.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def whole_scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps that share the narrow resnet, measured together in three rounds."""
    folder = tmp_path_factory.mktemp("measured")
    write_sweep(folder, "families", model=["plain20", "resnet20"])
    write_sweep(folder, "widths", model__width=[4, 64])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["measure", "tiny", "--rounds", "3", *SHORT]) == 0
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_row_for_each_network_and_round(whole_scale: Path) -> None:
    rows = table(whole_scale, "families")
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2 * 3, "one seed of each is enough"
    for row in rows:
        assert row["arm"].startswith(f"{row['model'].removesuffix('20')}8-w4-digits-quick-")
        facts = ("accelerator", "precision", "threads", "execution", "batch_size")
        assert [row[key] for key in facts] == ["cpu", "fp32", "1", "fast", "128"]
        assert row["device"]
        assert row["dirty"] in ("true", "false", "")
        assert int(row["steps"]) >= 5
        milliseconds, images = float(row["milliseconds_per_step"]), float(row["images_per_second"])
        # some steps may be an epoch's last, of 29 images
        assert 29 <= milliseconds / 1000 * images <= 128.1


def test_networks_take_turns_and_the_turn_is_reversed(whole_scale: Path) -> None:
    first, second, third = (
        [row["model"] for row in table(whole_scale, "families") if row["round"] == round] for round in "123"
    )
    assert first == third == ["plain20", "resnet20"]
    assert second == ["resnet20", "plain20"]
    networks = cast(Any, [1, 2, 3])
    assert [order(networks, round) for round in (1, 2, 3)] == [[1, 2, 3], [3, 2, 1], [1, 2, 3]]


def test_a_network_of_two_findings_is_measured_once_and_written_to_both(whole_scale: Path) -> None:
    families, widths = table(whole_scale, "families"), table(whole_scale, "widths")
    shared = {row["arm"] for row in families} & {row["arm"] for row in widths}
    assert len(shared) == 1
    assert [row for row in families if row["arm"] in shared] == [row for row in widths if row["arm"] in shared]


def test_a_larger_network_costs_more(whole_scale: Path) -> None:
    rows = table(whole_scale, "widths")
    small = [row for row in rows if "-w4-" in row["arm"]]
    large = [row for row in rows if "-w64-" in row["arm"]]
    for column, times in (("milliseconds_per_step", 3), ("peak_memory_mib", 3)):
        assert min(float(row[column]) for row in large) > times * max(float(row[column]) for row in small), column
    assert 0 < float(small[0]["peak_memory_mib"]) < 40, "the process has hundreds, which are not the network's"


def test_nothing_is_left_but_tables(whole_scale: Path) -> None:
    assert not (whole_scale / "runs").exists()
    left = {path.name for path in whole_scale.rglob("*") if path.is_file()}
    assert left == {"families.yaml", "widths.yaml", "cost.csv"}


@pytest.mark.parametrize("override", ["recipe.batch_size=32", "model=resnet20"])
def test_another_protocol_or_part_of_the_networks_leaves_the_table_alone(
    override: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sweep(elsewhere, "own", model=["plain20", "resnet20"])
    path = Path("results/quick/own/cost.csv")
    path.parent.mkdir(parents=True)
    path.write_text("as it was")
    assert main(["measure", "tiny/own", override, "--rounds", "1", *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "│ resnet20 " in shown
    assert f"{override.partition('=')[0]} changed, these are not the finding's own; {path} is left alone" in shown
    assert path.read_text() == "as it was"


def test_a_network_too_large_for_the_machine_is_one_line_and_the_others_are_written(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sweep(elsewhere, "sizes", model__width=[4, 1_000_000])
    assert main(["measure", "tiny/sizes", "--rounds", "2", *SHORT]) == 1
    out, err = capsys.readouterr()
    assert out.count("failed: resnet20 model.width=1000000: out of memory: ") == 1
    assert "Traceback" not in out + err
    assert [row["round"] for row in table(elsewhere, "sizes")] == ["1", "2"]


def test_a_process_that_dies_is_a_failure_with_its_signal(elsewhere: Path) -> None:
    network = Network("tiny", "tiny", "tiny", tiny(elsewhere), ())

    def kill() -> None:
        until = time.monotonic() + 30
        while not (children := multiprocessing.active_children()) and time.monotonic() < until:
            time.sleep(0.1)
        for child in children:
            child.kill()

    threading.Thread(target=kill).start()
    (one,) = measured([network], rounds=2, seconds=60)
    assert one.result == Failure("its process was ended by SIGKILL, as happens when memory runs out")


def test_an_interrupt_ends_it_and_keeps_the_former_table(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sweep(elsewhere, "own")
    path = Path("results/quick/own/cost.csv")
    path.parent.mkdir(parents=True)
    path.write_text("as it was")

    def interrupting(original: Any) -> Any:
        def started(*arguments: Any) -> Any:
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            return original(*arguments)

        return started

    replaced(rounds, "order", interrupting, monkeypatch)
    assert main(["measure", "tiny/own", "--seconds", "60"]) == 130
    assert capsys.readouterr().err == "findings: interrupted; no table is written\n"
    assert path.read_text() == "as it was"
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("nothing", "findings: sweep: no sweep 'nothing'"),
        ("quick --rounds 0", "findings: --rounds: '0' is no number above 0"),
        ("quick --rounds -1", "findings: --rounds: '-1' is no number above 0"),
        ("quick --seconds 0", "findings: --seconds: '0' is no number above 0"),
        ("quick --seconds nan", "findings: --seconds: 'nan' is no number above 0"),
        ("quick recipe.l=1", "findings: quick/"),
        (
            "cifar10-16px/depth-degradation.half",
            "findings: cifar10-16px/depth-degradation.half: is a check, whose costs",
        ),
    ],
)
def test_mistakes_are_one_line(command: str, line: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", *command.split()]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith(line)
    assert list(elsewhere.iterdir()) == []


def test_a_device_that_is_not_here_is_a_mistake_too(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("it is here")
    write_sweep(elsewhere, "own")
    assert main(["measure", "tiny/own", "trainer.accelerator=cuda", *SHORT]) == 2
    assert capsys.readouterr().err.startswith("findings: trainer.accelerator: cuda is asked for")


def test_the_clock_starts_when_steps_get_no_faster() -> None:
    meter = Meter(1.0, cast(Any, None))
    meter.begin = 10
    # an epoch's last, small step; the first whole one; then faster ones
    paces = [(11, 0.1), (12, 9.0), (13, 5.0), (15, 4.0), (17, 3.9)]
    settled = [meter._settled(cast(Any, SimpleNamespace(done=done, seconds_per_step=pace))) for done, pace in paces]
    assert settled == [False, False, False, False, True]


def test_peak_memory_is_what_came_on_top() -> None:
    memory = PeakMemory(torch.device("cpu"))
    # mapped anew: what malloc has left over from earlier tests is resident already
    with mmap.mmap(-1, 64 * 2**20) as fresh:
        for _ in range(64):
            fresh.write(bytes(2**20))
    assert 60 < memory.mib() < 100


def test_what_others_take_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "STAT", tmp_path / "stat")
    core = min(os.sched_getaffinity(0))
    hertz = os.sysconf("SC_CLK_TCK")
    idle = f"cpu 0 0 0 0 0 0 0 0 0 0\ncpu{core} 0 0 0 {{}} 0 0 0 0 0 0\ncpu999 1 1 1 1 1 1 1 1 1 1\nbtime 1\n"
    machine.STAT.write_text(idle.format(0))
    others = Others()
    machine.STAT.write_text(idle.format(900 * hertz))
    assert others.seconds() == 0
    machine.STAT.write_text(f"cpu{core} {60 * hertz} {20 * hertz} 0 0 0 0 0 {20 * hertz} 0 0\n")
    assert 95 < others.seconds() <= 100  # less what this process did
    one = Measurement("", "cpu", "fast", 1, 5, 640, 1.0, 1.0, wall_seconds=2.0, others_seconds=1.0)
    assert share_of_others([one, replace(one, others_seconds=0.0)], cores=2) == 1 / 8
    machine.STAT.unlink()
    assert Others().seconds() == 0
