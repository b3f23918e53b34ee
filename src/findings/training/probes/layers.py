"""A network's layers by name, in the order in which it holds them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules import activation

WEIGHTED = (nn.modules.conv._ConvNd, nn.Linear)
ACTIVATIONS = tuple(getattr(activation, name) for name in activation.__all__ if name != "MultiheadAttention")


def weighted(network: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """Its convolutions and linear layers."""
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, WEIGHTED)}  # type: ignore[misc]


@contextmanager
def watching(network: nn.Module, see: Callable[[str, nn.Module, Tensor], None]) -> Iterator[None]:
    """Within the block ``see`` is told name, module and output of every module that puts out a tensor, when it does."""

    def hook_of(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, _: object, output: object) -> None:
            if isinstance(output, Tensor):
                see(name, module, output)

        return hook

    hooks = [module.register_forward_hook(hook_of(name)) for name, module in network.named_modules() if name]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
