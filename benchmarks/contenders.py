"""Three ways to train one network: ``ours``, the ``bare`` loop that is the limit, and the ``usual`` way."""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.made_up import load
from benchmarks.turns import Turns
from findings.config.identity import identify
from findings.config.schema import Config, Precision
from findings.cost.measure.steps import ENDLESS
from findings.data.augment import Statistics
from findings.data.batches import batches_of
from findings.data.stream import place
from findings.nets.build import build
from findings.training.assembly import DTYPES, new_learner, new_trainer, quiet, ready
from findings.training.learner import EpochChunks, Learner
from findings.training.steps.update import update_for

READY_MADE = 16  # batches that the bare loop goes through again and again
LOADERS = 2  # the usual way's workers


class InTurns(pl.Callback):
    """Lightning's loop, stopped between two of its batches: what that costs is in the turn's time."""

    def __init__(self, turns: Turns, done: Callable[[pl.Trainer, Any], tuple[int, int]]) -> None:
        self.turns, self.done, self.before = turns, done, (0, 0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.turns.wait()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        done = self.done(trainer, pl_module)
        steps, images = (now - before for now, before in zip(done, self.before, strict=True))
        self.before = done
        self.turns.made(steps, images)


def ours(parent: Connection, config: Config) -> None:
    """As `findings train` does it, in chunks of steps; without evaluation, checkpoints, record and tracking."""
    turns = Turns(parent)
    config = replace(config, recipe=replace(config.recipe, iterations=ENDLESS))
    device = ready(config)
    learner = new_learner(config, *place(load(config.data), identify(config), device, DTYPES[config.recipe.precision]))
    images, steps_per_epoch, size = len(learner.stream.images), learner.stream.steps_per_epoch, config.recipe.batch_size

    def done(_: pl.Trainer, learner: Learner) -> tuple[int, int]:
        epochs, position = divmod(learner.done, steps_per_epoch)
        return learner.done, epochs * min(images, steps_per_epoch * size) + position * size

    with quiet():
        new_trainer(config, device, InTurns(turns, done), Path()).fit(learner, EpochChunks(learner))


def bare(parent: Connection, config: Config) -> None:
    """Forward, cross-entropy, backward and a fused update; batches lie on the device, normalised. Nothing else.

    On a GPU one graph, captured and replayed, into which each batch is copied. Algorithms need not be deterministic, as
    ours are; TF32 is off, since it would be another precision.
    """
    turns = Turns(parent)
    device = ready(config)
    torch.backends.cudnn.deterministic = False
    recipe = config.recipe
    made = batches_of(place(load(config.data), identify(config), device, DTYPES[recipe.precision])[0])
    made.prepare(0)
    batches = [made.at(position) for position in range(min(READY_MADE, made.stream.steps_per_epoch))]
    network = build(config).to(device, DTYPES[recipe.precision]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    settings = {"momentum": recipe.momentum, "nesterov": recipe.nesterov, "weight_decay": recipe.weight_decay}
    update = update_for(torch.optim.SGD(network.parameters(), lr=recipe.lr, fused=True, **settings))
    mixed = recipe.precision is Precision.bf16

    def loss_of(images: Tensor, labels: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=mixed, cache_enabled=False):
            logits = network(images)
        return F.cross_entropy(logits.float() if mixed else logits, labels)

    forward = torch.compile(loss_of, dynamic=False) if config.trainer.compiled else loss_of
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)

    def step(images: Tensor, labels: Tensor) -> None:
        loss = forward(images, labels)
        update.forget_gradients()
        loss.backward()
        with torch.no_grad():
            update.make()

    make = _captured(step, *batches[0]) if device.type == "cuda" else step
    turns.wait()
    for images, labels in cycle(batches):
        make(images, labels)
        turns.made(1, len(labels))


def _captured(step: Callable[[Tensor, Tensor], None], *batch: Tensor) -> Callable[[Tensor, Tensor], None]:
    """A step as one CUDA graph of its own memory for the batch."""
    images, labels = (tensor.clone() for tensor in batch)
    side, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step(images, labels)
    torch.cuda.current_stream().wait_stream(side)
    with torch.cuda.graph(graph, stream=side):
        step(images, labels)

    def replay(these: Tensor, with_labels: Tensor) -> None:
        images.copy_(these)
        labels.copy_(with_labels)
        graph.replay()

    return replay


def usual(parent: Connection, config: Config) -> None:
    """As most public trainers do it: always in fp32, images decoded and augmented one by one by two loader processes,
    Lightning's automatic optimisation, torchmetrics and a log at every step. Progress bar, logger and checkpoints are
    off, and it keeps its memory as ours does (findings/allocator.py): both flatter it.
    """
    turns = Turns(parent)
    torch.set_num_threads(config.trainer.threads or torch.get_num_threads())
    accelerator = ready(config).type
    torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32 = False, True  # as torch has them
    size = config.recipe.batch_size
    with quiet():
        trainer = pl.Trainer(
            accelerator=accelerator,
            devices=1,
            plugins=[LightningEnvironment()],  # a SLURM job is none of its business
            callbacks=[InTurns(turns, lambda trainer, _: (trainer.global_step, trainer.global_step * size))],
            max_epochs=-1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        loader = DataLoader(
            Pictures(config),
            size,
            shuffle=True,
            drop_last=True,
            num_workers=LOADERS,
            multiprocessing_context="fork" if sys.platform == "linux" else None,  # not ours, which is inherited
            pin_memory=accelerator == "cuda",
        )
        trainer.fit(Classifier(build(config), config), loader)


class Pictures(Dataset):
    """What torchvision's CIFAR10 is: an array of images, each made a PIL image and transformed when it is asked for."""

    def __init__(self, config: Config) -> None:
        from torchvision import transforms  # type: ignore[import-untyped]

        dataset = load(config.data)
        self.images, self.labels = dataset.train_images.transpose(0, 2, 3, 1).copy(), dataset.train_labels.tolist()
        statistics = Statistics.of(dataset.train_images, config.recipe.normalisation.channel_mean_std)
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(config.data.size, padding=config.recipe.crop_padding),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(statistics.mean.flatten().tolist(), statistics.std.flatten().tolist()),
            ]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.images[index])), self.labels[index]


class Classifier(pl.LightningModule):
    def __init__(self, network: nn.Module, config: Config) -> None:
        from torchmetrics.classification import MulticlassAccuracy

        super().__init__()
        self.network, self.recipe = network, config.recipe
        self.accuracy = MulticlassAccuracy(config.data.classes)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        images, labels = batch
        logits = self.network(images)
        loss = F.cross_entropy(logits, labels)
        self.accuracy(logits, labels)
        self.log("train_loss", loss)
        self.log("train_accuracy", self.accuracy, on_step=True, on_epoch=True)
        return loss

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimizer = torch.optim.SGD(
            self.parameters(), recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [82, 123])]
