"""findings lock SCALE/FINDING --why TEXT"""

import argparse
from collections.abc import Sequence
from datetime import date

from findings.cli.arguments import folders
from findings.errors import InputError


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    parser.add_argument("name", metavar="SCALE/FINDING", help="one whose first run has locked it")
    parser.add_argument("--why", metavar="TEXT", help="the reason; without it, what has changed is shown")
    parser.add_argument("overrides", metavar="override", nargs="*", help="results_dir=DIR")
    given = parser.parse_intermixed_args(arguments)
    from findings.judging import locks
    from findings.judging.evidence import read_plan
    from findings.records import provenance
    from findings.studies import findings

    results = folders(given.overrides, "results_dir")["results_dir"]
    folder = results / given.name
    if not (folder / locks.FILE).is_file():
        known = sorted(f"{path.parts[-3]}/{path.parts[-2]}" for path in results.glob(f"*/*/{locks.FILE}"))
        raise InputError(given.name, f"is not locked in {results}: its first run does that", known, given.name)
    plan = read_plan(folder / "plan.json")
    finding = findings()[plan.finding]
    plan = plan.labelled(finding.labels)
    now = locks.content_of(finding.claims_at(plan), plan)
    if given.why:
        print(locks.deviate(folder, now, given.why, date=date.today().isoformat(), commit=_commit(provenance.code())))
        return 0
    lock = locks.read(folder)
    assert lock is not None
    print(f"locked on {lock.date}, {locks.digest(lock.content)}")
    for deviation in lock.deviations:
        print(deviation)
    for text, claims in locks.changes(lock.content, now):
        print(f"changed, and not explained: {text} (touches {', '.join(claims) or 'no claim'})")
    return 0


def _commit(code: dict[str, object]) -> str:
    return f"{code['sha'] or ''}{'+' if code['dirty'] else ''}"
