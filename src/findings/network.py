"""The network that a config asks for."""

from torch import nn

from findings.config import Config
from findings.nets import schema


def build(config: Config) -> nn.Module:
    """Initialised from torch's current random state; within ``torch.device("meta")`` it takes no memory."""
    return schema.build(
        schema.resolve(config.model),
        channels=config.data.channels,
        size=config.data.size,
        classes=config.data.classes,
        batch_norm_group=config.recipe.batch_norm_group,
    )
