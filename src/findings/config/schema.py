"""The typed schema of one run.

Only dataclasses live here: no torch, no Hydra. Hydra's ConfigStore is told of :class:`Config` in ``compose.py``; a
network's own hyperparameters are typed by the signature of the class that ``model._target_`` names
(``hyperparameters.py``), so that a new network needs no change here.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

MISSING: Any = "???"  # OmegaConf's mark for a value that has to be given


class Normalisation(Enum):
    """What is done to the pixels, on the training device."""

    per_pixel_mean = "per_pixel_mean"  # subtract the mean image of the training set (He et al. 2015, section 4.2)
    channel_mean_std = "channel_mean_std"  # subtract each channel's mean, divide by its pixels' std (WRN)
    unit_range = "unit_range"  # only divide by 255


class Padding(Enum):
    """What lies beyond the image's border when a crop reaches over it."""

    zero = "zero"  # zeros after normalisation
    reflection = "reflection"


class Schedule(Enum):
    """How the learning rate falls after the warm-up."""

    step = "step"  # by gamma at every milestone
    cosine = "cosine"  # down half a cosine (Loshchilov & Hutter 2017, section 3)
    plateau = "plateau"  # by gamma where the validation error has not improved for some time


class Warmup(Enum):
    """How training begins, where it has warm-up iterations."""

    constant = "constant"  # at warmup_lr (He et al. 2015, section 4.2)
    linear = "linear"  # from warmup_lr up to lr (Goyal et al. 2017, section 2.2)


class Precision(Enum):
    """Lightning's names. Part of the run id: it never changes silently."""

    fp32 = "32-true"
    bf16 = "bf16-mixed"
    fp64 = "64-true"


class Match(Enum):
    """What of another run's weights a run takes over."""

    exact = "exact"  # all of them: it is the same network
    matching = "matching"  # those whose names and shapes are its own; the others begin anew


class Freeze(Enum):
    """What is not trained."""

    backbone = "backbone"  # all but the head: a linear probe, with running statistics as they were


class Remeasure(Enum):
    """When the training error is measured again, in evaluation mode and without augmentation."""

    every = "every"  # at every evaluated epoch
    last = "last"  # at the end of training only


@dataclass
class DataConfig:
    """Which images. ``name``, ``resize`` and ``validation`` are scientific: the rest says where and what they are."""

    _target_: str = MISSING  # the loader, e.g. findings.data.digits.load
    name: str = MISSING  # part of the run id; two data sets never share one
    label: str = MISSING  # how reports write it
    root: str | None = None  # folder or archive
    mirror: str | None = None  # URL of a folder that holds the official archives
    cache: str | None = None  # where decoded arrays are kept; null: the user's cache directory
    download: bool = True
    validation: int = 0  # training images set aside (the same ones for every seed)
    channels: int = MISSING
    size: int = MISSING  # pixels, height and width
    resize: int | None = None  # pixels that squares of them are averaged to, before anything else; null: as they are
    classes: int = MISSING
    train_images: int | None = None  # for plans that predict time, which load no data; null: not known
    test_images: int | None = None

    @property
    def pixels(self) -> int:
        """Height and width of what networks are given."""
        return self.resize or self.size

    @property
    def full_name(self) -> str:
        """``name`` and the size that its images are brought to: other images than those of that name."""
        return f"{self.name}-{self.resize}px" if self.resize else self.name

    @property
    def full_label(self) -> str:
        """How reports write it."""
        return f"{self.label} at {self.resize}x{self.resize}" if self.resize else self.label


@dataclass
class RecipeConfig:
    """How a network is trained. Schedules are in iterations. Defaults: He et al. 2015, section 4.2."""

    name: str = MISSING
    iterations: int = 64_000
    batch_size: int = 128  # global: more devices change the speed only
    batch_norm_group: int | None = None  # null: the whole global batch
    drop_last: bool = False  # drop an epoch's last, partial batch
    lr: float = 0.1
    schedule: Schedule = Schedule.step
    milestones: list[int] = field(default_factory=lambda: [32_000, 48_000])  # of schedule=step
    gamma: float = 0.1  # lr is multiplied by it at every milestone, or on every plateau
    patience: int = 10  # of schedule=plateau: evaluated epochs in a row without a lower validation error
    floor_lr: float = 0.0  # where schedule=cosine ends, and what schedule=plateau does not go below
    warmup: Warmup = Warmup.constant
    warmup_iterations: int = 0
    warmup_lr: float = 0.01
    optimizer: Any = None  # null: SGD with this momentum; or {_target_: torch.optim.Adam, its arguments}
    momentum: float = 0.9  # of SGD alone, as is nesterov
    nesterov: bool = False
    weight_decay: float = 1e-4
    decay_norms_and_biases: bool = True  # false: no weight decay on parameters of one dimension
    label_smoothing: float = 0.0  # the part of each label shared out among all classes (Szegedy et al. 2016, section 7)
    auxiliary_weight: float = 0.3  # of the loss of each auxiliary head, where there are any (Szegedy et al. 2015)
    normalisation: Normalisation = Normalisation.per_pixel_mean
    crop_padding: int = 4  # pixels on each side before a random crop; 0: no crop
    padding: Padding = Padding.zero
    flip: bool = True
    precision: Precision = Precision.fp32
    # not scientific: in what the recipe is not its paper's, a sentence each, for reports
    departures: list[str] = field(default_factory=list)


@dataclass
class InitFromConfig:
    """The weights that a run begins with: new ones, or those that another run of runs_dir ended with."""

    run: str | None = None  # its id; an id without its seed is the run of this run's own seed
    match: Match = Match.exact
    freeze: Freeze | None = None


@dataclass
class EvaluationConfig:
    """Part of a scale: when errors are measured. metrics.csv has one row per evaluated epoch."""

    evaluate_every: int = 1  # epochs; the last epoch is always evaluated
    remeasure_training: Remeasure = Remeasure.every
    shifts: list[int] = field(default_factory=list)  # pixels by which the test images are moved at the end
    sizes: list[int] = field(default_factory=list)  # pixels to which they are resized
    # what else is measured, and when: [{_target_: findings.training.probes.gradients.GradientNorms, at: [0, 100]}]
    probes: list[dict[str, Any]] = field(default_factory=list)
    keep_predictions: bool = True  # predictions.npz: every test image's class and logits; decides no number


@dataclass
class TrainerConfig:
    """Where and how fast a run trains. Nothing here is scientific."""

    accelerator: str = "auto"  # Lightning's: auto, cpu, cuda
    devices: int = 1  # on each node; every device is trained on by a process of its own, which srun or torchrun starts
    nodes: int = 1
    threads: int | None = None  # null: chosen when planned, then frozen, since threads change sums
    fast: bool = True  # false: the recipe's step written out, for comparison
    compiled: bool | None = None  # torch.compile; null: chosen when planned, then frozen, since it changes rounding
    checkpoint_every: float = 1.0  # minutes
    evaluation_batch_size: int = 500  # images at once; a signal is heeded between two batches
    chunk_seconds: float = 1.0  # steps per Lightning batch fill about this long; a checkpoint waits no longer


@dataclass
class TrackingConfig:
    """The W&B mirror: auto is online where a key is found, otherwise offline."""

    mode: str = "auto"  # auto, online, offline, none
    project: str = "findings"
    entity: str | None = None


@dataclass
class Config:
    """Everything that one run is."""

    scale: str = MISSING
    about: str = ""  # what a reader of the scale's results has to know
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    model: dict[str, Any] = field(default_factory=dict)
    recipe: RecipeConfig = field(default_factory=RecipeConfig)
    init_from: InitFromConfig = field(default_factory=InitFromConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    findings: list[str] = field(default_factory=list)  # whose sweeps asked for this run
    runs_dir: str = "runs"
    results_dir: str = "results"


ACCELERATORS = ("auto", "cpu", "cuda")
TRACKING_MODES = ("auto", "online", "offline", "none")
