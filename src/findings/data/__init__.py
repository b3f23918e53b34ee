"""Data sets as arrays in memory, and the batches made of them on the training device: one file per source.

Imported from here: ``load`` (a config's data set), ``Dataset``, ``split_validation``, ``stream``, ``batches``.
Never here: how a batch is trained on, which process this is.

A source is a function ``load(config) -> Dataset`` that ``data._target_`` names, so a new one needs no registry. All
sources here give whole arrays, which fits what the studies train on; a source that streams (ImageNet) would return its
own kind of Dataset beside this one and meet the training loop where the batches are drawn. Sources do without torch,
and libraries that only one needs are imported when it decodes.
"""

import importlib
import sys
from collections.abc import Callable

from findings.config.schema import MISSING, DataConfig
from findings.data.dataset import Dataset
from findings.data.resize import averaged
from findings.data.split import split_validation
from findings.errors import InputError

__all__ = ["Dataset", "load", "split_validation"]

SOURCES = (
    "findings.data.digits.load",
    "findings.data.cifar.load_cifar10",
    "findings.data.cifar.load_cifar100",
    "findings.data.image_folder.load",
)


def load(config: DataConfig) -> Dataset:
    """The data set that ``config`` describes, checked against it. Raises :class:`InputError`."""
    for key in ("_target_", "name", "channels", "size", "classes"):
        if getattr(config, key) == MISSING:
            raise InputError(f"data.{key}", f"must be given: {_EXPECTED[key]}")
    dataset = _source(config._target_)(config)
    channels, height, width = dataset.train_images.shape[1:]
    for key, given, found in (
        ("channels", config.channels, channels),
        ("size", config.size, height),
        ("size", config.size, width),
        ("classes", config.classes, len(dataset.classes)),
    ):
        if given != found:
            raise InputError(f"data.{key}", f"is {given}, but {config.name} has {found}; set data.{key}={found}")
    for key, stated, found in (  # where a config says how many there are, none has been lost on the way
        ("train_images", config.train_images, len(dataset.train_images)),
        ("test_images", config.test_images, len(dataset.test_images)),
    ):
        if stated is not None and stated != found:
            raise InputError(
                f"data.{key}", f"{config.name} has {stated:,}, but {config.root or 'what was read'} holds {found:,}"
            )
    return averaged(dataset, config.resize).named(config.full_name) if config.resize else dataset


def _source(target: str) -> Callable[[DataConfig], Dataset]:
    module_name, _, function_name = target.rpartition(".")
    unknown = InputError("data._target_", f"unknown loader '{target}'", SOURCES, target)
    if not module_name or target.startswith(".") or module_name.partition(".")[0] in sys.stdlib_module_names:
        raise unknown
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise unknown from None
        raise InputError(
            "data._target_", f"{target} needs the package '{error.name}', which is not installed"
        ) from None
    source = getattr(module, function_name, None)
    if not callable(source):
        raise unknown
    return source  # type: ignore[no-any-return]


_EXPECTED = {
    "_target_": "the function that loads the images, e.g. findings.data.image_folder.load",
    "name": "a short name of these images, e.g. data.name=flowers; it is part of every run id",
    "channels": "3 for colour, 1 for grey",
    "size": "the images' height and width in pixels, e.g. data.size=32",
    "classes": "the number of classes, e.g. data.classes=10",
}
