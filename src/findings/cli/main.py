"""The ``findings`` command: one word per action. Nothing heavy is imported before the action is known."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import NoReturn

from findings import __version__
from findings.errors import InputError
from findings.training.command import BY_HAND, REFUSED

ACTIONS = {
    "list": "the findings, their claims, the runs needed and done, the last verdicts",
    "plan": "compose, type and build every run of a sweep, without training; predict what it takes",
    "train": "train one run: Hydra's overrides and groups, or --frozen FILE",
    "run": "train every run of a sweep on this machine",
    "measure": "measure time and memory of a training step for each network of a sweep, one at a time",
    "study": "run, measure and report in one go",
    "submit": "hand a sweep to a SLURM cluster as one array of jobs, and return",
    "status": "how far each submitted run is, what failed and where its log is",
    "logs": "what a submitted run has printed",
    "cancel": "take a submitted sweep out of the queue; checkpoints stay",
    "report": "judge the records; write verdicts, tables and figures",
    "show": "one run: its config, state and provenance; or in what two runs differ",
    "sync": "send W&B what it does not have yet, from the records; --watch: until all are finished",
    "export": "pack records, and the checkpoints of unfinished runs, into files of 15 MiB at most",
    "import": "bring what was exported on another machine into runs/",
    "data": "data fetch NAME: download and decode a data set here, for machines that have no network",
    "doctor": "what this machine has, and what is missing for which scale",
}
HELP = """\
usage: findings ACTION [...]

Reproduce findings about CNN architectures.

actions:
{actions}

examples:
  findings list                                   what there is to reproduce, and what has been
  findings plan quick/depth-degradation           its runs, and what they cost
  findings run quick/depth-degradation            train them here
  findings report quick                           judge and draw what is recorded
  findings train model=plain56 seed=1             one run

`findings ACTION --help` says more.""".format(actions="\n".join(f"  {name:8} {what}" for name, what in ACTIONS.items()))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(self.prog, f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0, 1 if a run failed, 2 for bad input, 75 if interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(given)
    except InputError as error:
        print(error if error.where.startswith("findings ") else f"findings: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("findings: interrupted; the same command resumes", file=sys.stderr)
        return BY_HAND
    except BrokenPipeError:  # ... | head
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        print(f"findings: {error.filename}: {error.strerror}", file=sys.stderr)
        return REFUSED


def _dispatch(given: list[str]) -> int:
    if given[:1] == ["-sc"]:  # what bash asks after `eval "$(findings train -sc install=bash)"`
        return int(import_module("findings.cli.completion").run(given))
    if not given or given[0] in ("-h", "--help"):
        print(HELP)
        return 0
    action, rest = given[0], given[1:]
    if action == "--version":
        print(f"findings {__version__}")
        return 0
    if action not in ACTIONS:
        raise InputError(f"'{action}'", "no such action", ACTIONS, action)
    command = import_module(f"findings.cli.{action}{'_' if iskeyword(action) else ''}")
    return int(command.run(_Parser(f"findings {action}", description=ACTIONS[action]), rest))


if __name__ == "__main__":
    sys.exit(main())
