"""Every network once, then every network once more, so that a machine that warms up or slows down favours none."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from findings.config.schema import Config
from findings.cost.measure.measurement import Failure, Measurement
from findings.engines.processes import context
from findings.errors import InputError
from findings.planning.plan import PlannedRun
from findings.system.processes import ending


@dataclass(frozen=True)
class Network:
    """An arm to measure, and whose findings want it."""

    label: str  # tells it from the others
    model: str  # the model file's name
    arm: str
    config: Config
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """One network in one round, from 1."""

    network: Network
    round: int
    result: Measurement | Failure


def networks(runs: Sequence[PlannedRun]) -> list[Network]:
    """The arms of a plan: one seed of each, for seeds cost the same."""
    arms: dict[str, list[PlannedRun]] = {}
    for run in runs:
        arms.setdefault(run.arm, []).append(run)
    models = {arm: same[0].varies.get("model", same[0].name) for arm, same in arms.items()}
    times = Counter(models.values())
    telling = _telling([same[0].varies for same in arms.values()])
    found = []
    for arm, same in arms.items():
        more = [f"{key}={value}" for key, value in same[0].varies.items() if key in telling]
        label = models[arm] if times[models[arm]] == 1 else " ".join([models[arm], *more])
        findings = sorted({finding for run in same for finding in run.config.findings})
        found.append(Network(label, models[arm], arm, same[0].config, tuple(findings)))
    return found


def _telling(varies: Sequence[dict[str, str]]) -> set[str]:
    """The axes, apart from the model, on which arms differ."""
    axes = {key for values in varies for key in values} - {"model", "seed", "scale"}
    return {axis for axis in axes if len({values.get(axis) for values in varies}) > 1}


def order(networks: Sequence[Network], round: int) -> list[Network]:
    """The networks in the order of a round: there and back, which a steady drift leaves no mark on."""
    return list(networks if round % 2 else reversed(networks))


def measured(networks: Sequence[Network], rounds: int, seconds: float) -> Iterator[Measured]:
    """Measure, one network at a time; one that failed is not tried again.

    Raises InputError where a config or its data are not for this machine.
    """
    failed: set[str] = set()
    for round in range(1, rounds + 1):
        for network in order(networks, round):
            if network.arm not in failed:
                result = _in_its_own_process(network.config, seconds)
                if isinstance(result, Failure):
                    failed.add(network.arm)
                yield Measured(network, round, result)


def _in_its_own_process(config: Config, seconds: float) -> Measurement | Failure:
    ours, theirs = context().Pipe()
    process = context().Process(target=_work, args=(theirs, config, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        result: Measurement | Failure = ours.recv()
    except (EOFError, OSError):
        process.join()
        return Failure(f"its process {ending(process.exitcode)}")
    finally:
        process.kill()  # it has said all it has to say, or ^C came
        process.join()
        ours.close()
    if isinstance(result, Failure) and result.where:
        raise InputError(result.where, result.problem)
    return result


def _work(parent: Connection, config: Config, seconds: float) -> None:
    from findings.cost.measure.steps import work  # here alone: to import Lightning takes seconds

    work(parent, config, seconds)
