"""Networks of timm and torchvision: every classifier that these packages know by name, without their weights.

``model.name`` is theirs, ``model.kwargs`` goes to their constructors; channels, classes and, where the constructor
takes one, the size come from the data. Both packages are imported when such a network is built, and not before.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from findings.errors import InputError
from findings.nets.checks import memory_is_full
from findings.nets.norm import GroupedBatchNorm2d

HEADS = ("head", "heads", "fc", "classifier")  # torchvision's names for what turns maps into scores
# torchvision's constructors for 224 x 224 pixels, and how they are told of another size
SIZED: dict[str, Callable[[int], dict[str, Any]]] = {
    "vit_": lambda size: {"image_size": size},
    "maxvit": lambda size: {"input_size": (size, size)},
}
# without auxiliary classifiers, unless they are asked for; weights as published, about which torchvision warns
PLAIN = {name: {"aux_logits": False, "init_weights": True} for name in ("googlenet", "inception_v3")}


class TimmNet(nn.Module):
    """``timm.create_model(name, **kwargs)``. Raises InputError for a name or an argument that timm does not know."""

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        name: str,
        kwargs: dict[str, Any] = {},  # noqa: B006 (a schema's default, never changed)
    ) -> None:
        super().__init__()
        import timm

        _known("timm", name, timm.list_models)
        fixed = getattr(timm.models.get_pretrained_cfg(name), "fixed_input_size", False)
        given = {"in_chans": channels, "num_classes": classes, **({"img_size": size} if fixed else {})}
        _refuse(given.keys() & kwargs.keys() - {"img_size"}, "pretrained" in kwargs)
        self.network = _made(f"timm's {name}", lambda: timm.create_model(name, **given | kwargs))
        _group(self.network, batch_norm_group)

    @property
    def head(self) -> Any:
        return self.network.get_classifier()  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.network(x)  # type: ignore[no-any-return]

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: timm-densenet121, timm-resnet18-drop_rate0.1."""
        return f"timm-{_variant(model)}"


class TorchvisionNet(nn.Module):
    """``torchvision.models.get_model(name, **kwargs)``. Raises InputError likewise.

    These networks take colours. For other images their first convolution is made anew, drawn with the same deviation
    but for the number of channels.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        batch_norm_group: int | None = None,
        name: str,
        kwargs: dict[str, Any] = {},  # noqa: B006 (a schema's default, never changed)
    ) -> None:
        super().__init__()
        from torchvision import models

        _known("torchvision", name, lambda: models.list_models(module=models))
        _refuse(kwargs.keys() & {"num_classes"}, "weights" in kwargs or "pretrained" in kwargs)
        given = PLAIN.get(name, {}) | {"num_classes": classes}
        for prefix, sized in SIZED.items():
            given |= sized(size) if name.startswith(prefix) else {}
        self.network = _made(f"torchvision's {name}", lambda: models.get_model(name, weights=None, **given | kwargs))
        if channels != 3:
            _take(self.network, channels)
        _group(self.network, batch_norm_group)

    @property
    def head(self) -> Any:
        return next((getattr(self.network, name) for name in HEADS if hasattr(self.network, name)), None)

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, size, size) -> (N, classes)
        return self.network(x)  # type: ignore[no-any-return]

    @staticmethod
    def name(model: dict) -> str:
        """How runs and reports call it: torchvision-googlenet, torchvision-googlenet-dropout0.4."""
        return f"torchvision-{_variant(model)}"


def _variant(model: dict) -> str:
    """What a path may hold of the name and the arguments; the run's hash tells apart what is lost."""
    parts = [model["name"], *(f"{key}{value}" for key, value in sorted(model["kwargs"].items()))]
    return "-".join(re.sub(r"[^\w.]+", "_", part).strip("_") for part in parts)


def _known(package: str, name: str, names: Callable[[], Iterable[str]]) -> None:
    known = list(names())
    if name not in known:
        nearest = ", ".join(difflib.get_close_matches(name.partition(".")[0], known, n=4, cutoff=0.4))
        raise InputError(
            "model.name",
            f"{package} has no classifier '{name}'" + (f"; did you mean one of {nearest}?" if nearest else ""),
        )


def _refuse(double: Iterable[str], pretrained: bool) -> None:
    for key in double:
        raise InputError("model.kwargs", f"{key} comes from the data (data.channels, data.classes): leave it out")
    if pretrained:
        raise InputError("model.kwargs", "every run draws its own initial weights: leave out pretrained and weights")


def _made(called: str, make: Callable[[], nn.Module]) -> nn.Module:
    """A network by its package's constructor; on the meta device where that is the default.

    Their constructors compute with small tensors (rates of stochastic depth), which have no values on the meta device:
    they get the host's, where memory that nothing is written to costs nothing, and the weights are left undrawn.
    """
    try:
        if torch.get_default_device().type != "meta":
            return make()
        with torch.device("cpu"), _Undrawn():
            return make().to("meta")
    except Exception as error:
        if isinstance(error, InputError) or memory_is_full(error):
            raise
        raise InputError("model.kwargs", f"{called} cannot be made: {type(error).__name__}: {error}") from error


class _Undrawn(TorchFunctionMode):
    """Leaves parameters as they lie in memory."""

    DRAWING = {
        *(Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_, Tensor.erfinv_),
        *(Tensor.mul_, Tensor.add_, Tensor.clamp_),
    }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in self.DRAWING and isinstance(args[0], nn.Parameter):
            return args[0]
        return func(*args, **(kwargs or {}))


def _take(network: nn.Module, channels: int) -> None:
    """Make the first convolution one of images with so many channels."""
    path, first = next(
        (path, layer)
        for path, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.in_channels == 3
    )
    made = nn.Conv2d(
        channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
        device=first.weight.device,
    )
    if not first.weight.is_meta:
        nn.init.normal_(made.weight, std=float(first.weight.detach().std()) * (3 / channels) ** 0.5)
        if made.bias is not None:
            nn.init.zeros_(made.bias)
    _put(network, path, made)


def _group(network: nn.Module, group: int | None) -> None:
    """Batch norm over groups of so many images. Raises InputError for a kind of batch norm that has none."""
    if group is None:
        return
    for path, layer in list(network.named_modules()):
        if type(layer) is nn.BatchNorm2d:
            grouped = GroupedBatchNorm2d(layer.num_features, group)
            grouped.eps, grouped.momentum = layer.eps, layer.momentum
            grouped.load_state_dict(layer.state_dict())
            _put(network, path, grouped)
        elif isinstance(layer, _BatchNorm):
            raise InputError(
                "recipe.batch_norm_group", f"is for nn.BatchNorm2d; this network has {type(layer).__name__}"
            )


def _put(network: nn.Module, path: str, layer: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(network.get_submodule(parent), name, layer)
