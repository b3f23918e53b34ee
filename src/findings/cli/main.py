"""The ``findings`` command: one word per action. Nothing heavy is imported before the action is known."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import NoReturn

from findings import __version__
from findings.cli.actions import ACTIONS, HELP
from findings.errors import InputError
from findings.system.files import NoRoom
from findings.system.surroundings import settle
from findings.system.terminal import speak_on
from findings.training.command import BY_HAND, INTERRUPTED, REFUSED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(self.prog, f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0, 1 if a run failed, 2 for bad input, 75 if interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if arguments is None:  # as a program of its own
            settle()
            speak_on()
        return _dispatch(given)
    except InputError as error:
        print(error if error.where.startswith("findings ") else f"findings: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("findings: interrupted; the same command resumes", file=sys.stderr)
        return BY_HAND
    except NoRoom as full:
        print(f"findings: {full}; the same command goes on once there is room", file=sys.stderr)
        return INTERRUPTED
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
