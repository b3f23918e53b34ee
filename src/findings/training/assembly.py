"""The parts that a training is put together from: device, network, learner, Lightning's trainer."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from findings.config.schema import Config, Precision
from findings.data.stream import Split, Stream
from findings.errors import InputError
from findings.nets.build import build
from findings.nets.draws import draws, refuse_unshared_draws
from findings.nets.synced import across_devices
from findings.nets.weights import freeze
from findings.records import provenance
from findings.training.allocator import keep_memory
from findings.training.learner import Learner
from findings.training.lightning import LightningEnvironment, pl
from findings.training.processes import ALONE, World

DTYPES = {Precision.fp32: torch.float32, Precision.bf16: torch.float32, Precision.fp64: torch.float64}


def ready(config: Config, world: World = ALONE) -> torch.device:
    """The device to train on, with this process's threads and arithmetic set as the config says.

    Raises InputError where a CUDA device is asked for and there is none, or none for this process.
    """
    keep_memory()
    threads = config.trainer.threads
    if threads and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    torch.backends.cudnn.deterministic = True
    # precision is part of the recipe: what is called fp32 is not computed in TF32, as convolutions are by default
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    device = torch.device(accelerator(config))
    if world.size > 1 and device.type == "cuda":
        device = torch.device("cuda", _own_gpu(world))
        torch.cuda.set_device(device)
    return device


def _own_gpu(world: World) -> int:
    """The index of this process's GPU. A launcher shows a process all GPUs of its node, or its own one only.

    Raises InputError, in all processes, where one has none or has another's: NCCL would hang, or fail in its own words.
    """
    visible = torch.cuda.device_count()
    index = 0 if visible == 1 else world.local_rank
    host = provenance.host()
    mine = (host, str(torch.cuda.get_device_properties(index).uuid)) if index < visible else (host, None)
    everybodys = world.gathered(mine)
    for rank, (where, gpu) in enumerate(everybodys):
        if gpu is None or (where, gpu) in everybodys[:rank]:
            raise InputError(
                "trainer.devices",
                f"process {rank + 1} of {world.size} has no GPU of its own on {where}; "
                f"allowed: at most one process for each GPU",
            )
    return index


def new_learner(config: Config, stream: Stream, splits: dict[str, Split], world: World = ALONE) -> Learner:
    """A learner whose network is initialised from the randomness of ``stream``'s run.

    Raises InputError for a network that draws what no step could seed, or several devices could not share.
    """
    stream.randomness.seed_torch("initialisation", device=torch.device("cpu"))
    # Lightning loads a checkpoint before it converts the weights: they have to be of their type already
    dtype = DTYPES[config.recipe.precision]
    layout = torch.channels_last if config.trainer.fast else torch.contiguous_format
    network = build(config).to(dtype=dtype, memory_format=layout)  # type: ignore[call-overload]
    draws(network, config)
    if world.size > 1:
        refuse_unshared_draws(network, config)
        across_devices(network)
    if config.init_from.freeze:
        freeze(network)
    return Learner(network, stream, splits, config, world)


def new_trainer(config: Config, device: torch.device, callback: pl.Callback, directory: Path) -> pl.Trainer:
    """Lightning's trainer, bare: whatever else is to happen in training, ``callback`` does.

    Each process has one for its own device; what devices exchange is the steps' and the journal's, see world.py.
    """
    return pl.Trainer(
        accelerator=device.type,
        devices=[device.index] if device.index is not None else 1,
        precision=config.recipe.precision.value,  # type: ignore[arg-type]
        plugins=[LightningEnvironment()],  # or it would take over in a SLURM job: ranks, signals, requeueing
        callbacks=[callback],
        max_epochs=-1,  # the recipe's iterations end the run
        benchmark=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=directory,
    )


def accelerator(config: Config) -> str:
    """cpu or cuda."""
    wanted = config.trainer.accelerator
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise InputError("trainer.accelerator", "cuda is asked for, but torch sees no CUDA device here")
    return wanted


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Lightning's remarks are about training as it is usually done; what matters here is in the record."""
    for name in ("pytorch_lightning", "torch.utils.cpp_extension"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric|torchmetrics")
        yield
