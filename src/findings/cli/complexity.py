"""findings complexity MODEL [--input N] [--classes N] [--per-layer] [--json] [override ...]"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from findings.errors import InputError
from findings.system import terminal

if TYPE_CHECKING:
    from rich.table import Table

    from findings.nets.layers import Layer

BYTES = 4  # of a value in fp32


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("model", metavar="MODEL", help="a file of conf/model/, as in model=MODEL")
    parser.add_argument(
        "overrides",
        metavar="override",
        nargs="*",
        help="of its hyperparameters: model.depth=32, model.name=densenet121",
    )
    parser.add_argument("--input", type=int, metavar="N", help="pixels a side (default: what its file counts it for)")
    parser.add_argument("--channels", type=int, metavar="N", help="of the image (default: likewise)")
    parser.add_argument("--classes", type=int, metavar="N", help="(default: likewise)")
    parser.add_argument("--per-layer", action="store_true", help="a row for each layer")
    parser.add_argument("--json", action="store_true", help="all rows, for programs")
    given = parser.parse_intermixed_args(arguments)
    for key in ("input", "channels", "classes"):
        if (value := getattr(given, key)) is not None and value < 1:
            raise InputError(f"--{key}", f"{value} is below 1")
    from findings.nets.layers import layers

    network, image = _network(given)
    rows = layers(network, channels=image["channels"], size=image["size"])
    pixels = image["channels"] * image["size"] ** 2
    total = _total(rows, pixels)
    if given.json:
        terminal.say_json({"model": given.model, **image, **total, "layers": [asdict(row) for row in rows]})
        return 0
    console = terminal.console()
    if given.per_layer:
        console.print(_table(rows))
    side = f"{image['size']}x{image['size']}"
    console.print(
        f"{given.model}, an image of {side} with {image['channels']} channels, {image['classes']:,} classes\n"
        f"  weights       {total['parameters']:>16,}\n"
        f"  multiply-adds {total['multiply_adds']:>16,}\n"
        f"  activations   {total['values']:>16,} values with the image's, {_size(total['values'])} in fp32\n"
        f"  in all        {total['values_with_copies']:>16,} where none is written over its input,"
        f" {_size(total['values_with_copies'])}\n"
        f"  sees          {total['receptive_field']:>16,} pixels a side, where it still has places",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _network(given: argparse.Namespace) -> tuple[Any, dict[str, int]]:
    """The network on the meta device, and what it is counted for: as it was asked, or what its file says."""
    import torch

    from findings.config.compose import Composer
    from findings.nets.build import construct

    composed = Composer().compose(["scale=cifar10", f"model={given.model}", *given.overrides]).config
    usual = _counted_for(given.model)
    asked = {"size": given.input, "channels": given.channels, "classes": given.classes}
    image = usual | {key: value for key, value in asked.items() if value is not None}
    with torch.device("meta"):
        return construct(composed.model, **image), image


def _counted_for(model: str) -> dict[str, int]:
    """The images that a model file's own figures are for; CIFAR's where it gives none."""
    from findings.config.folders import folders

    paths = (folder / "model" / f"{model}.yaml" for folder in folders("conf"))
    text = next(path for path in paths if path.exists()).read_text()
    if maps := re.search(r"maps of (\d+)x\d+x(\d+)", text):
        return {"size": int(maps[1]), "channels": int(maps[2]), "classes": 10}
    found = re.search(r"(\d+)x\d+(?: pixels| in)? (?:and |in )?([\d,]+) classes", text) or re.search(
        r"of (\d+)x\d+", text
    )
    size = int(found[1]) if found else 32
    classes = int(found[2].replace(",", "")) if found and found.lastindex == 2 else 10
    return {"size": size, "channels": 1 if "grey image" in text else 3, "classes": classes}


def _total(rows: "Sequence[Layer]", pixels: int) -> dict[str, int]:
    return {
        "parameters": sum(row.parameters for row in rows),
        "multiply_adds": sum(row.multiply_adds for row in rows),
        "values": pixels + sum(row.values for row in rows if not row.in_place),
        "values_with_copies": pixels + sum(row.values for row in rows),
        "receptive_field": next((row.field.side for row in reversed(rows) if _is_map(row.shape)), 1),
    }


def _is_map(shape: tuple[int, ...]) -> bool:
    """Whether there is more than one place: after global pooling every value sees everything."""
    return len(shape) == 3 and shape[-1] > 1


def _size(values: int) -> str:
    return f"{BYTES * values / 2**20:,.1f} MiB"


def _table(rows: "Sequence[Layer]") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("layer", "kind"):
        table.add_column(title, no_wrap=True)
    for title in ("puts out", "weights", "multiply-adds", "values", "sees", "stride"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        counts = (row.parameters, row.multiply_adds, row.values)
        table.add_row(
            row.name,
            row.kind,
            "x".join(str(length) for length in row.shape),
            *(f"{count:,}" if count else "" for count in counts[:2]),
            f"({row.values:,})" if row.in_place else f"{row.values:,}",
            f"{row.field.side}",
            f"{row.field.stride}",
        )
    table.caption = "values in brackets may be written over the layer's input"
    return table
