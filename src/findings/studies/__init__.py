"""Findings: one file each, holding its claims, its figures and what it says in plain words.

Imported from here: ``findings()`` (all of them by name), Finding, Drawing, Subject.
Never here: a rule of judging, a way to draw that two findings share (report/figures).

A module of this package is a study if it has a ``FINDING``; there is no list to keep. So is a file of studies/ in the
working directory, or in a package that extends findings (config/folders.py).
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING

from findings.config.folders import described, extensions, importable
from findings.errors import InputError
from findings.judging.claims import Claim, Roles, cast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from findings.judging.evidence import Evidence, Plan


@dataclass(frozen=True)
class Subject:
    """A network to be counted, not trained: its model file and what it is given."""

    model: str
    size: int  # pixels, height and width
    channels: int = 3
    classes: int = 1000


@dataclass(frozen=True)
class Drawing:
    """A figure of a finding: its file's name, what it shows (its alternative text), and the function that draws it.

    The function returns None while there is nothing to draw.
    """

    name: str
    shows: str
    draw: "Callable[[Evidence], Figure | None]"


@dataclass(frozen=True)
class Finding:
    """A documented statement about CNN architectures."""

    name: str  # of its sweeps and its results
    title: str
    statement: str  # in one sentence
    source: str
    explanation: str  # for a student: what is compared, and why it tells anything
    claims: tuple[Claim, ...]
    drawings: tuple[Drawing, ...]
    published: tuple[str, ...]  # the values to set beside ours, by id
    roles: Roles = field(default_factory=dict)  # that claims and drawings speak of, and who plays them at which scale
    labels: Mapping[str, str] = field(
        default_factory=dict
    )  # of arms, {label: overrides}, where a model does not name one
    trained_below: float | None = None  # percent: the training error that an arm has to come below to have trained
    untrained: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()  # what a reader should know beside the verdicts
    # for a student, {claim's id: what to make of it where it is contradicted or inconclusive}; true at every scale
    otherwise: Mapping[str, str] = field(default_factory=dict)

    def cast(self, evidence: "Evidence") -> dict[str, str]:
        """{role: the term that plays it in the plan}"""
        return cast(self.roles, lambda term: bool(evidence.plan.chosen(term)))

    def claims_at(self, plan: "Plan") -> list[Claim]:
        """Its claims about the arms of a plan."""
        players = cast(self.roles, lambda term: bool(plan.chosen(term)))
        return [claim.cast(players) for claim in self.claims]


def findings() -> dict[str, Finding]:
    """Every finding by its name, in the order of the names.

    Raises InputError for a file outside that cannot be imported, and for a second finding of a name.
    """
    return _findings(Path.cwd())


@cache
def _findings(_: Path) -> dict[str, Finding]:
    """Of a working directory, since its own are among them."""
    found: dict[str, tuple[Finding, str]] = {}
    for name, file in _files().items():
        module = _imported(name, file)
        finding = getattr(module, "FINDING", None)
        if finding is None:
            continue
        if not isinstance(finding, Finding):
            raise InputError(str(file), f"FINDING is a {type(finding).__name__}, not a findings.studies.Finding")
        if finding.name in found:
            raise InputError(str(file), f"another finding is called '{finding.name}': {found[finding.name][1]}")
        found[finding.name] = finding, str(file)
    return {name: found[name][0] for name in sorted(found)}


def _files() -> dict[str, Path]:
    """{module: its file}: those here, of extensions, and of the working directory, where other files may lie, too."""
    here = {f"{__name__}.{module.name}": Path(__path__[0], f"{module.name}.py") for module in iter_modules(__path__)}
    outside = [(f"{package}.studies", folder / "studies") for package, folder in extensions().items()]
    files = {
        f"{package}.{file.stem}": file
        for package, folder in [*outside, ("studies", Path("studies").resolve())]
        for file in sorted(folder.glob("*.py"))
        if "FINDING" in file.read_text(errors="replace")
    }
    return here | files


def _imported(name: str, file: Path) -> ModuleType:
    """By its file, since folders called studies are many."""
    if name.startswith(f"{__name__}."):
        return importlib.import_module(name)
    importable()
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # as import does: dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(str(file), f"cannot be imported: {described(error)}") from error
    return module
