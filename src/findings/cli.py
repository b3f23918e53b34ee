"""The ``findings`` command: one word per action. Nothing heavy is imported before the action is known."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from findings import __version__
from findings.errors import InputError

EPILOG = """\
examples:
  findings list                                   what there is to reproduce, and what has been
  findings plan quick/depth-degradation           its runs, and what they cost
  findings run quick/depth-degradation            train them here
  findings report quick                           judge and draw what is recorded
  findings train model=plain56 seed=1             one run
"""
ACTIONS = {
    "list": "the findings, their claims, the runs needed and done, the last verdicts",
    "plan": "compose, type and build every run of a sweep, without training",
    "train": "train one run: Hydra's overrides and groups, or --frozen FILE",
    "run": "train every run of a sweep on this machine",
    "report": "judge the records; write verdicts, tables and figures",
    "doctor": "what this machine has, and what is missing for which scale",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(self.prog, f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0, 1 if a run failed, 2 for bad input, 75 if interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(given)
    except InputError as error:
        print(f"findings: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("findings: interrupted; the same command resumes", file=sys.stderr)
        return 130
    except BrokenPipeError:  # ... | head
        sys.stderr.close()
        return 0


def _dispatch(given: list[str]) -> int:
    if given[:1] == ["-sc"]:  # what bash asks after `eval "$(findings train -sc install=bash)"`
        return int(import_module("findings.commands.completion").run(given))
    parser = _Parser("findings", description="Reproduce findings about CNN architectures.", epilog=EPILOG)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--version", action="version", version=f"findings {__version__}")
    parser.add_argument("action", metavar="ACTION", help="; ".join(f"{name}: {what}" for name, what in ACTIONS.items()))
    parser.usage = "findings ACTION [...]"
    if not given or given[0] in ("-h", "--help"):
        print(_help(parser))
        return 0
    parsed, rest = parser.parse_known_args(given[:1])[0], given[1:]
    if parsed.action not in ACTIONS:
        raise InputError("findings", f"no action '{parsed.action}'", ACTIONS, parsed.action)
    command = import_module(f"findings.commands.{parsed.action}")
    own = _Parser(f"findings {parsed.action}", description=ACTIONS[parsed.action])
    return int(command.run(own, rest))


def _help(parser: argparse.ArgumentParser) -> str:
    actions = "\n".join(f"  {name:8} {what}" for name, what in ACTIONS.items())
    return f"usage: {parser.usage}\n\n{parser.description}\n\nactions:\n{actions}\n\n{EPILOG}\n`findings ACTION --help` says more."


if __name__ == "__main__":
    sys.exit(main())
