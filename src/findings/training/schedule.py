"""The learning rate as a pure function of the iteration."""

from bisect import bisect_right

from findings.config.schema import RecipeConfig


def learning_rate(recipe: RecipeConfig, iteration: int) -> float:
    """The rate of the step that makes iteration ``iteration`` (from 0) into the next.

    Constant at ``warmup_lr`` for the first ``warmup_iterations`` (He et al. 2015, section 4.2: 0.01 for about 400
    iterations of ResNet-110), then ``lr``, multiplied by ``gamma`` from every milestone on.
    """
    if iteration < recipe.warmup_iterations:
        return recipe.warmup_lr
    return recipe.lr * recipe.gamma ** bisect_right(recipe.milestones, iteration)
