"""What a finding claims: one testable sentence each, fixed before any run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from findings.errors import InputError
from findings.judging.metrics import METRICS, Metric

Kind = Literal["greater", "no_worse", "equal", "ordered", "computed", "measured"]
Roles = Mapping[str, Sequence[str]]  # role -> the terms that play it; those of one place are a line-up
NOT_TRAINED = ("computed", "measured")  # kinds of claims that are about no run


@dataclass(frozen=True)
class Claim:
    """One testable sentence of a finding.

    ``contrast`` weights terms, each of which means one arm of a sweep: a label of the finding, overrides in Hydra's
    words (``model=resnet20 recipe.lr=0.01``; ``plain56`` is short for ``model=plain56``), or a role that a finding
    casts at each scale (``{role}`` in the sentence becomes what plays it). Its arms may differ in what its terms name,
    and in nothing else. ``metric`` is what is compared: a :class:`Metric`, the name of one, or one for each term.

    - ``greater``, ``no_worse``, ``equal``: the contrast of the arms' means over seeds is above ``margin`` (0 without
      one), below ``margin``, within ``margin`` of 0.
    - ``ordered``: from each arm of ``order`` to the next the metric rises, or falls by less than ``margin``; and from
      the first to the last it rises.
    - ``computed``: the metric is counted from the networks themselves ("parameters", "multiply_adds", ...). Every
      network has what is ``quoted`` of it, to as many digits as that is written with; where nothing is, the
      contrast is at most ``margin`` times the count of the network it is weighed against (the negative weight), and
      exactly 0 without a margin. No evidence, but an audit of printed numbers, or what a comparison presupposes.
    - ``measured``: the metric is a cost, measured apart from training ("images_per_second", ...). The first network's
      is more than ``margin`` times the second's.

    With ``ratio`` the metric's logarithms are compared: effect and margin are then factors. A claim that is about
    whether an arm trains at all says so with ``trainability``: any other needs arms that have trained.
    """

    id: str
    finding: str
    sentence: str
    kind: Kind
    contrast: Mapping[str, float]
    metric: str | Metric | Mapping[str, Metric | str]
    source: str
    margin: float | None = None
    order: tuple[str, ...] = ()
    ratio: bool = False
    trainability: bool = False
    quoted: Mapping[str, str] = field(default_factory=dict)
    published: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        needs = self.kind in ("no_worse", "equal", "measured")
        if needs and self.margin is None:
            raise ValueError(f"{self.id}: a claim of the kind {self.kind} has a margin")
        if self.quoted and self.margin is not None:
            raise ValueError(f"{self.id}: a quoted count is right or wrong, it has no margin")
        if (self.kind == "ordered") != bool(self.order) or (self.order and self.contrast):
            raise ValueError(f"{self.id}: ordered claims, and they alone, have an order, and no contrast")
        if abs(sum(self.contrast.values())) > 1e-9:
            raise ValueError(f"{self.id}: a contrast's weights add up to 0")
        if self.quoted and (self.kind != "computed" or self.quoted.keys() != self.contrast.keys()):
            raise ValueError(f"{self.id}: counts are quoted for a computed claim, for every network of its contrast")
        if self.kind == "measured" and list(self.contrast.values()) != [1, -1]:
            raise ValueError(f"{self.id}: a measured claim compares a first network (1) with a second (-1)")
        if self.kind in NOT_TRAINED and not isinstance(self.metric, str):
            raise ValueError(f"{self.id}: what is counted or measured has a name, no function of a run")
        for term in self.terms if self.kind not in NOT_TRAINED else ():
            self.metric_of(term)

    @property
    def terms(self) -> tuple[str, ...]:
        return self.order or tuple(self.contrast)

    def metric_of(self, term: str) -> Metric:
        """Raises InputError naming the nearest metric where there is none of that name."""
        metric = self.metric[term] if isinstance(self.metric, Mapping) else self.metric
        if isinstance(metric, Metric):
            return metric
        if metric not in METRICS:
            raise InputError(self.id, f"no metric '{metric}'", METRICS, metric)
        return METRICS[metric]

    @property
    def metric_name(self) -> str:
        metrics = self.metric.values() if isinstance(self.metric, Mapping) else [self.metric]
        return ", ".join(dict.fromkeys(one if isinstance(one, str) else one.name for one in metrics))

    def cast(self, players: Mapping[str, str]) -> "Claim":
        """The claim about the terms that play its roles: {role: term}. A role without one keeps its own name."""

        def played(role: str) -> str:
            return players.get(role, role)

        metric = self.metric
        return replace(
            self,
            sentence=self.sentence.format_map(_Players(players)),
            contrast={played(role): weight for role, weight in self.contrast.items()},
            order=tuple(map(played, self.order)),
            metric={played(role): one for role, one in metric.items()} if isinstance(metric, Mapping) else metric,
            quoted={played(role): number for role, number in self.quoted.items()},
        )


class _Players(dict[str, str]):
    def __missing__(self, role: str) -> str:
        return role


def cast(roles: Roles, is_there: Callable[[str], bool]) -> dict[str, str]:
    """{role: term} of the line-up that has most of its terms in a plan, and of it those that are there.

    Arms of two line-ups never play together: they are not made to be compared.
    """
    line_ups = [dict(zip(roles, players, strict=True)) for players in zip(*roles.values(), strict=True)]
    present = [{role: term for role, term in line_up.items() if is_there(term)} for line_up in line_ups]
    return max(present, key=len, default={})
