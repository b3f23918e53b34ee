"""findings evaluate MODEL --weights FILE [--json] [override ...]"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from findings.system import terminal


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("model", metavar="MODEL", help="a file of conf/model/, as in model=MODEL")
    parser.add_argument(
        "overrides", metavar="override", nargs="*", help="data=cifar10, recipe.normalisation=..., model.depth=56"
    )
    parser.add_argument(
        "--weights", type=Path, required=True, metavar="FILE", help="safetensors, or a checkpoint of tensors alone"
    )
    parser.add_argument("--json", action="store_true", help="the numbers, for programs")
    given = parser.parse_intermixed_args(arguments)
    from findings.config.compose import Composer
    from findings.training.evaluate import evaluate

    composed = Composer().compose([f"model={given.model}", *given.overrides])
    found = evaluate(composed, given.weights)
    if given.json:
        terminal.say_json({"model": composed.name, "data": composed.config.data.full_name, **asdict(found)})
        return 0
    top = f", top-5 error {found.top5_error:.2f} %" if found.top5_error is not None else ""
    terminal.say(
        terminal.console(),
        f"{composed.name} on {composed.config.data.full_name}: test error {found.error:.2f} %{top}, "
        f"loss {found.loss:.4f}, {found.images:,} images (weights named as {found.layout})",
    )
    return 0
