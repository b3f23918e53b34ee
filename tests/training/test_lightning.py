"""What a process that trains imports: no compiler, and none of the libraries that Lightning looks for on the way."""

from pathlib import Path

from fresh import ran

HEAVY = ("torch._dynamo", "torch._inductor", "sympy", "scipy", "matplotlib", "torchvision", "sklearn", "pandas")
TRAIN = """
import sys
from findings.cli.main import main

overrides = ["model=resnet8", "recipe.iterations=24", "recipe.milestones=[20]", "recipe.warmup_iterations=0"]
assert main(["train", *overrides, "tracking=none", "trainer.threads=1", "trainer.checkpoint_every=0"]) == 0
print([name for name in {heavy} if name in sys.modules])
"""
AFTERWARDS = """
import torch
import findings.training.lightning
import torch._dynamo
from torch._dynamo import OptimizedModule

assert isinstance(torch.compile(torch.nn.Linear(2, 2)), OptimizedModule)
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
"""
ANOTHER_VERSION = """
from lightning_utilities.core.imports import RequirementCache

check = RequirementCache._check_requirement
RequirementCache._check_available = lambda self: hasattr(self, "available") or check(self)
del RequirementCache._check_requirement
import findings.training.train
"""


def test_a_run_imports_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    assert ran(TRAIN.format(heavy=HEAVY), tmp_path).splitlines()[-1] == "[]"


def test_what_was_left_out_is_whole_where_it_is_wanted_later(tmp_path: Path) -> None:
    ran(AFTERWARDS, tmp_path)


def test_another_version_of_what_is_left_out_by_name_trains_all_the_same(tmp_path: Path) -> None:
    ran(ANOTHER_VERSION, tmp_path)


def test_what_else_is_installed_is_not_touched(tmp_path: Path) -> None:
    """As transformers, which asks more of the compiler on import than its name."""
    packages = ["transformers", "onnxruntime", "mpi4py"]
    for package in packages:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("import torch._dynamo._trace_wrapped_higher_order_op\n")
        information = tmp_path / f"{package}-5.0.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 5.0.0\n")
    found = ran(
        f"import sys; import findings.training.train; print([name for name in {packages} if name in sys.modules]); "
        f"import {', '.join(packages)}",
        tmp_path,
    )
    assert found == "[]\n"
