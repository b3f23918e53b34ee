"""The table that predictions are made with: what it says it rests on is so, and measurements replace guesses."""

import csv
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from findings.config.compose import Composer
from findings.config.identity import identify
from findings.cost import throughput
from findings.cost.throughput import Prices, device, devices
from findings.errors import InputError
from findings.planning.plan import count

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "src" / "findings" / "cost" / "throughput" / "measured.yaml"
COMPOSER = Composer()


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.throughput")


@pytest.fixture
def forgetful() -> Iterator[None]:
    devices.cache_clear()
    yield
    devices.cache_clear()


def step_csv(results: Path, machine: str, prices: Prices, networks: tuple[str, ...], date: str = "2026-01-01") -> None:
    """Steps in bf16 that take exactly what ``prices`` say, as benchmarks.step records them."""
    path = results / "benchmarks" / "step.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(
                ["date", "machine", "cores", "network", "precision", "compiled", "batch_size", "threads", "ours"]
            )
        for network in networks:
            pace = 128 / prices.step(count(COMPOSER.compose(["scale=cifar10", f"model={network}"]).config), 128)
            writer.writerow([date, machine, 2, network, "bf16", "no", 128, 2, pace])
            writer.writerow([date, machine, 2, network, "bf16", "yes", 128, 2, 9 * pace])  # compiled: of no account


NETWORKS = ("resnet20", "resnet56", "wide16x4", "preact-resnet29-bottleneck", "plain20", "wide46x1")
PRICES = Prices(1e-4, 4e-11, 2e-13)


def test_the_committed_table_is_what_the_records_give(benchmark: Any) -> None:
    told = "run `python -m benchmarks.throughput --write`: results/ holds other rows by now"
    assert TABLE.read_text() == benchmark.table(ROOT / "results"), told


def test_a_measured_network_is_predicted_as_closely_as_is_said() -> None:
    cpu = yaml.safe_load(TABLE.read_text())["cpu"]
    with (ROOT / "results" / "benchmarks" / "step.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["compiled"] == "no" and row["machine"] == cpu["machine"]]
    assert rows
    for row in rows:
        counted = count(COMPOSER.compose(["scale=cifar10", f"model={row['network']}"]).config)
        predicted = 128 / device("cpu").throughput(row["precision"]).prices.step(counted, 128)
        assert predicted == pytest.approx(float(row["ours"]), rel=cpu["precisions"][row["precision"]]["within"] + 0.02)


def test_the_fit_finds_the_prices_and_leaves_out_what_is_compiled(benchmark: Any, tmp_path: Path) -> None:
    step_csv(tmp_path, "A processor", PRICES, NETWORKS)
    fitted = yaml.safe_load(benchmark.table(tmp_path))["cpu"]
    assert (fitted["machine"], fitted["cores"], list(fitted["precisions"])) == ("A processor", 2, ["bf16"])
    found = fitted["precisions"]["bf16"]
    names = ("seconds_per_layer", "seconds_per_value", "seconds_per_multiply_add")
    assert [found[name] for name in names] == pytest.approx([1e-4, 4e-11, 2e-13], rel=0.01)
    assert found["within"] <= found["left_out"] <= 0.02
    assert {(row["record"], row["network"]) for row in found["rows"]} >= {("results/benchmarks/step.csv", "resnet56")}


def test_of_rows_recorded_again_the_last_count_and_of_processors_the_newest(benchmark: Any, tmp_path: Path) -> None:
    step_csv(tmp_path, "An old processor", Prices(1, 1, 1), NETWORKS, date="2025-01-01")
    step_csv(tmp_path, "A processor", Prices(1, 1, 1), NETWORKS)
    step_csv(tmp_path, "A processor", PRICES, NETWORKS)
    fitted = yaml.safe_load(benchmark.table(tmp_path))["cpu"]
    assert fitted["machine"] == "A processor"
    assert fitted["precisions"]["bf16"]["seconds_per_layer"] == pytest.approx(1e-4, rel=0.01)


@pytest.mark.parametrize("gpu", ["NVIDIA GH200 480GB", "NVIDIA L40S", "Tesla T4", "AMD Instinct MI300X"])
def test_a_gpu_that_is_not_known_is_neither_another_nor_a_cpu(gpu: str, benchmark: Any, tmp_path: Path) -> None:
    step_csv(tmp_path, gpu, PRICES, NETWORKS, date="2026-02-02")
    assert yaml.safe_load(benchmark.table(tmp_path)) == {}
    step_csv(tmp_path, "AMD EPYC", PRICES, NETWORKS)
    step_csv(tmp_path, "A new processor", PRICES, NETWORKS[:2], date="2026-02-02")  # too few for a fit
    fitted = yaml.safe_load(benchmark.table(tmp_path))
    assert {name: entry["machine"] for name, entry in fitted.items()} == {"cpu": "AMD EPYC"}


@pytest.mark.parametrize("gpu", ["NVIDIA H200", "NVIDIA H200 NVL"])
def test_a_gpu_is_known_by_a_word_of_its_name(gpu: str, benchmark: Any, tmp_path: Path) -> None:
    step_csv(tmp_path, gpu, PRICES, NETWORKS)
    fitted = yaml.safe_load(benchmark.table(tmp_path))
    assert {name: entry["machine"] for name, entry in fitted.items()} == {"h200": gpu}


def cost_csv(results: Path, execution: str) -> None:
    """What steps cost a finding's networks, as ``findings measure`` writes it."""
    path = results / "cifar10" / "wide-vs-deep" / "cost.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["model", "arm", "device", "precision", "threads", "execution", "batch_size", "images_per_second"]
        )
        for network in NETWORKS:
            config = COMPOSER.compose(["scale=cifar10", f"model={network}", "recipe.precision=bf16"]).config
            pace = 128 / PRICES.step(count(config), 128)
            for factor in (0.5, 1, 2):  # rounds, of which the median is taken
                writer.writerow(
                    [network, identify(config).arm, "NVIDIA H200", "bf16", 8, execution, 128, factor * pace]
                )


@pytest.mark.parametrize("execution", ["fast", "captured"])
def test_costs_of_a_findings_networks_are_fitted_too(execution: str, benchmark: Any, tmp_path: Path) -> None:
    cost_csv(tmp_path, execution)
    found = yaml.safe_load(benchmark.table(tmp_path))["h200"]["precisions"]["bf16"]
    assert found["seconds_per_layer"] == pytest.approx(1e-4, rel=0.01)
    assert found["rows"][0]["record"] == "results/cifar10/wide-vs-deep/cost.csv"


@pytest.mark.parametrize("execution", ["plain", "shared", "fast, compiled", "captured, compiled"])
def test_costs_of_other_steps_are_of_no_account(execution: str, benchmark: Any, tmp_path: Path) -> None:
    cost_csv(tmp_path, execution)
    assert yaml.safe_load(benchmark.table(tmp_path)) == {}


def test_the_records_costs_are_among_what_is_fitted() -> None:
    rows = yaml.safe_load(TABLE.read_text())["cpu"]["precisions"]["bf16"]["rows"]
    assert "results/cifar10-jpeg/wide-vs-deep/cost.csv" in {row["record"] for row in rows}


def test_too_few_networks_make_no_fit(benchmark: Any, tmp_path: Path) -> None:
    step_csv(tmp_path, "NVIDIA H200", PRICES, NETWORKS[:4])
    assert yaml.safe_load(benchmark.table(tmp_path)) == {}


@pytest.mark.usefixtures("forgetful")
def test_a_gpu_that_was_measured_is_assumed_no_longer(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert device("h200").throughput("bf16").basis == "assumed"
    step_csv(tmp_path, "NVIDIA H200", PRICES, NETWORKS)
    read, content = throughput._read, yaml.safe_load(benchmark.table(tmp_path))
    monkeypatch.setattr(throughput, "_read", lambda name: content if name == throughput.MEASURED else read(name))
    devices.cache_clear()
    h200 = device("h200")
    assert (h200.throughput("bf16").basis, h200.throughput("fp32").basis) == ("measured", "assumed")
    assert "results/benchmarks/step.csv" in h200.throughput("bf16").because
    assert h200.throughput("bf16").prices.per_layer == pytest.approx(1e-4, rel=0.01)
    assert device("a100").throughput("bf16").basis == "assumed"


def test_what_is_assumed_stays_far_below_what_is_published() -> None:
    published = yaml.safe_load((TABLE.parent / "published.yaml").read_text())["devices"]
    for name, entry in published.items():
        for precision, peak in entry["peak"].items():
            table = device(name).throughput(precision)
            assert table.basis == "assumed"
            assert f"{peak / 1e12:g} TFLOPS" in table.because
            assert 2 / table.prices.per_multiply_add <= peak / 4
            assert table.prices.per_layer > 0
            # written once and read once, by every pass of at least eight
            assert table.prices.per_value > 8 * 2 / entry["bandwidth"]


def test_what_a_device_cannot_do_is_refused_by_what_it_can() -> None:
    with pytest.raises(InputError, match=r"no figures for training in bf16; allowed: recipe.precision=fp32"):
        device("v100").throughput("bf16")
    with pytest.raises(InputError, match=r"no figures for 'h20'; did you mean 'h200'\? allowed: h200, a100, v100, cpu"):
        device("h20")


def test_the_table_is_read_without_torch() -> None:
    script = (
        "import sys; from findings.cost.throughput import devices as read; read(); "
        "print({'torch', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
