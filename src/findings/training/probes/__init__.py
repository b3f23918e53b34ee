"""What is measured of a run beside its errors: a class for each probe, in a file of its own.

A probe has a ``name``, the iterations ``at`` which it measures (0: before the first step; -1: at the end), and a method
``measure`` that is shown a :class:`~findings.training.probes.moment.Moment` and returns :class:`Number`s, the rows of
probes.csv. Its other constructor arguments are typed keys of ``evaluation.probes``. Whatever it does to the moment's
network, training goes on as if nothing had been measured.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from findings.config.probing import END

if TYPE_CHECKING:
    from findings.training.probes.moment import Moment

__all__ = ["END", "Number", "Probe"]


class Number(NamedTuple):
    """One row of probes.csv, less the probe's name and the iteration."""

    key: str  # what it was measured of: a layer's name, pixels, a split
    number: str  # what was measured: test_error, gradient_norm
    value: float | None  # None where it could not be, as ``remark`` says
    remark: str = ""


class Probe(Protocol):
    """Raises InputError from its constructor for an argument that its type allows and that makes no sense."""

    @property
    def name(self) -> str: ...

    @property
    def at(self) -> Sequence[int]: ...

    def measure(self, moment: "Moment") -> list[Number]: ...
