"""What a step of training takes on a device: two lines of model, and a table of its prices, measured or assumed.

    seconds of a step = layers x seconds per layer                               what is launched, however small
        + images x (values x seconds per value + 3 x multiply-adds x seconds per multiply-add)     memory, arithmetic

Layers are those with weights, values what these put out for an image, multiply-adds theirs, forward; backward takes
twice as many. The parts are summed: nothing is hoped to overlap.

``measured.yaml`` is written by ``python -m benchmarks.throughput`` from what benchmarks recorded. ``published.yaml``
holds what makers publish, and what is assumed of it where nothing was measured. Neither needs torch to be read.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from findings.errors import InputError

if TYPE_CHECKING:
    from findings.nets.complexity import Complexity

MEASURED, PUBLISHED = "measured.yaml", "published.yaml"
FORWARD = 1 / 3  # of a step's work: backward is twice the forward pass


@dataclass(frozen=True)
class Prices:
    """Of the three parts of a step, in seconds."""

    per_layer: float
    per_value: float
    per_multiply_add: float  # forward or backward

    def step(self, network: "Complexity", images: int) -> float:
        """Seconds of one step, forward, backward and update, of a batch of ``images``."""
        of_image = network.activations * self.per_value + 3 * network.multiply_adds * self.per_multiply_add
        return network.layers * self.per_layer + images * of_image


@dataclass(frozen=True)
class Packing:
    """Several runs side by side on one device make ``speed_up`` times the images of one that has it to itself."""

    runs: int
    speed_up: float


@dataclass(frozen=True)
class Throughput:
    """One device in one precision. ``basis`` is measured or assumed; ``because`` says from what, in a line."""

    prices: Prices
    basis: str
    because: str
    packing: Packing | None = None  # None: not measured


@dataclass(frozen=True)
class Device:
    """What predictions are made for. ``cores`` are a CPU's, whose hours are then core-hours."""

    name: str
    title: str
    precisions: dict[str, Throughput]
    cores: int | None = None

    def throughput(self, precision: str) -> Throughput:
        """Raises InputError naming what there is."""
        if precision not in self.precisions:
            there_are = [f"recipe.precision={known}" for known in self.precisions]
            raise InputError(f"--device {self.name}", f"has no figures for training in {precision}", there_are)
        return self.precisions[precision]


def device(name: str) -> Device:
    """Raises InputError naming the nearest that is known."""
    known = devices()
    if name not in known:
        raise InputError("--device", f"no figures for '{name}'", known, name)
    return known[name]


@cache
def devices() -> dict[str, Device]:
    """Every device by its name; in each precision what was measured, otherwise what is assumed."""
    published, measured = _read(PUBLISHED), _read(MEASURED)
    found = {}
    for name, entry in published["devices"].items():
        assumed = {
            precision: _assumed(entry, precision, peak, published["assumptions"])
            for precision, peak in entry["peak"].items()
        }
        found[name] = Device(name, entry["title"], assumed | _measured(measured.get(name, {})))
    if "cpu" in measured:
        cpu = measured["cpu"]
        title = f"{cpu['machine']}, {cpu['cores']} cores"
        found["cpu"] = Device("cpu", title, _measured(cpu), cpu["cores"])
    return found


def names_of_gpus() -> dict[str, str]:
    """{device: the word in its driver's name for it}."""
    return {name: entry["named"] for name, entry in _read(PUBLISHED)["devices"].items()}


def _read(name: str) -> dict[str, Any]:
    import yaml

    content: dict[str, Any] = yaml.safe_load((resources.files(__name__) / name).read_text(encoding="utf-8"))
    return content


def _assumed(entry: dict[str, Any], precision: str, peak: float, assumptions: dict[str, Any]) -> Throughput:
    share, bandwidth = assumptions["arithmetic"][precision], assumptions["bandwidth"]
    traffic = assumptions["passes"] * assumptions["bytes"][precision]  # bytes of a value
    prices = Prices(
        per_layer=assumptions["kernels_per_layer"] * assumptions["seconds_per_kernel"],
        per_value=traffic / (bandwidth * entry["bandwidth"]),
        per_multiply_add=2 / (share * peak),
    )
    because = (
        f"nothing measured; {share:.0%} of the published {peak / 1e12:g} TFLOPS, {bandwidth:.0%} of "
        f"{entry['bandwidth'] / 1e12:g} TB/s, {prices.per_layer * 1e6:.0f} µs to launch a layer ({entry['source']})"
    )
    return Throughput(prices, "assumed", because)


def _measured(entry: dict[str, Any]) -> dict[str, Throughput]:
    return {precision: _fitted(of, entry["machine"]) for precision, of in entry.get("precisions", {}).items()}


def _fitted(entry: dict[str, Any], machine: str) -> Throughput:
    rows = entry["rows"]
    records = ", ".join(dict.fromkeys(row["record"] for row in rows))
    because = (
        f"within {entry['within']:.0%} of the {len(rows)} rows it was fitted to, on {machine}, and within "
        f"{entry['left_out']:.0%} of one left out of the fit ({records})"
    )
    packing = entry.get("packing")
    if packing:
        because += f"; {packing['runs']} runs side by side, {packing['speed_up']:g} times as fast as one by one, as "
        because += f"measured with {packing['network']} ({packing['record']})"
    prices = Prices(*(entry[key] for key in ("seconds_per_layer", "seconds_per_value", "seconds_per_multiply_add")))
    return Throughput(prices, "measured", because, Packing(packing["runs"], packing["speed_up"]) if packing else None)
