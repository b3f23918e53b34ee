"""PyTorch Lightning without what it imports on the way and no run uses: a process then begins in half of the time.

All that is used of Lightning and torchmetrics is imported from here: from themselves, it would bring all of it.

Lightning asks for torch's compiler to know the type of compiled modules, and to keep it out of its own logging: we hand
it no compiled module, and log nothing by it. Both ask for dozens of packages that may be there, for metrics of sound,
text and images, for plots and loggers: none of those is wanted, and some cannot even be imported beside a compiler that
is a name only (transformers, for one). Whoever needs them in a process that trains imports torchmetrics first.
"""

import contextlib
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
from lightning_utilities.core import imports

COMPILER = "torch._dynamo"
USED = {"torch", "torchmetrics", "numpy"}  # of the packages that are asked for


@contextlib.contextmanager
def _without_the_unused() -> Iterator[None]:
    """Within, what is not USED looks as if it were not installed, and the compiler is a name only."""
    caches = imports.RequirementCache
    if not hasattr(imports, "package_available") or not hasattr(caches, "_check_requirement"):
        yield  # another version's ways: everything is imported, which costs time and nothing else
        return
    available, check = imports.package_available, caches._check_requirement

    def package_available(name: str) -> bool:
        return name in USED and available(name)

    def check_requirement(self: Any) -> None:
        if _package(self.requirement) in USED:
            check(self)
        else:
            self.available, self.message = False, f"{self.requirement} was left out, as training does without it"

    compiler = ModuleType(COMPILER)
    compiler.OptimizedModule = type("OptimizedModule", (), {})  # type: ignore[attr-defined]
    compiler.disable = lambda function, *_, **__: function  # type: ignore[attr-defined]
    with (
        patch.object(imports, "package_available", package_available),
        patch.object(caches, "_check_requirement", check_requirement),
    ):
        known = sys.modules.setdefault(COMPILER, compiler)
        try:
            yield
        finally:
            if known is compiler:
                del sys.modules[COMPILER]


def _package(requirement: str) -> str:
    """Its name, of a requirement such as torch>=2.1."""
    return re.split(r"[^\w-]", requirement, maxsplit=1)[0]


with _without_the_unused() if "torchmetrics" not in sys.modules else contextlib.nullcontext():
    import pytorch_lightning as pl
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
    from torchmetrics import Metric
    from torchmetrics.functional import classification

# To keep its compiler out of these, torch imports it at their first call. Here it compiles a network's forward pass and
# its loss, so it never meets them.
for _method in ("add_param_group", "state_dict", "load_state_dict"):
    if _function := getattr(getattr(torch.optim.Optimizer, _method), "__wrapped__", None):
        setattr(_function, "__dynamo_disable", _function)

__all__ = ["LightningEnvironment", "Metric", "SLURMEnvironment", "classification", "pl"]
