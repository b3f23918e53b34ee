"""Every benchmark runs with tiny settings and prints its table; it keeps rows when told to, after those kept before."""

import csv
import importlib
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from findings.judging.recorded import METRIC_COLUMNS
from findings.records.record import Record
from launching import write_sweep

ROOT = Path(__file__).parents[2]
TINY = ("recipe.batch_size=8", "recipe.batch_norm_group=null", "data.size=8", "trainer.accelerator=cpu")
ONE = ["--networks", "resnet8", "--precisions", "fp32"]


@pytest.fixture
def benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a benchmark as its command does, from the repository's root; results go to the test's own folder."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(tmp_path)
    made_up, table = importlib.import_module("benchmarks.made_up"), importlib.import_module("benchmarks.table")
    monkeypatch.setattr(made_up, "PROTOCOL", (*made_up.PROTOCOL, *TINY))
    monkeypatch.setattr(made_up, "cores", lambda: 1)  # threads of a machine that is busy wait for each other
    monkeypatch.setattr(table, "LISTENING", 0.02)
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def rows(name: str) -> list[dict[str, str]]:
    with Path("results", "benchmarks", f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_step_compares_ours_with_the_bare_loop_and_the_usual_way(benchmark: Any, capfd: Any) -> None:
    benchmark("step").main([*ONE, "--pairs", "2", "--seconds", "0.01", "--record"])
    assert "ours / bare" in capfd.readouterr().out
    (row,) = rows("step")
    assert (row["network"], row["precision"], row["batch_size"], row["pairs"]) == ("resnet8", "fp32", "8", "2")
    rates = [float(row[name]) for name in ("ours", "bare", "usual")]
    assert all(rate > 0 for rate in rates)
    assert 0 < float(row["ours_over_bare_q1"]) <= float(row["ours_over_bare"]) <= float(row["ours_over_bare_q3"])


def test_packing_counts_all_workers_over_one_window(benchmark: Any, capfd: Any) -> None:
    benchmark("packing").main(
        ["--network", "resnet8", "--precision", "fp32", "--most", "2", "--seconds", "0.1", "--record"]
    )
    assert "speed-up" in capfd.readouterr().out
    alone, two = rows("packing")
    assert (alone["workers"], alone["speed_up"], two["workers"]) == ("1", "1", "2")
    assert float(two["images_per_second_each"]) == pytest.approx(float(two["images_per_second"]) / 2, rel=1e-4)


def test_small_measures_the_smallest_scales_networks(benchmark: Any, capfd: Any) -> None:
    benchmark("small").main([*ONE, "--epochs", "1", "--record"])
    assert "ms per step" in capfd.readouterr().out
    (row,) = rows("small")
    assert (row["network"], row["precision"], row["batch_size"], row["steps"]) == ("resnet8", "fp32", "64", "22")
    assert float(row["images_per_second"]) == pytest.approx(64_000 / float(row["milliseconds_per_step"]), rel=1e-4)


def test_study_times_the_whole_command(benchmark: Any, tmp_path: Path, capfd: Any) -> None:
    name = write_sweep(tmp_path, "depth-degradation", seeds=1, recipe__iterations=24, recipe__milestones=[])
    sweep = str(tmp_path / "sweeps" / f"{name}.yaml")
    benchmark("study").main([sweep, "--record"])
    (row,) = rows("study")
    assert (row["sweep"], row["runs"]) == (sweep, "1")
    assert float(row["seconds"]) > 1


def test_memory_measures_a_network_in_a_process_of_its_own(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setattr(benchmark("memory"), "SECONDS", 0.01)
    benchmark("memory").main([*ONE, "--record"])
    assert "MiB" in capfd.readouterr().out
    (row,) = rows("memory")
    assert float(row["peak_memory_mib"]) > 0


def test_plan_counts_runs_and_networks(benchmark: Any, capfd: Any) -> None:
    module: ModuleType = benchmark("plan")
    module.main(["--most", "2", "--record"])
    assert "planner s" in capfd.readouterr().out
    (row,) = rows("plan")
    assert (row["runs"], row["networks"]) == ("2", "2")
    assert [_size(module, runs) for runs in (10, 100, 1_000, 10_000)] == [10, 100, 1_000, 10_000]


def _size(module: ModuleType, runs: int) -> int:
    """Of the plan that ``_overrides`` ask for."""
    _, depths, widths, seeds = module._overrides(runs)
    return (depths.count(",") + 1) * (widths.count(",") + 1) * int(seeds.removeprefix("seed=range(").removesuffix(")"))


def test_report_reads_the_records_that_it_makes_up(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Any
) -> None:
    module = benchmark("report")
    module.main(["--most", "5", "--record"])
    assert "again s" in capfd.readouterr().out
    (row,) = rows("report")
    assert (row["runs"], row["rows"]) == ("5", "1000")
    assert float(row["first_peak_mib"]) > 10
    assert len(module._metrics("plain20", 0).splitlines()[1].split(",")) == len(METRIC_COLUMNS)


def test_startup_times_whole_commands(benchmark: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(benchmark("startup"), "COMMANDS", {"findings --help": (["--help"], 1, 0.5)})
    benchmark("startup").main([])
    assert "findings --help" in capfd.readouterr().out
    assert not Path("results").exists()  # nothing is kept unless it is asked for


def test_recording_only_ever_appends(benchmark: Any, capfd: Any) -> None:
    table = benchmark("table")
    made = table.Benchmark("made", "A table", {"what": "{what}", "how long": "{seconds:.1f} s"}, ("what", "seconds"))
    made.run([{"what": "one", "seconds": 1.23456789}], "A processor", record=True)
    assert "1.2 s" in capfd.readouterr().out
    before = made.path.read_bytes()
    made.run([{"what": "two", "seconds": 2.0}], "A processor", record=True)
    assert made.path.read_bytes().startswith(before)
    first, second = rows("made")
    assert list(first) == [*table.CONDITIONS, "what", "seconds"]
    assert (first["what"], first["seconds"], second["what"]) == ("one", "1.23457", "two")
    assert first["date"]
    assert first["machine"] == "A processor"
    assert first["torch"]

    def never() -> Any:
        raise AssertionError("measured in vain")
        yield

    other = table.Benchmark("made", "A table", {"what": "{what}"}, ("what", "metres"))
    with pytest.raises(SystemExit, match="other columns"):
        other.run(never(), "A processor", record=True)
    assert len(rows("made")) == 2


def test_precision_compares_runs_that_differ_in_nothing_else(benchmark: Any, capfd: Any) -> None:
    """Of tables, of records, and of what was kept before; a run in progress takes no part, a diverged one does."""
    module = benchmark("precision")
    asked = ["quick/depth-degradation", "model=resnet20", "seed=range(3)"]
    plans = {
        kind: module.Planner().plan(module.find(asked[0])[0], [*asked[1:], f"recipe.precision={kind}"])
        for kind in ("fp32", "bf16")
    }
    fp32, bf16 = ([run.id for run in plans[kind]] for kind in ("fp32", "bf16"))
    folder = Path("results", "quick", "depth-degradation")
    folder.mkdir(parents=True)
    runs = ["id,status,diverged,device,git"]
    curves = ["id,epoch,train_error,test_error"]
    for id, status, error in zip(bf16, ("finished", "failed", "finished"), (1.9, 90, 2.1), strict=True):
        runs.append(f"{id},{status},{str(status == 'failed').lower()},A processor,abc")
        curves += [f"{id},1,50,50", f"{id},2,{error},{error}"]
    folder.joinpath("runs.csv").write_text("\n".join(runs) + "\n")
    folder.joinpath("curves.csv").write_text("\n".join(curves) + "\n")

    def leave(id: str, status: str, error: float) -> None:
        record = Record(Path("runs", id))
        record.update(status=status, provenance={"device": "Another", "git": {"sha": "def"}})
        record.directory.joinpath("metrics.csv").unlink(missing_ok=True)
        for epoch, value in enumerate((40, error), 1):
            record.append({"epoch": epoch, "iteration": epoch, "train_error": value, "test_error": value})

    leave(fp32[0], "finished", 5)
    leave(fp32[1], "interrupted", 6)
    module.main([*asked, "--record"])
    assert [(row["id"], row["test_error"]) for row in rows("precision")] == [
        *((fp32[0], "5"), (bf16[0], "1.9"), (bf16[1], "90"), (bf16[2], "2.1"))
    ]
    assert "bf16 - fp32" in capfd.readouterr().out

    for id, error in ((fp32[1], 6), (fp32[2], 7)):
        leave(id, "finished", error)
    shutil.rmtree(Path("runs", fp32[0]))
    shutil.rmtree(folder)
    module.main([*asked, "--record"])
    kept = {row["id"]: row for row in rows("precision")}
    assert sorted(kept) == sorted(fp32 + bf16)
    assert (kept[fp32[0]]["device"], kept[bf16[0]]["run_git"]) == ("Another", "abc")
    _, compared = module._compared(list(module._kept().values()))
    assert (compared["error"], compared["fp32_mean"], compared["fp32_sd"], compared["bf16_seeds"]) == (
        "test_error",
        6,
        1,
        3,
    )
    assert compared["bf16_mean"] == pytest.approx(94 / 3)
    assert compared["agree"] == "cannot be told"


@pytest.mark.parametrize(
    ("bf16", "agree"), [([1.9, 2.0, 2.1], "yes"), ([5.9, 6.0, 6.1], "no"), ([1.0, 2.0, 3.0], "cannot be told")]
)
def test_precision_is_told_apart_only_where_seeds_allow_it(bf16: list[float], agree: str, benchmark: Any) -> None:
    assert benchmark("precision")._row({"fp32": [1.9, 2.0, 2.1], "bf16": bf16})["agree"] == agree


def test_the_rule_of_verdicts_is_wrong_as_rarely_as_it_says(benchmark: Any) -> None:
    benchmark("verdicts").main(["--studies", "300", "--record"])
    found = rows("verdicts")
    assert [(row["seeds"], row["second_sd"]) for row in found[:4]] == [
        ("3", "1"),
        ("3", "4"),
        ("3", "1"),
        ("5", "1"),
    ]
    for row in found:
        assert float(row["covered"]) > 91  # 95, less three standard errors of 300 studies
        for name in ("false_greater", "false_no_worse", "false_equal", "false_ordered"):
            assert float(row[name]) < 2.5 + 3 * 0.9
        assert float(row["any_holm"]) < 5 + 3 * 1.3 - 1
