"""What is trained in the benchmarks: full-size networks on random images of CIFAR's shape, so nothing is downloaded."""

import argparse

import numpy as np

from findings.config.compose import Composer
from findings.config.schema import Config, DataConfig
from findings.data.dataset import Dataset, build
from findings.system.processes import cores

NETWORKS = ("resnet20", "resnet56", "resnet110", "plain56", "wide16x4")
PROTOCOL = (
    *("scale=cifar10", "data.name=made-up", f"data._target_={__name__}.load", "tracking=none"),
    *("data.train_images=null", "data.test_images=null"),  # the scale's are those of CIFAR-10
)
TRAINING, TEST = 50_000, 100  # images; CIFAR's number of the former, so that an epoch is as long


def load(config: DataConfig) -> Dataset:
    """Random pixels and labels; the same at every call."""
    random = np.random.default_rng(0)

    def split(images: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (images, config.channels, config.size, config.size)
        return random.integers(0, 256, shape, dtype=np.uint8), random.integers(0, config.classes, images)

    classes = tuple(str(number) for number in range(config.classes))
    return build(config.name, split(TRAINING), split(TEST), classes, fingerprint="made up")


def config(network: str, precision: str, threads: int | None = None, *, compiled: bool = False) -> Config:
    """The recipe of He et al. 2015 as findings trains it (batches of 128), on made-up images; threads: all cores."""
    chosen = (f"model={network}", f"recipe.precision={precision}", f"trainer.threads={threads or cores()}")
    return Composer().compose([*PROTOCOL, *chosen, f"trainer.compiled={compiled}"]).config


def add_networks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument(
        "--precisions", nargs="+", default=precisions(), choices=("bf16", "fp32"), help="default: bf16 if native, fp32"
    )


def precisions() -> list[str]:
    """fp32, and before it what is fastest here."""
    from findings.cost.measure.machine import native_bf16

    return ["bf16", "fp32"] if native_bf16() else ["fp32"]


def device() -> str:
    """The name of what networks are trained on."""
    import torch

    from findings.records import provenance

    return torch.cuda.get_device_name() if torch.cuda.is_available() else provenance.processor()
