"""The processes that train one run together, one on each device: which one this is, and what they tell each other.

What is told goes over gloo, on the CPU; tensors on GPUs are added up by NCCL. Whoever fails leaves, which breaks the
connections of the others: who waits at gloo then fails at once. Who waits inside CUDA, for what NCCL adds up, does so
when NCCL's watchdog sees the loss, or after :data:`PATIENCE`.
"""

import atexit
import contextlib
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from findings.data.parts import Share
from findings.errors import InputError
from findings.records import provenance

T = TypeVar("T")
MEETING = timedelta(minutes=1)  # for the others to come
PATIENCE = timedelta(minutes=30)  # for others that decode a large data set, or hang
FAILURE = "failure"  # the key under which the first to fail says why
HEARD = "heard"  # how many of the others have read it
LAST_WORDS = timedelta(seconds=5)  # to read them
# what gloo, NCCL and their sockets say of a peer that is no longer there; other errors of theirs are mistakes to mend
LOST = re.compile(
    r"connection (was )?(closed|reset|refused|timed out)|broken pipe|socket closed|timed out|timeout|no route to host|"
    r"host is unreachable|remote process exit|ncclRemoteError|communicator was aborted",
    re.IGNORECASE,
)


class Unmet(InputError):
    """The processes of a run do not find each other; another time they may."""


class Parted(RuntimeError):
    """Another of the processes has failed, and this is what it said."""


class Gone(RuntimeError):
    """Another of the processes has ended without a word: it was killed, or its node is lost."""


class World:
    """Ranks 0 to ``size`` - 1; every method that exchanges something has to be called by all of them."""

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0, store: Store | None = None) -> None:
        self.rank, self.size, self.local_rank, self.store = rank, size, local_rank, store
        self.parted = False  # after an error; nothing can be exchanged any more
        self.hosts: list[str] = sorted(set(self.gathered(provenance.host())))

    @property
    def share(self) -> Share:
        """What this process takes of every batch."""
        return Share(self.rank, self.size)

    @property
    def leads(self) -> bool:
        """Rank 0 alone writes."""
        return self.rank == 0

    def gathered(self, value: T) -> list[T]:
        """Everybody's, by rank."""
        if self.size == 1 or self.parted:
            return [value]
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def told(self, value: T) -> T:
        """Rank 0's, which may take its time."""
        if self.size == 1 or self.parted:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def agreed(self, reason: str | None) -> str | None:
        """The first that anybody has."""
        return reason if self.size == 1 else next(filter(None, self.gathered(reason)), None)

    def add_up(self, tensor: Tensor) -> None:
        """In place, with the same bits for all."""
        dist.all_reduce(tensor)

    @contextlib.contextmanager
    def working(self, *together: type[BaseException]) -> Iterator[None]:
        """Leave at any error within but those ``together``, which all raise at the same place.

        Raises :class:`Parted` in the place of a connection that another process's error has broken, and :class:`Gone`
        where that process did not say why.
        """
        try:
            yield
        except together:
            raise
        except BaseException as error:
            if self.size == 1 or self.parted:
                raise
            lost = _lost(error)
            silent = lost or not isinstance(error, Exception)  # who is interrupted by hand has not failed
            cause = self._part(None if silent else f"rank {self.rank}: {type(error).__name__}: {error}")
            if cause and isinstance(error, RuntimeError):
                raise Parted(cause) from error
            if lost:
                raise Gone(f"another process of this run is gone: {str(error).partition(chr(10))[0]}") from error
            raise

    def _part(self, problem: str | None) -> str | None:
        """Close the connections; what another process said when it closed its own, if one did.

        A ``problem`` of this process's own is said to the others. A lost connection is none: with three processes or
        more, all that remain have one, and whoever noticed first would be taken for the cause.
        """
        self.parted = True
        said = None
        assert self.store is not None
        with contextlib.suppress(RuntimeError):  # rank 0 keeps the store, and may be gone
            self.store.set_timeout(LAST_WORDS)
            if problem is not None:
                first = self.store.compare_set(FAILURE, "", problem).decode()
                said = first if first != problem else None
            elif self.store.check([FAILURE]):
                said = self.store.get(FAILURE).decode()
            if not self.leads:
                self.store.add(HEARD, 1)
        # with GPUs it would wait for what the others never finish: the end of this process closes all connections
        if not torch.cuda.is_available():
            dist.destroy_process_group()
            if self.leads and problem is not None:
                self._await_hearing()
        return said

    def _await_hearing(self) -> None:
        """The store ends with this process: where it says why, the others are given time to read it there."""
        assert self.store is not None
        deadline = time.monotonic() + LAST_WORDS.total_seconds()
        with contextlib.suppress(RuntimeError):
            while self.store.add(HEARD, 0) < self.size - 1 and time.monotonic() < deadline:
                time.sleep(0.02)

    def close(self) -> None:
        """Leave in good order."""
        if not self.parted:
            dist.destroy_process_group()


def _lost(error: BaseException) -> bool:
    """Whether ``error`` says that another process is no longer there."""
    exchanging = isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))
    return exchanging and LOST.search(str(error)) is not None


ALONE = World()


def launchers_size() -> int:
    """How many processes the environment says were launched for one run; 1 where it says nothing."""
    who = _by_torchrun() or _by_srun()
    return 1 if who is None else who[1]


@cache
def launched() -> World:
    """The processes that srun, torchrun or the like have started, connected; :data:`ALONE` where it is but one.

    Raises InputError where the environment does not say who they are, and Unmet where they do not find each other.
    """
    who = _by_torchrun() or _by_srun()
    if who is None or who[1] == 1:
        return ALONE
    rank, size, local_rank = who
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        store, rank, size = next(iter(rendezvous("env://", rank, size, timeout=MEETING)))
        store.set_timeout(PATIENCE)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
        world = World(rank, size, local_rank, store)
    except ValueError as error:
        raise InputError("findings train", f"{size} processes were launched, but {error}") from None
    except RuntimeError as error:  # the port is another's, the name nobody's, or a process never came
        where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
        problem = str(error).partition("\n")[0]
        raise Unmet(where, f"process {rank} of {size} does not meet the others there: {problem}") from None
    atexit.register(world.close)
    return world


def _by_torchrun() -> tuple[int, int, int] | None:
    """(rank, size, rank on this host), as torchrun and its like say it. Asked first: srun may have started torchrun."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return None
    return _number("RANK"), _number("WORLD_SIZE"), _number("LOCAL_RANK", os.environ["RANK"])


def _by_srun() -> tuple[int, int, int] | None:
    """The same within a job step of SLURM; the batch script itself is none, however many tasks its job has.

    Lightning's own reading of SLURM insists on --ntasks-per-node, and takes the job's first node for the step's.
    """
    if "SLURM_STEP_NUM_TASKS" not in os.environ:
        return None
    from findings.training.lightning import SLURMEnvironment

    several = os.environ.get("SLURM_STEP_NUM_NODES", "1") != "1"
    nodes = os.environ.get("SLURM_STEP_NODELIST", "127.0.0.1") if several else "127.0.0.1"
    os.environ.setdefault("MASTER_ADDR", SLURMEnvironment.resolve_root_node_address(nodes))
    job, step = _number("SLURM_JOB_ID", "0"), _number("SLURM_STEP_ID", "0")
    os.environ.setdefault("MASTER_PORT", str(10_000 + (31 * job + step) % 20_000))  # below those that systems lend out
    return _number("SLURM_PROCID"), _number("SLURM_STEP_NUM_TASKS"), _number("SLURM_LOCALID", "0")


def _number(variable: str, otherwise: str = "") -> int:
    text = os.environ.get(variable, otherwise)
    try:
        return int(text)
    except ValueError:
        raise InputError(variable, f"'{text}' is no number: the processes' launcher sets it") from None
