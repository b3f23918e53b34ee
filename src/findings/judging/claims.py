"""What a finding claims: one testable sentence each, fixed before any run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["greater", "no_worse", "equal", "computed", "measured"]
Roles = Mapping[str, Sequence[str]]  # role -> the model files that play it; those of one place are a line-up


@dataclass(frozen=True)
class Claim:
    """One testable sentence of a finding.

    ``contrast`` weights networks, by the name of their model file or by a role that a finding casts at each scale
    (``{role}`` in the sentence becomes the network's name); ``metric`` is what is compared:

    - ``greater``, ``no_worse``, ``equal``: the contrast of the networks' means over seeds is above 0, below ``margin``,
      within ``margin`` of 0. The metric is a column of metrics.csv or derived from one run's, in percent.
    - ``computed``: the metric is counted from the networks themselves ("parameters", "multiply_adds", ...). Every
      network has what is ``quoted`` of it, to as many digits as that is written with; where nothing is, the
      contrast is at most ``margin`` times the count of the network it is weighed against (the negative weight), and
      exactly 0 without a margin.
    - ``measured``: the metric is a cost, measured apart from training ("images_per_second", ...). The first network's
      is more than ``margin`` times the second's.
    """

    id: str
    finding: str
    sentence: str
    kind: Kind
    contrast: Mapping[str, float]
    metric: str
    source: str
    margin: float | None = None
    quoted: Mapping[str, str] = field(default_factory=dict)
    published: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        needs, allows = self.kind in ("no_worse", "equal", "measured"), self.kind == "computed" and not self.quoted
        if (self.margin is not None) != needs and not (allows and self.margin is not None):
            raise ValueError(f"{self.id}: a margin belongs to no_worse, equal and measured, and computed may have one")
        if abs(sum(self.contrast.values())) > 1e-9:
            raise ValueError(f"{self.id}: a contrast's weights add up to 0")
        if self.quoted and (self.kind != "computed" or self.quoted.keys() != self.contrast.keys()):
            raise ValueError(f"{self.id}: counts are quoted for a computed claim, for every network of its contrast")
        if self.kind == "measured" and list(self.contrast.values()) != [1, -1]:
            raise ValueError(f"{self.id}: a measured claim compares a first network (1) with a second (-1)")

    def cast(self, players: Mapping[str, str]) -> "Claim":
        """The claim about the networks that play its roles: {role: model}. A role without one keeps its own name."""
        return replace(
            self,
            sentence=self.sentence.format_map(_Players(players)),
            contrast={players.get(role, role): weight for role, weight in self.contrast.items()},
            quoted={players.get(role, role): number for role, number in self.quoted.items()},
        )


class _Players(dict[str, str]):
    def __missing__(self, role: str) -> str:
        return role


def cast(roles: Roles, models: Sequence[str]) -> dict[str, str]:
    """{role: network} of the line-up that has most of its networks among ``models``, and of it those that are.

    Networks of two line-ups never play together: they are not made to be compared.
    """
    line_ups = [dict(zip(roles, players, strict=True)) for players in zip(*roles.values(), strict=True)]
    present = [{role: name for role, name in line_up.items() if name in models} for line_up in line_ups]
    return max(present, key=len, default={})
