"""The lock: what a finding claimed and how it was to be tested when its first run began, and every change since.

``results/<scale>/<finding>/lock.json`` is written once; a later change of a claim, a margin or the protocol is a
deviation, which has a date, a commit and a reason, and is shown on the verdicts that it touches.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from findings.errors import InputError
from findings.judging.claims import Claim
from findings.judging.evidence import Plan, read_json, short
from findings.system.files import write_if_changed

FILE = "lock.json"
Content = dict[str, Any]


@dataclass(frozen=True)
class Deviation:
    """A change after the first run. ``changed``: one line each; ``claims``: the ids that it touches."""

    date: str
    commit: str
    why: str
    changed: tuple[str, ...]
    claims: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.date} ({self.commit[:10]}): {'; '.join(self.changed)}. Why: {self.why}"


@dataclass(frozen=True)
class Lock:
    """``content`` is what holds now: as at the first run, or as the last deviation has it."""

    date: str
    commit: str
    content: Content
    deviations: tuple[Deviation, ...] = ()


def content_of(claims: Sequence[Claim], plan: Plan) -> Content:
    """What is locked of claims, cast as the plan has them, and of the plan: no wording, no seeds."""
    protocol = {arm.label: dict(sorted(arm.config.items())) for arm in plan.arms}
    return {
        "claims": {claim.id: _claimed(claim, plan) for claim in claims},
        "protocol": dict(sorted(protocol.items())),
    }


def _claimed(claim: Claim, plan: Plan) -> dict[str, Any]:
    return {
        "kind": claim.kind,
        "metric": claim.metric_name,
        "contrast": dict(claim.contrast),
        "order": list(claim.order),
        "margin": claim.margin,
        "ratio": claim.ratio,
        "trainability": claim.trainability,
        "quoted": dict(claim.quoted),
        "arms": sorted({arm.label for term in claim.terms for arm in plan.chosen(term)}),
    }


def digest(content: Content) -> str:
    """Twelve hex digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def read(folder: Path) -> Lock | None:
    """Raises :class:`InputError` naming the file where it is not a lock, or its content is not what was hashed."""
    path = folder / FILE
    if not path.exists():
        return None
    fields = read_json(path)
    try:
        deviations = tuple(
            Deviation(one["date"], one["commit"], one["why"], tuple(one["changed"]), tuple(one["claims"]))
            for one in fields["deviations"]
        )
        lock = Lock(fields["date"], fields["commit"], dict(fields["content"]), deviations)
        hashed = fields["digest"]
    except (KeyError, TypeError) as error:
        raise InputError(short(path), f"is not a lock ({error!r}): restore the file") from error
    if hashed != digest(lock.content):
        raise InputError(short(path), "was edited: its content is not what its digest is of; restore the file")
    return lock


def write(folder: Path, lock: Lock) -> None:
    fields = {
        "date": lock.date,
        "commit": lock.commit,
        "digest": digest(lock.content),
        "deviations": [
            one.__dict__ | {"changed": list(one.changed), "claims": list(one.claims)} for one in lock.deviations
        ],
        "content": lock.content,
    }
    write_if_changed(folder / FILE, json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


def close(folder: Path, content: Content, *, date: str, commit: str) -> None:
    """At the first run. Arms and claims that are added later join it: nothing of what was locked has changed."""
    lock = read(folder) or Lock(date, commit, {"claims": {}, "protocol": {}})
    joined = {part: {**content[part], **lock.content[part]} for part in ("claims", "protocol")}
    for name, claim in lock.content["claims"].items():  # a plan of some of its networks came first
        arms = {*claim["arms"], *content["claims"].get(name, claim)["arms"]}
        joined["claims"][name] = claim | {"arms": sorted(arms)}
    write(folder, replace(lock, content=joined))


def deviate(folder: Path, content: Content, why: str, *, date: str, commit: str) -> Deviation:
    """Record what has changed, and why; from then on it is what holds. Raises InputError where nothing has."""
    lock = read(folder)
    if lock is None:
        raise InputError("/".join(folder.parts[-2:]), "is not locked yet: its first run does that")
    changed = changes(lock.content, content)
    if not changed:
        raise InputError("/".join(folder.parts[-2:]), "nothing differs from what was locked")
    touched = tuple(dict.fromkeys(claim for _, claims in changed for claim in claims))
    deviation = Deviation(date, commit, why, tuple(text for text, _ in changed), touched)
    write(folder, replace(lock, content=content, deviations=(*lock.deviations, deviation)))
    return deviation


def changes(locked: Content, now: Content) -> list[tuple[str, tuple[str, ...]]]:
    """What differs in claims and arms that both have, or that are gone: a line each, and the claims that it touches."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, claim in locked["claims"].items():
        other = now["claims"].get(name)
        if other is None:
            found.append((f"the claim {name} is gone", (name,)))
        else:
            found += [(f"{name}: {text}", (name,)) for text in _differing(claim, other)]
    for arm, config in locked["protocol"].items():
        if arm in now["protocol"] and (texts := _differing(config, now["protocol"][arm])):
            touched = tuple(name for name, claim in now["claims"].items() if arm in claim["arms"])
            found += [(f"{arm}: {text}", touched) for text in texts]
    return found


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    keys = sorted(before.keys() | after.keys())
    return [f"{key} {before.get(key)} -> {after.get(key)}" for key in keys if before.get(key) != after.get(key)]


def told(lock: Lock | None, now: Content, claim: str) -> tuple[str, ...]:
    """The deviations that touch a claim, each as a sentence; last those that nobody has explained."""
    if lock is None:
        return ()
    unexplained = [text for text, claims in changes(lock.content, now) if claim in claims]
    texts = [str(deviation) for deviation in lock.deviations if claim in deviation.claims]
    return (*texts, *(f"not explained: {text}" for text in unexplained))
