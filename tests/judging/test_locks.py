"""What was claimed when the first run began, and what has changed since."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from findings.errors import InputError
from findings.judging import locks
from findings.judging.coverage import coverage
from findings.judging.evidence import Untrained
from made_up_evidence import claim, evidence

PLAN = evidence({"plain56": [], "plain20": [], "resnet56": []}).plan
CLAIMS = [claim(), replace(claim(contrast={"plain56": 1.0, "resnet56": -1.0}), id="another")]


def closed(folder: Path) -> locks.Content:
    content = locks.content_of(CLAIMS, PLAN)
    locks.close(folder, content, date="2026-11-01", commit="abc")
    return content


def test_wording_and_seeds_are_not_locked_and_margins_and_protocols_are(tmp_path: Path) -> None:
    closed(tmp_path)
    lock = locks.read(tmp_path)
    same = [replace(one, sentence="In other words", source="another paper") for one in CLAIMS]
    assert locks.told(lock, locks.content_of(same, PLAN), "a-claim") == ()
    seeds = replace(PLAN, arms=tuple(replace(arm, seeds=(0, 1, 2, 3, 4)) for arm in PLAN.arms))
    assert locks.told(lock, locks.content_of(CLAIMS, seeds), "a-claim") == ()
    margin = [replace(CLAIMS[0], margin=2.0), CLAIMS[1]]
    assert locks.told(lock, locks.content_of(margin, PLAN), "a-claim") == (
        "not explained: a-claim: margin None -> 2.0",
    )
    assert locks.told(lock, locks.content_of(margin, PLAN), "another") == ()
    longer = replace(PLAN.arms[1], config=PLAN.arms[1].config | {"recipe.iterations": 400})
    changed = locks.content_of(CLAIMS, replace(PLAN, arms=(PLAN.arms[0], longer, PLAN.arms[2])))
    assert locks.told(lock, changed, "a-claim") == ("not explained: plain20: recipe.iterations 100 -> 400",)
    assert locks.told(lock, changed, "another") == (), "plain20 is none of its arms"


def test_a_deviation_is_dated_explained_and_then_holds(tmp_path: Path) -> None:
    closed(tmp_path)
    margin = locks.content_of([replace(CLAIMS[0], margin=2.0), CLAIMS[1]], PLAN)
    locks.deviate(tmp_path, margin, "the images resolve no less", date="2026-11-02", commit="def0123456789")
    lock = locks.read(tmp_path)
    (told,) = locks.told(lock, margin, "a-claim")
    assert told == "2026-11-02 (def0123456): a-claim: margin None -> 2.0. Why: the images resolve no less"
    assert lock is not None
    assert lock.date == "2026-11-01"
    with pytest.raises(InputError, match="nothing differs"):
        locks.deviate(tmp_path, margin, "again", date="2026-11-03", commit="")


def test_closing_again_changes_nothing_and_takes_in_what_is_new(tmp_path: Path) -> None:
    closed(tmp_path)
    before = (tmp_path / locks.FILE).read_bytes()
    closed(tmp_path)
    assert (tmp_path / locks.FILE).read_bytes() == before
    more = locks.content_of([replace(CLAIMS[0], margin=2.0), *CLAIMS[1:], replace(CLAIMS[0], id="new")], PLAN)
    locks.close(tmp_path, more, date="2026-12-01", commit="zzz")
    lock = locks.read(tmp_path)
    assert lock is not None
    assert (lock.date, lock.content["claims"].keys()) == ("2026-11-01", {"a-claim", "another", "new"})
    assert lock.content["claims"]["a-claim"]["margin"] is None, "what was locked stays"


def test_an_edited_lock_is_refused(tmp_path: Path) -> None:
    closed(tmp_path)
    path = tmp_path / locks.FILE
    fields = json.loads(path.read_text())
    fields["content"]["claims"]["a-claim"]["margin"] = 5.0
    path.write_text(json.dumps(fields))
    with pytest.raises(InputError, match="was edited"):
        locks.read(tmp_path)


def test_what_a_plan_lacks_and_what_feeds_no_claim() -> None:
    found = coverage([*CLAIMS, replace(CLAIMS[0], id="third", contrast={"plain56": 1.0, "plain110": -1.0})], PLAN)
    assert (found.lacking, found.idle) == ({"third": ["plain110"]}, [])
    counts = claim("computed", {"plain20": 1.0, "resnet50": -1.0}, "parameters")
    plan = replace(PLAN, untrained=(Untrained(model="resnet50", parameters=1),))
    found = coverage([CLAIMS[1], counts], plan)
    assert (found.lacking, found.idle) == ({}, ["plain20"]), "to be counted an arm need not be trained"


def test_networks_that_a_first_plan_left_out_join_the_claims_that_are_about_them(tmp_path: Path) -> None:
    claim = {"kind": "ordered", "arms": ["plain20", "plain56"]}
    few = {"claims": {"c": claim}, "protocol": {"plain20": {}, "plain56": {}}}
    more = {"claims": {"c": claim | {"arms": ["plain20", "plain44", "plain56"]}}, "protocol": {"plain44": {}}}
    locks.close(tmp_path, few, date="2026-01-01", commit="a")
    locks.close(tmp_path, more, date="2026-01-02", commit="b")
    lock = locks.read(tmp_path)
    assert lock is not None
    assert lock.date == "2026-01-01"
    assert locks.changes(lock.content, more | {"protocol": lock.content["protocol"]}) == []
