"""The rule of verdicts: properties that hold whatever the seeds show."""

import itertools
import random
from dataclasses import replace

import pytest
from scipy import stats
from test_judge import of_images

from findings.judging.claims import Claim
from findings.judging.intervals import Estimate, holm, paired, welch
from findings.judging.judge import judge, judge_all
from findings.judging.rule import decide
from made_up_evidence import an_arm, claim, evidence

CONTRAST = {"a": 1.0, "b": -1.0}


def estimates(number: int) -> list[Estimate]:
    """Of two arms of three to six seeds each, near margins of half a point, some limited by their images."""
    draw = random.Random(0)

    def sample() -> list[float]:
        middle, spread = draw.uniform(9, 11), draw.choice([0.01, 0.1, 0.5])
        return [draw.gauss(middle, spread) for _ in range(draw.randint(3, 6))]

    return [welch(CONTRAST, {"a": sample(), "b": sample()}, draw.choice([0.0, 0.1, 0.5])) for _ in range(number)]


def word(kind: str, estimate: Estimate, margin: float | None = None) -> str:
    return decide(kind, [estimate], margin, str).word


def test_what_holds_of_equal_holds_of_no_worse_and_nothing_is_both() -> None:
    said = set()
    for estimate in estimates(3000):
        equal, no_worse, greater = (
            word("equal", estimate, 0.5),
            word("no_worse", estimate, 0.5),
            word("greater", estimate),
        )
        said |= {equal, no_worse, greater}
        if equal == "reproduced":
            assert no_worse == "reproduced"
        if no_worse == "contradicted":
            assert (equal, greater) == ("contradicted", "reproduced")
        assert (word("greater", estimate, 0.5) == "reproduced") == (no_worse == "contradicted")
    assert said == {"reproduced", "contradicted", "inconclusive"}


def test_the_interval_and_its_p_say_the_same() -> None:
    for estimate in estimates(1000):
        interval = estimate.interval()
        for bound in (-0.5, 0.0, 0.5):
            assert (interval.low > bound) == (estimate.above(bound) < 0.05)
            assert (interval.high < bound) == (estimate.below(bound) < 0.05)


def test_the_images_widen_an_interval_and_never_narrow_it() -> None:
    for estimate in estimates(300):
        seeds, both = replace(estimate, resolution=0.0).interval(), estimate.interval()
        assert both.low <= seeds.low < seeds.high <= both.high
        assert both.high - both.low >= 2 * 1.959 * estimate.resolution


@pytest.mark.parametrize("sds", [(1.0, 1.0), (1.0, 4.0)])
@pytest.mark.parametrize("seeds", [3, 5])
def test_of_claims_that_are_not_true_few_are_reproduced(seeds: int, sds: tuple[float, float]) -> None:
    """Two arms that do not differ: 'greater' is reproduced in one of forty cases, and contradicted in one of forty."""
    draw, said = random.Random(1), []
    for _ in range(2000):
        samples = {arm: [draw.gauss(0, sd) for _ in range(seeds)] for arm, sd in zip("ab", sds, strict=True)}
        said.append(word("greater", welch(CONTRAST, samples)))
    for side in ("reproduced", "contradicted"):
        # 0.025 of 2,000, and four standard errors; Welch's test is a little careful with few seeds
        assert said.count(side) < 50 + 4 * 7


def test_holms_correction() -> None:
    """Values worked out by hand after Holm 1979."""
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def test_of_twenty_claims_that_are_not_true_one_study_in_twenty_reproduces_any() -> None:
    draw, alone, corrected = random.Random(2), 0, 0
    for _ in range(300):
        p = {str(at): draw.random() for at in range(20)}
        alone += any(value < 0.05 for value in p.values())
        corrected += any(value < 0.05 for value in holm(p).values())
    assert alone > 150
    assert corrected < 30


def test_a_claim_among_many_needs_more_than_its_own_interval() -> None:
    given = evidence({"plain56": [5.0, 5.3, 5.6], "plain20": [4.3, 4.5, 4.6]})
    one = claim()
    alone = judge(one, given)
    expected = stats.ttest_ind([5.0, 5.3, 5.6], [4.3, 4.5, 4.6], equal_var=False).pvalue
    assert (alone.verdict, alone.p) == ("reproduced", pytest.approx(expected))
    others = [replace(one, id=f"other-{at}", contrast={"plain20": 1.0, "plain56": -1.0}) for at in range(4)]
    counts = replace(one, id="counts", kind="computed", metric="parameters")
    found = judge_all([one, *others, counts], given)[0]
    assert (found.verdict, found.alone, found.because) == ("inconclusive", "reproduced", "several claims")
    assert found.ci95 == alone.ci95, "the interval shown is the claim's own"
    assert found.p_holm == pytest.approx(5 * (alone.p or 0)), "what is counted is no trial"


def ordered(*arms: str, margin: float | None = None) -> Claim:
    return claim("ordered", order=arms, margin=margin)


STEPS = {"a": [1.0, 1.1, 1.2], "b": [2.0, 2.1, 2.2], "c": [2.05, 2.15, 2.2], "d": [4.0, 4.1, 4.2]}


def test_an_order_holds_within_its_margin() -> None:
    given = evidence(STEPS)
    assert judge(ordered("a", "b", "d"), given).verdict == "reproduced"
    assert judge(ordered("a", "b", "c", "d"), given).verdict == "inconclusive", "b and c cannot be told apart"
    assert judge(ordered("a", "b", "c", "d", margin=0.5), given).verdict == "reproduced"
    assert judge(ordered("a", "d", "b"), given).verdict == "contradicted", "one step back is enough"
    assert judge(ordered("b", "c", margin=0.5), given).verdict == "inconclusive", "the ends do not differ"
    assert judge(ordered("a", "d"), given).effect == pytest.approx(3.0)


def test_ratios_are_compared_by_their_logarithms() -> None:
    samples = {"plain56": [20.0, 22.0, 25.0], "plain20": [5.0, 5.5, 5.2]}
    verdict = judge(claim(ratio=True, margin=2.0), evidence(samples))
    assert (verdict.verdict, verdict.unit) == ("reproduced", "x")
    assert verdict.effect == pytest.approx(stats.gmean(samples["plain56"]) / stats.gmean(samples["plain20"]))
    assert judge(claim(ratio=True, margin=6.0), evidence(samples)).verdict == "contradicted"


def test_errors_at_the_end_of_the_scale_decide_nothing() -> None:
    """One image of 360 more or less, or guessing on both sides."""
    for worse, better, where in (
        ([0.28, 0.28, 0.28], [0.0, 0.0, 0.0], "0 %"),
        ([90.1, 90.0, 89.9], [90.0, 89.8, 90.2], "chance"),
    ):
        given = of_images(evidence({"plain56": worse, "plain20": better}), 360)
        verdict = judge(claim(metric="test_error"), given)
        assert (verdict.verdict, verdict.because) == ("inconclusive", "saturated"), verdict.reason
        assert where in verdict.reason


@pytest.mark.parametrize(
    ("kind", "baseline", "other"), [("greater", "plain56", "plain20"), ("no_worse", "plain20", "plain56")]
)
def test_an_arm_that_did_not_train_makes_no_claim_true(kind: str, baseline: str, other: str) -> None:
    """The larger side of 'greater', the smaller one of 'no worse': its failure would do."""
    guessing = [89.0, 90.5, 91.0] if kind == "greater" else [88.0, 90.5, 92.0]
    given = of_images(evidence({baseline: guessing, other: [4.0, 4.1, 4.2]}), 10_000)
    asked = claim(kind, metric="test_error", margin=0.5 if kind == "no_worse" else None)
    verdict = judge(asked, given)
    assert (verdict.verdict, verdict.because) == ("inconclusive", "untrained"), verdict.reason
    assert baseline in verdict.reason
    assert judge(replace(asked, trainability=True), given).verdict == "reproduced"
    better = of_images(evidence({baseline: [79.0, 80.0, 81.0], other: [4.0, 4.1, 4.2]}), 10_000)
    assert judge(asked, better).verdict == "reproduced", "clearly below chance"
    assert judge(asked, better, trained_below=60).because == "untrained"


def test_the_seeds_that_would_decide_are_said_and_would() -> None:
    """At the same effect and spread, that many decide, and one fewer does not."""
    near = {"plain56": [5.0, 5.5, 6.0], "plain20": [4.4, 4.9, 5.4]}
    verdict = judge(claim(), evidence(near))
    assert verdict.verdict == "inconclusive"
    needed = verdict.seeds_needed
    assert needed is not None
    for seeds, expected in ((needed, "reproduced"), (needed - 1, "inconclusive")):
        error, freedom = 0.5 * (2 / seeds) ** 0.5, 2 * (seeds - 1)
        assert decide("greater", [Estimate(0.6, error, freedom)], None, str).word == expected
    hopeless = judge(claim(), evidence({"plain56": [5.0, 5.5, 6.0], "plain20": [5.0, 5.5, 6.0]}))
    assert hopeless.seeds_needed is None


def test_two_metrics_of_the_same_runs_are_pairs() -> None:
    """Runs that differ much, and a gap that all have alike."""
    given = evidence({"plain56": [5.0, 9.0, 14.0]})
    rows = [
        (row | {"test_error": 1.0 + 0.1 * at + (row["train_error"] or 0)},)
        for at, run in enumerate(given.runs)
        for row in run.rows
    ]
    given = replace(given, runs=tuple(replace(run, rows=own) for run, own in zip(given.runs, rows, strict=True)))
    labels = {"test": "plain56", "training": "plain56"}
    given = replace(given, plan=given.plan.labelled(labels))
    asked = claim(contrast={"test": 1.0, "training": -1.0}, metric={"test": "test_error", "training": "train_error"})
    verdict = judge(asked, given)
    assert verdict.ci95 is not None
    assert verdict.ci95 == pytest.approx(
        (paired([1.0, 1.1, 1.2]).interval().low, paired([1.0, 1.1, 1.2]).interval().high)
    )


def test_a_claim_may_differ_in_what_its_terms_name_and_in_nothing_else() -> None:
    """A factorial: batch norm by learning rate."""
    arms = [
        replace(an_arm("resnet20", **{"model.batch_norm": norm, "recipe.lr": lr}), id=f"{norm}-{lr}")
        for norm, lr in itertools.product((True, False), (0.1, 0.01))
    ]
    given = evidence({})
    runs = [
        replace(run, id=f"{arm.id}-{at}", arm=arm.id)
        for arm, base in zip(arms, (1.0, 2.0, 60.0, 4.0), strict=True)
        for at, run in enumerate(evidence({"resnet20": [base, base + 0.1, base + 0.2]}).runs)
    ]
    labels = {
        f"{name}, lr {lr}": f"model=resnet20 model.batch_norm={norm} recipe.lr={lr}"
        for name, norm in (("with", "true"), ("without", "false"))
        for lr in (0.1, 0.01)
    }
    given = replace(given, plan=replace(given.plan, arms=tuple(arms)).labelled(labels), runs=tuple(runs))
    assert judge(claim(contrast={"without, lr 0.1": 1.0, "with, lr 0.1": -1.0}), given).effect == pytest.approx(59.0)
    spelt = {
        "model=resnet20 model.batch_norm=false recipe.lr=0.01": 1.0,
        "model=resnet20 model.batch_norm=true recipe.lr=1e-2": -1.0,
    }
    assert judge(claim(contrast=spelt), given).effect == pytest.approx(2.0)
    interaction = {"without, lr 0.1": 1.0, "with, lr 0.1": -1.0, "without, lr 0.01": -1.0, "with, lr 0.01": 1.0}
    assert judge(claim(contrast=interaction), given).effect == pytest.approx(57.0)
    with pytest.raises(Exception, match=r"'resnet20' would mix 4 arms that differ in model\.batch_norm, recipe\.lr"):
        judge(claim(contrast={"resnet20": 1.0, "with, lr 0.1": -1.0}), given)
    longer = tuple(
        replace(arm, config=arm.config | {"recipe.iterations": 7 if arm.id == "True-0.1" else 9})
        for arm in given.plan.arms
    )
    with pytest.raises(Exception, match=r"differ in recipe\.iterations, which it does not name"):
        judge(
            claim(contrast={"without, lr 0.1": 1.0, "with, lr 0.1": -1.0}),
            replace(given, plan=replace(given.plan, arms=longer)),
        )
    brought = tuple(replace(arm, brought=("recipe.iterations",)) for arm in longer)
    judge(
        claim(contrast={"without, lr 0.1": 1.0, "with, lr 0.1": -1.0}),
        replace(given, plan=replace(given.plan, arms=brought)),
    )
