"""What is known of single images: the sampling of a difference, and what several runs say together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from findings.judging.evidence import Evidence
from findings.judging.images import FILE, merge_images, sampling_error
from findings.judging.judge import judge
from findings.judging.together import Together, agreement, ensemble_error
from findings.records.predictions import Predictions, write
from made_up_evidence import claim, evidence

CONTRAST = {"plain56": 1.0, "plain20": -1.0}
NUMBER = 400


def predicted(wrong: np.ndarray, strength: float = 1.0) -> Predictions:
    """Of two classes, all images of the first; those that are ``wrong`` are taken for the second."""
    logits = np.zeros((len(wrong), 2), dtype=np.float16)
    logits[np.arange(len(wrong)), wrong.astype(int)] = strength
    return Predictions(wrong.astype(np.uint8), logits, np.zeros(len(wrong), dtype=np.uint8))


def recorded(tmp_path: Path, wrong: dict[str, list[np.ndarray]]) -> Evidence:
    """Three runs of each arm, their predictions in runs/."""
    given = evidence({arm: [100 * float(each.mean()) for each in own] for arm, own in wrong.items()})
    rows = [tuple(row | {"test_images": float(NUMBER)} for row in run.rows) for run in given.runs]
    given = replace(given, runs=tuple(replace(run, rows=own) for run, own in zip(given.runs, rows, strict=True)))
    for run, each in zip(given.runs, [each for own in wrong.values() for each in own], strict=True):
        (tmp_path / "runs" / run.id).mkdir(parents=True)
        write(tmp_path / "runs" / run.id / "predictions.npz", predicted(each))
    return merged(given, tmp_path)


def merged(given: Evidence, tmp_path: Path) -> Evidence:
    store = Together(tmp_path, tmp_path / "runs")
    runs = tuple(replace(run, together=store) for run in given.runs)
    return replace(given, runs=runs, wrong=merge_images(runs, tmp_path, tmp_path / "runs"), together=store)


def first(count: int, start: int = 0) -> np.ndarray:
    return np.isin(np.arange(NUMBER), np.arange(start, start + count))


def test_arms_that_err_on_the_same_images_are_told_apart_by_fewer(tmp_path: Path) -> None:
    """40 and 55 of 400 wrong: by the same 40 images and 15 more, or by others."""
    same = recorded(tmp_path / "same", {"plain56": [first(55)] * 3, "plain20": [first(40)] * 3})
    others = recorded(tmp_path / "others", {"plain56": [first(55)] * 3, "plain20": [first(40, 200)] * 3})
    nested, apart = (sampling_error(CONTRAST, given) for given in (same, others))
    assert nested == pytest.approx(100 * np.sqrt((15 - 15**2 / 400 + 1) / 400**2))
    assert apart is not None
    assert nested < 0.6 * apart
    assert judge(claim(metric="test_error"), same).verdict == "reproduced"
    assert judge(claim(metric="test_error"), others).verdict == "inconclusive"


def test_arms_that_agree_on_every_image_are_not_certain_to(tmp_path: Path) -> None:
    given = recorded(tmp_path, {"plain56": [first(40)] * 3, "plain20": [first(40)] * 3})
    assert sampling_error(CONTRAST, given) == pytest.approx(100 / NUMBER)
    assert judge(claim("equal", metric="test_error", margin=0.4), given).verdict == "inconclusive"
    assert judge(claim("equal", metric="test_error", margin=0.6), given).verdict == "reproduced"


def test_the_tables_alone_say_the_same(tmp_path: Path) -> None:
    given = recorded(
        tmp_path, {"plain56": [first(60), first(61), first(65)], "plain20": [first(40), first(44), first(41)]}
    )
    before, text = sampling_error(CONTRAST, given), (tmp_path / FILE).read_bytes()
    for path in (tmp_path / "runs").rglob("*.npz"):
        path.unlink()
    assert sampling_error(CONTRAST, merged(given, tmp_path)) == before
    assert (tmp_path / FILE).read_bytes() == text
    assert len(text) < 6 * 150, "a bit for each image"


def test_networks_together_err_less_and_a_fresh_clone_knows(tmp_path: Path) -> None:
    """Three networks, each wrong on images of its own: together on none."""
    alone = [first(40, 100 * at) for at in range(3)] * 3
    given = recorded(tmp_path, {"resnet20": alone})
    labels = {"one": "resnet20", "three": "resnet20"}
    given = replace(given, plan=given.plan.labelled(labels))
    asked = claim(contrast={"one": 1.0, "three": -1.0}, metric={"one": ensemble_error(1), "three": ensemble_error(3)})
    verdict = judge(asked, given)
    assert (verdict.verdict, verdict.n, verdict.effect) == ("reproduced", 3, pytest.approx(10.0))
    assert given.together is not None
    given.together.write()
    for path in (tmp_path / "runs").rglob("*.npz"):
        path.unlink()
    assert judge(asked, merged(given, tmp_path)) == verdict


def test_two_runs_agree_on_what_both_say(tmp_path: Path) -> None:
    given = recorded(tmp_path, {"resnet20": [first(40), first(60), first(40), first(40)]})
    assert agreement().values(given.runs_of("resnet20")) == [95.0, 100.0]
