"""What a step descends, and what it reports."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torchvision.models.googlenet import GoogLeNetOutputs
from torchvision.models.inception import InceptionOutputs

from findings.config.compose import Composer
from findings.config.identity import identify
from findings.config.schema import RecipeConfig
from findings.data import load
from findings.data.stream import place
from findings.nets.heads import Scored
from findings.training.assembly import new_learner
from findings.training.metrics import ErrorAndLoss
from findings.training.steps import Fast, Plain
from findings.training.steps.loss import Loss
from several import ODD, run, statuses, together
from tiny_runs import equal_draws, go, numbers, overrides, record_of, tiny

LABELS = torch.tensor([0, 2, 1])
SCORES = [torch.randn(3, 4, generator=torch.Generator().manual_seed(number)) for number in range(3)]
AUXILIARY: dict[str, Any] = {
    "model": "googlenet",
    "model__width": 8,
    "model__auxiliary": True,
    "model__batch_norm": True,
    "recipe__label_smoothing": 0.1,
    "recipe__lr": 0.01,
}


def loss(scored: Any, **recipe: Any) -> tuple[float, float]:
    trained, reported, logits = Loss(RecipeConfig(name="x", **recipe))(scored, LABELS)
    assert torch.equal(logits, SCORES[0])
    return trained.item(), reported.item()


PLAIN = F.cross_entropy(SCORES[0], LABELS).item()


def test_by_default_it_is_cross_entropy() -> None:
    assert loss(SCORES[0]) == (PLAIN, PLAIN)


def test_smoothed_labels_are_shared_out_among_all_classes_and_reported_is_the_plain_loss() -> None:
    """Szegedy et al. 2016, section 7: (1 - epsilon) of the label's own, epsilon / K of every class."""
    targets = 0.8 * F.one_hot(LABELS, 4) + 0.2 / 4
    expected = -(targets * SCORES[0].log_softmax(1)).sum(1).mean().item()
    trained, reported = loss(SCORES[0], label_smoothing=0.2)
    assert (trained, reported) == (pytest.approx(expected), PLAIN)


@pytest.mark.parametrize(
    "scored", [Scored(SCORES[0], (SCORES[1], SCORES[2])), GoogLeNetOutputs(*SCORES)], ids=["ours", "torchvision's"]
)
def test_auxiliary_heads_add_their_part_in_training(scored: Any) -> None:
    """Szegedy et al. 2015, section 5: with weight 0.3."""
    others = sum(F.cross_entropy(each, LABELS).item() for each in SCORES[1:])
    assert loss(scored) == (pytest.approx(PLAIN + 0.3 * others), PLAIN)
    assert loss(scored, auxiliary_weight=1.0) == (pytest.approx(PLAIN + others), PLAIN)


def test_torchvisions_networks_may_have_none() -> None:
    assert loss(InceptionOutputs(SCORES[0], None)) == loss(GoogLeNetOutputs(SCORES[0], None, None)) == (PLAIN, PLAIN)


@pytest.mark.parametrize("way", [Fast, Plain])
def test_smoothing_is_descended_and_not_reported(way: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    equal_draws(monkeypatch)
    made = {}
    for smoothing in (0.0, 0.3):
        config = tiny(tmp_path, recipe__label_smoothing=smoothing, trainer__fast=way is Fast)
        learner = new_learner(config, *place(load(config.data), identify(config), torch.device("cpu"), torch.float32))
        steps = way(learner.network, learner.stream, learner.configure_optimizers(), config, learner.learning_rate)
        for step in range(2):
            seen = ErrorAndLoss()
            steps.run(0, step, step + 1, seen)
            made[smoothing, step] = float(seen.loss)
    assert made[0.0, 0] == pytest.approx(made[0.3, 0], rel=1e-6), "the first loss is of the same weights"
    assert made[0.0, 1] != pytest.approx(made[0.3, 1], rel=1e-3), "the second is of other ones"


def test_smoothed_runs_resume_exactly_on_several_devices_too(tmp_path: Path) -> None:
    smoothing = {**ODD, "recipe__label_smoothing": 0.1, "recipe__precision": "fp64", "recipe__batch_norm_group": 64}
    one = run(tmp_path / "one", devices=1, trainer__chunk_seconds=0, **smoothing)
    go(one, until=17)
    assert go(one).status == "finished"
    two = run(tmp_path / "two", **smoothing)
    assert statuses(together(two, tmp_path)) == ["finished"] * 2
    for theirs, ours in zip(numbers(record_of(one)), numbers(record_of(two)), strict=True):
        assert float(ours["train_loss"]) == pytest.approx(float(theirs["train_loss"]), abs=1e-8)
        assert float(ours["test_loss"]) == pytest.approx(float(theirs["test_loss"]), abs=1e-8)


def test_a_network_with_auxiliary_heads_trains_and_is_evaluated_without_them(tmp_path: Path) -> None:
    texts = overrides(**AUXILIARY, recipe__iterations=3, recipe__milestones=[])
    texts = [text for text in texts if not text.startswith("model.depth=")]
    config = Composer().compose([*texts, f"runs_dir={tmp_path}"]).config
    assert go(config).status == "finished"
    (row,) = record_of(config).rows()
    assert 0 < float(row["train_loss"]) < 5
    assert row["test_images"] == "360"
