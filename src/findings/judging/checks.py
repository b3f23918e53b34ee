"""Checks: a finding's claims once more, by another length of the schedule or another rate. They decide no verdict.

A check is a sweep of its own (``<finding>.<check>.yaml``) whose arms are the finding's, with another recipe. It shows
what a verdict would have been, so that nobody need ask whether it rests on the length or the rate that was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from findings.errors import InputError
from findings.judging.claims import NOT_TRAINED, Claim
from findings.judging.evidence import Arm, Evidence, Plan
from findings.judging.judge import judge_all
from findings.judging.rule import Word
from findings.judging.verdict import Verdict

ITERATIONS, RATE = "recipe.iterations", "recipe.lr"
FOLLOWING = ("recipe.milestones", "recipe.warmup_iterations", "recipe.warmup_lr")  # the length and the rate


@dataclass(frozen=True)
class Check:
    """``changed``: {key: what it is in the finding's own runs, what it is here}."""

    name: str
    changed: Mapping[str, tuple[Any, Any]]
    verdicts: tuple[Verdict, ...]  # on the claims that it has the arms of
    problem: str = ""  # why it cannot be compared with the finding's own runs
    deviations: tuple[str, ...] = ()  # from what was locked at its own first run

    @property
    def iterations(self) -> int | None:
        """The length of its schedule, where that is another."""
        return self.changed[ITERATIONS][1] if ITERATIONS in self.changed else None

    @property
    def title(self) -> str:
        """What is another than in the finding's own runs, ``4,000 iterations``."""
        told = [key for key in self.changed if key not in FOLLOWING] or list(self.changed)
        return ", ".join(_told(key, self.changed[key][1]) for key in told) or self.name


def check(own: Plan, evidence: Evidence, claims: Sequence[Claim], trained_below: float | None) -> Check:
    """``claims`` judged by the runs of a check, whose arms are some of those of ``own``.

    Raises InputError naming an arm that the finding does not have, or a key that is none of the recipe's.
    """
    plan = evidence.plan
    asked = [claim for claim in claims if claim.kind not in NOT_TRAINED and all(map(plan.chosen, claim.terms))]
    return Check(plan.check, changed(own, plan), tuple(judge_all(asked, evidence, trained_below)))


def attached(verdicts: Sequence[Verdict], checks: Sequence[Check]) -> list[Verdict]:
    """``verdicts`` with what the checks say of the same claims, shortest schedule first; those not run say nothing."""
    ordered = sorted(checks, key=lambda one: (one.iterations or 0, one.changed.get(RATE, (0, 0))[1], one.name))
    said = {
        (one.name, found.id): (one, found) for one in ordered for found in one.verdicts if found.verdict != "not run"
    }
    return [
        replace(
            verdict, checks=tuple(_as_dict(*said[key]) for one in ordered if (key := (one.name, verdict.id)) in said)
        )
        for verdict in verdicts
    ]


def by_itself(verdict: Verdict) -> Word:
    """What a claim's own interval says, before the correction for the number of claims: checks are compared by that."""
    return verdict.alone or verdict.verdict


def parting(verdict: Verdict) -> list[dict[str, Any]]:
    """The checks by which a claim is judged otherwise."""
    return [one for one in verdict.checks if one["verdict"] != by_itself(verdict)]


def _as_dict(check: Check, found: Verdict) -> dict[str, Any]:
    changed = {key: here for key, (_, here) in check.changed.items()}
    numbers = {key: getattr(found, key) for key in ("because", "effect", "ci95", "n")}
    # the word of its own interval: Holm's correction over fewer claims than the finding's would not compare
    return {"check": check.name, "title": check.title, "changed": changed, "verdict": by_itself(found)} | numbers


def changed(own: Plan, other: Plan) -> dict[str, tuple[Any, Any]]:
    """{key: (there, here)} of all arms of a check, which has to change the same in all of them."""
    named = {arm.label: arm for arm in own.arms}
    found: list[dict[str, tuple[Any, Any]]] = []
    for arm in other.arms:
        if arm.label not in named:
            raise InputError(
                other.name, f"'{arm.label}' is no arm of {own.name}: a check trains the finding's own", named
            )
        found.append(_differing(named[arm.label], arm))
        for key in found[-1]:
            if not key.startswith("recipe."):
                raise InputError(other.name, f"{arm.label} differs in {key}: a check changes the recipe alone")
    for key in {key: None for keys in found for key in keys if key not in FOLLOWING}:
        if any(keys.get(key) != found[0].get(key) for keys in found):
            raise InputError(other.name, f"{key} is not changed alike in all arms")
    return {key: values for keys in reversed(found) for key, values in keys.items()}


def _differing(own: Arm, other: Arm) -> dict[str, tuple[Any, Any]]:
    keys = sorted(own.config.keys() | other.config.keys())
    values = {key: (own.config.get(key), other.config.get(key)) for key in keys}
    return {key: (there, here) for key, (there, here) in values.items() if there != here}


def _told(key: str, value: Any) -> str:
    if key == ITERATIONS:
        return f"{value:,} iterations"
    return f"{key.removeprefix('recipe.').replace('_', ' ')} {value}"
