"""Many short runs through a real SLURM while steps, daemons and the disk fail: is each finished once, and right?

    python tests/soak --runs 200 --minutes 60

Two people submit the same sweep into the same runs/ (the second where this is root, who can be somebody else), time and
again, as one does who finds something missing. Meanwhile troubles come at random. In the end every run is to be
finished, with the rows of one that nothing disturbed and none twice, and the queue is to be empty. Needs SLURM; a small
file system of its own for runs/ needs root. Prints one table and ends with 1 where something is wrong.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "slurm")]

from cluster import ENDED, Cluster, missing, started  # noqa: E402
from people import Person, people  # noqa: E402
from troubles import SETTINGS, TROUBLES, Disk, back_in_service  # noqa: E402

from launching import all_numbers, records, write_sweep  # noqa: E402

# a few seconds of training, with a checkpoint every 0.3 s
LENGTH = {"recipe__iterations": 480, "recipe__milestones": [240, 360], "trainer__checkpoint_every": 0.005}
SUBMITTED_EVERY = 45  # seconds, by one or the other
PROFILE = "cluster.max_parallel=3", "cluster.time=20", "cluster.signal=30", "cluster.grace=25"


def undisturbed(directory: Path, sweep: str) -> dict[str, list[dict[str, str]]]:
    """{run id: its rows}, trained by `findings run` with nothing else going on in ``directory``."""
    subprocess.run(
        [sys.executable, "-m", "findings.cli", "run", sweep, "--jobs", "2"], cwd=directory, check=True, timeout=7200
    )
    return all_numbers(directory)


def soak(
    cluster: Cluster, directory: Path, sweep: str, disk: Disk, runs: int, minutes: float, draw: random.Random
) -> tuple[Counter[str], list[Person]]:
    """Submit and disturb until all runs are finished and the queue is empty, or the time is over. {what: how often}."""
    submitters = people(cluster, directory)
    counts: Counter[str] = Counter()
    deadline = time.monotonic() + 60 * minutes
    submitted = 0.0
    while time.monotonic() < deadline:
        finished = sum(record["status"] == "finished" for record in records(directory).values())
        if finished >= runs and all(task.state in ENDED for task in cluster.tasks()):
            return counts, submitters
        if time.monotonic() - submitted > SUBMITTED_EVERY:
            person = submitters[counts["submitted"] % len(submitters)]
            person.submit(sweep, *PROFILE)
            counts["submitted"] += 1
            counts["node put back in service"] += back_in_service(cluster)
            submitted = time.monotonic()
            print(f"{finished} of {runs} finished; {person.name} submits: {person.said[-1]}", flush=True)
        trouble = draw.choice(TROUBLES)
        if trouble(cluster, disk, draw):
            counts[trouble.__name__.replace("_", " ")] += 1
        time.sleep(draw.uniform(3, 12))
    return counts, submitters


def wrong(
    cluster: Cluster, directory: Path, expected: dict[str, list[dict[str, str]]], said: list[Person]
) -> list[str]:
    """What is not as it should be, a line each."""
    found = []
    actual, made = all_numbers(directory), records(directory)
    for run, rows in expected.items():
        status = made.get(run, {}).get("status", "not there")
        if status != "finished":
            found.append(f"{run} is {status}: {made.get(run, {}).get('reason')}")
        elif actual[run] != rows:
            found.append(f"{run} has other rows than one that nothing disturbed")
    found += [f"{run} was never planned" for run in made.keys() - expected.keys()]
    found += [f"left in the queue: {task}" for task in cluster.tasks() if task.state in ("PENDING", "RUNNING")]
    found += [f"{person.name} saw a traceback:\n{text}" for person in said for text in person.tracebacks]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/soak", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60, help="after which it is given up")
    parser.add_argument("--seed", type=int, default=0, help="of the troubles")
    given = parser.parse_args()
    if absent := missing():
        sys.exit(f"SLURM is not installed: no {', '.join(absent)}")
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        base.chmod(0o777)
        calm, rough = base / "calm", base / "rough"
        for directory in (calm, rough):
            directory.mkdir()
            sweep = write_sweep(directory, "soak", seeds=given.runs, **LENGTH)
        begun = time.monotonic()
        expected = undisturbed(calm, sweep)
        calmly = time.monotonic() - begun
        (base / "slurm").mkdir()
        with Disk(rough / "runs") as disk, started(base / "slurm", SETTINGS) as cluster:
            begun = time.monotonic()
            draw = random.Random(given.seed)
            counts, said = soak(cluster, rough, sweep, disk, given.runs, given.minutes, draw)
            disk.empty()
            roughly = time.monotonic() - begun
            cluster.until(lambda: all(task.state not in ("RUNNING", "COMPLETING") for task in cluster.tasks()), 60)
            faults = wrong(cluster, rough, expected, said)
            attempts = [record.get("attempts", 0) for record in records(rough).values()]
    print(f"\n{given.runs} runs: {calmly:.0f} s calmly, {roughly:.0f} s with troubles; {sum(attempts)} starts")
    for what, count in sorted(counts.items()):
        print(f"  {what}: {count}")
    print("\n".join(faults) or "every run finished once, its rows equal to undisturbed ones; the queue is empty")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
