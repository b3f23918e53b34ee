"""What is said of a claim at one scale."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from findings.judging import published
from findings.judging.claims import Claim, Kind
from findings.judging.evidence import Plan
from findings.judging.rule import Word

CHECKED = ("check", "title", "changed", "verdict", "because", "effect", "ci95", "n")
Because = Literal["", "not planned", "saturated", "untrained", "too few", "several claims"]


@dataclass(frozen=True)
class Verdict:
    """A claim's outcome. ``effect`` and ``ci95`` are in ``unit``; x is a ratio.

    ``n`` is the fewest seeds of an arm, or the rounds of a measurement. ``alone`` is what the claim's own interval
    says, ``p`` the level at which that begins to say so, ``p_holm`` the same once all trained claims of the finding are
    counted; ``verdict`` follows that. ``because`` tells kinds of inconclusive apart.
    """

    id: str
    finding: str
    scale: str
    kind: Kind
    sentence: str
    metric: str
    n: int | None
    effect: float | None
    ci95: tuple[float, float] | None
    margin: float | None
    verdict: Word
    reason: str
    published: tuple[dict[str, Any], ...] = ()
    unit: str | None = None  # None: judged by the earlier rule, which did not say
    alone: Word | None = None
    p: float | None = None
    p_holm: float | None = None
    because: Because = ""
    seeds_needed: int | None = None  # of each arm, were effect and spreads what they are now; None: not known
    deviations: tuple[str, ...] = ()  # from what was locked at the first run
    # by another length or rate (checks.py): a dict with the keys CHECKED each
    checks: tuple[dict[str, Any], ...] = ()

    @property
    def is_evidence(self) -> bool:
        """Whether tallies take it in: counts are an audit, whatever they say."""
        return self.kind != "computed"

    def as_dict(self) -> dict[str, Any]:
        """For verdicts.json: keys in a fixed order; counts are exact, other numbers have six significant digits."""
        content = asdict(self)
        content["effect"] = self.effect if self.kind == "computed" else _rounded(self.effect)
        content["ci95"] = _ends(self.ci95)
        content |= {"p": _rounded(self.p), "p_holm": _rounded(self.p_holm)}
        content |= {"published": list(self.published), "deviations": list(self.deviations)}
        content["checks"] = [
            {key: one[key] for key in CHECKED} | {"effect": _rounded(one["effect"]), "ci95": _ends(one["ci95"])}
            for one in self.checks
        ]
        if not self.checks:
            del content["checks"]
        return content


def verdict(claim: Claim, plan: Plan, word: Word, reason: str, **numbers: Any) -> Verdict:
    """``numbers``: those that there are; ``n`` is 0 where nothing has run."""
    numbers.setdefault("n", None if claim.kind == "computed" else 0)
    numbers = {"effect": None, "ci95": None, "unit": ""} | numbers
    return Verdict(
        id=claim.id,
        finding=claim.finding,
        scale=plan.scale,
        kind=claim.kind,
        sentence=claim.sentence,
        metric=claim.metric_name,
        margin=claim.margin,
        verdict=word,
        reason=reason,
        published=tuple(_published(claim.published)),
        **numbers,
    )


def _published(keys: Sequence[str]) -> list[dict[str, Any]]:
    theirs = [published.load()[key] for key in keys]
    return [
        {
            "id": one.id,
            "value": f"{one.relation} {one.value}" if one.relation else one.value,
            "unit": one.unit,
            "source": one.source,
            "protocol": one.protocol,
        }
        for one in theirs
    ]


def _ends(interval: Sequence[float] | None) -> list[float | None] | None:
    return None if interval is None else [_rounded(end) for end in interval]


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def joined(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
