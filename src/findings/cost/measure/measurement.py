"""What a measurement is, without what it takes to make one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """What ``steps`` steps took."""

    device: str  # its name
    accelerator: str  # cpu or cuda
    execution: str  # how the steps were made: plain, fast or captured, and whether compiled
    threads: int
    steps: int
    images: int
    seconds: float  # within training steps
    peak_memory_mib: float
    wall_seconds: float  # in all, from the first of these steps to the end of the last
    others_seconds: float  # core-seconds that other processes had of our cores meanwhile

    @property
    def milliseconds_per_step(self) -> float:
        return 1000 * self.seconds / self.steps

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


@dataclass(frozen=True)
class Failure:
    """Why there is none. With ``where`` it is an InputError."""

    problem: str
    where: str = ""
