"""Processes that train one run together, as torchrun would start them: over gloo, each with one thread."""

import multiprocessing as mp
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from findings.config.frozen import freeze, thaw
from findings.config.identity import identify
from findings.config.schema import Config
from tiny_runs import tiny

SECONDS = 100  # that they may take at most
# three epochs of 12 steps; the last batch of each has 29 images: one group for the first device, none for the second
ODD: dict[str, Any] = {
    "data___target_": "odd_digits.load",
    "data__name": "odd",
    "recipe__iterations": 36,
    "data__train_images": None,
    "data__test_images": None,
}


@dataclass(frozen=True)
class Disturbance:
    """What happens to one rank when so many iterations are made: it gets a signal, or its next batch raises."""

    rank: int
    iteration: int
    number: signal.Signals | None = None


@dataclass(frozen=True)
class Ended:
    """How one rank's call ended: with an outcome, or refused, with the text of an InputError."""

    status: str
    reason: str


def run(directory: Path, *, devices: int = 2, **changes: Any) -> Config:
    directory.mkdir(exist_ok=True)
    return tiny(directory, trainer__devices=devices, **changes)


def together(
    config: Config,
    directory: Path,
    disturbance: Disturbance | None = None,
    size: int = 2,
    places: Sequence[Path] = (),
    others: Sequence[Config] = (),
) -> list[Ended]:
    """Train ``config`` by ``size`` processes, each in its place if there are ``places``; how each ended, by rank.

    The last of them are given ``others``, if there are any.
    """
    frozen = [directory / f"frozen-{rank}.yaml" for rank in range(size)]
    for path, one in zip(frozen, [*[config] * (size - len(others)), *others], strict=True):
        path.write_text(freeze(identify(one)))
    ended = launch(_train, size, frozen, disturbance, places)
    return [Ended("gone", "") if one is None else one for one in ended]


def launch(call: Callable[..., Any], size: int, *arguments: Any) -> list[Any]:
    """What ``call(*arguments)`` returns in each of ``size`` processes, by rank; None for one that was killed.

    They are forked from one that has imported everything.
    """
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["findings.training.train"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    members = []
    for rank in range(size):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_member, args=(theirs, rank, size, port, call, arguments))
        process.start()
        theirs.close()
        members.append((process, ours))
    try:
        return [_result(ours) for _, ours in members]
    finally:
        for process, _ in members:
            process.join(10)
            process.kill()


def _result(connection: Any) -> Any:
    assert connection.poll(SECONDS), "a process hangs"
    try:
        return connection.recv()
    except EOFError:
        return None


def _member(
    connection: Any, rank: int, size: int, port: int, call: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    os.environ.update({key: str(value) for key, value in told.items()})
    connection.send(call(*arguments))


def _train(frozen: Sequence[Path], disturbance: Disturbance | None, places: Sequence[Path]) -> Ended:
    from findings.errors import InputError
    from findings.records.lease import Leased
    from findings.training.processes import launched
    from findings.training.signals import Stop
    from findings.training.train import train

    if disturbance and disturbance.rank == launched().rank:
        _disturb(disturbance)
    if places:
        os.chdir(places[launched().rank])
    try:
        outcome = train(
            thaw(frozen[launched().rank]), stop=Stop(), progress=lambda *_: None, retry_failed=True, world=launched()
        )
    except (InputError, Leased) as error:
        return Ended("refused", str(error))
    return Ended(outcome.status, outcome.reason)


def _disturb(disturbance: Disturbance) -> None:
    from findings.training.learner import Learner

    step: Callable[..., None] = Learner.training_step

    def disturbed(learner: Learner, *arguments: Any) -> None:
        if learner.done == disturbance.iteration:
            if disturbance.number is None:
                raise ValueError("the disk is on fire")
            os.kill(os.getpid(), disturbance.number)
        step(learner, *arguments)

    Learner.training_step = disturbed  # type: ignore[method-assign]


def statuses(ended: Sequence[Ended]) -> list[str]:
    return [one.status for one in ended]
