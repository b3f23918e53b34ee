"""What a run begins with: new weights, or those that another run ended with."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from findings.config.frozen import thaw
from findings.config.identity import Run
from findings.config.schema import Config, Match
from findings.errors import InputError
from findings.nets.build import build
from findings.nets.weights import fitting, head_of, take_over
from findings.records.record import Record
from findings.records.starts import source

PREFIX = "network."  # of the learner's part in a checkpoint


def beginning(run: Run) -> dict[str, Any] | None:
    """What the record says of where the weights come from; None for new ones.

    Raises InputError where they cannot be had, or do not fit.
    """
    record = source(run)
    if record is None:
        return None
    network, given = _on_meta(run.config), _on_meta(thaw(record.config).config).state_dict()
    taken = set(_fitting(run.config, network, given))
    return {
        "run": record.directory.name,
        "iteration": record["iteration"],
        "git": record.get("provenance", {}).get("git"),
        "tensors": len(taken),
        "anew": [name for name in network.state_dict() if name not in taken],
        "left": [name for name in given if name not in taken],
    }


def take_weights(network: nn.Module, run: Run) -> None:
    """Give ``network``, initialised, the weights that ``run`` is to begin with."""
    record = source(run)
    if record is not None:
        given = _weights(record)
        take_over(network, given, _fitting(run.config, network, given))


def _fitting(config: Config, network: nn.Module, given: Mapping[str, Tensor]) -> list[str]:
    own = network.state_dict()
    fits = fitting(own, given, exact=config.init_from.match is Match.exact)
    if config.init_from.freeze:
        head = head_of(network)
        for name in own:
            if name not in fits and not name.startswith(f"{head}."):
                raise InputError("init_from.freeze", f"{name} would stay as it was drawn: it does not fit there")
    return fits


def _on_meta(config: Config) -> nn.Module:
    with torch.device("meta"):
        return build(config)


def _weights(record: Record) -> dict[str, Tensor]:
    held = torch.load(record.checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix(PREFIX): tensor for name, tensor in held.items() if name.startswith(PREFIX)}
