"""findings train [override ...] [Hydra's flags], and findings train --frozen FILE"""

import argparse
import itertools
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findings.errors import InputError
from findings.training.command import FAILED, INTERRUPTED, LEASED

if TYPE_CHECKING:
    from findings.config.identity import Run
    from findings.training.train import Outcome

EXIT_CODES = {"finished": 0, "skipped": 0, "failed": FAILED, "interrupted": INTERRUPTED}
HELP = """\
usage: findings train [override ...] [--cfg job] [-m] [--retry-failed]
       findings train --frozen FILE [--retry-failed]

Train one run, or go on with it, or skip it if it is finished: runs/<run id>/ tells.

  override          Hydra's key=value: a group (model=plain56) or a key (recipe.lr=0.05); `--help-hydra` for the grammar
  --cfg job         print the composed config and stop
  -m, --multirun    one run after the other for every combination of comma lists
  --frozen FILE     a config that was frozen when its run was planned: runs/<run id>/config.yaml
  --retry-failed    try again if the run failed

Completion in bash: eval "$(findings train -sc install=bash)"
Exit codes: 0 finished or skipped, 1 failed, 2 bad input, 75 interrupted and resumable.
With --frozen, 3 in training elsewhere.
"""


class InTraining(InputError):
    """Another process trains the run."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    if "-h" in arguments or "--help" in arguments:
        print(HELP, end="")
        return 0
    rest = list(arguments)
    retry = "--retry-failed" in rest
    if retry:
        rest.remove("--retry-failed")
    if any(argument.split("=")[0] == "--frozen" for argument in rest):
        parser.add_argument("--frozen", type=Path, required=True)
        given, others = parser.parse_known_args(rest)
        if others:
            raise InputError("findings train", f"a frozen config takes no overrides: {' '.join(others)}")
        from findings.config.frozen import thaw

        frozen = thaw(given.frozen)
        folder = given.frozen.resolve().parent
        if folder.name == frozen.id:
            frozen = frozen.with_config(runs_dir=str(folder.parent))  # from whatever directory it is started
        return _train_frozen(frozen, retry)
    return _compose_and_train(["--hydra-help" if argument == "--help-hydra" else argument for argument in rest], retry)


def _train_frozen(run: "Run", retry: bool) -> int:
    """What starts it is a program, which has to tell bad input from what another start may change."""
    from findings.training.processes import Unmet

    try:
        return EXIT_CODES[_train(run, retry).status]
    except InTraining as error:
        print(f"findings: {error}", file=sys.stderr)
        return LEASED
    except (Unmet, OSError) as error:  # OSError: a disk that is full, or gone
        print(f"findings: {error}", file=sys.stderr)
        return FAILED


def _compose_and_train(arguments: list[str], retry: bool) -> int:
    """Check every override in one line's words; then let Hydra do what Hydra does."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException

    from findings.config.compose import Composer
    from findings.config.folders import shared

    completing = "-sc" in arguments or "--shell-completion" in arguments
    if not completing:
        # Hydra wants its flags after the overrides
        arguments = sorted(arguments, key=lambda argument: argument.startswith("-") or "=" not in argument)
        arguments = [*_check(arguments), *map(_for_hydra, arguments)]
    here = Path.cwd()
    outcomes: list[Outcome] = []
    refused: list[InputError] = []

    class Stopped(BaseException):
        """Of a sweep: its other runs are not begun either. Hydra lets nothing else through."""

    def task(_: Any) -> None:  # a run is made in one way only: what Hydra has composed is for its own --cfg
        os.chdir(here)  # hydra.job.chdir would put runs/ into runs/
        try:
            told = [text for text in HydraConfig.get().overrides.task if not text.startswith("~")]  # by for_hydra()
            outcomes.append(_train(Composer().compose(_overrides(told)), retry))
        except InputError as error:  # Hydra would show it among its own frames
            refused.append(error)
        if outcomes and outcomes[-1].status == "interrupted":
            raise Stopped

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises its errors, where it would print some lines and exit
    sys.argv = ["findings" if completing else "findings train", *arguments]  # bash completes for a program of one word
    try:
        hydra.main(version_base="1.3", config_path=str(shared("conf").resolve()), config_name="config")(task)()
    except Stopped:
        pass
    except HydraException as error:
        raise InputError("findings train", str(error)) from None
    if refused:
        raise refused[0]
    return max((EXIT_CODES[outcome.status] for outcome in outcomes), default=0)


def _for_hydra(argument: str) -> str:
    """Of networks and optimisers Hydra knows those arguments only that a file gives; all are checked by now."""
    return f"++{argument}" if re.match(r"(model\.|recipe\.optimizer[.=])", argument) else argument


def _overrides(texts: Sequence[str]) -> list[str]:
    """Less those about Hydra itself, and the file of conf/special/, which the composer finds by itself."""
    return [text for text in texts if not text.startswith(("hydra", "special="))]


def _check(arguments: list[str]) -> list[str]:
    """Compose every combination, and build its network, before the first one is trained. Raises InputError.

    Returns what Hydra has to be told besides, to show the run's config.
    """
    from hydra._internal.utils import get_args_parser

    from findings.config.compose import Composer, parse

    parser = get_args_parser()
    parser.exit_on_error = False
    try:
        given, unknown = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise InputError("findings train", f"{error}; see `findings train --help`") from None
    if unknown:
        raise InputError("findings train", f"unrecognized arguments: {' '.join(unknown)}; see `findings train --help`")
    if given.hydra_help:
        return []
    shows = given.cfg is not None or given.info is not None
    if shows and given.multirun:
        raise InputError("findings train", "--cfg and --info show one config: leave out -m")
    parsed = parse(_overrides(given.overrides))
    if not given.multirun and any(override.is_sweep_override() for override in parsed):
        raise InputError("findings train", "a comma list is several runs: add -m, or use `findings run`")
    choices = [
        [f"{o.key_or_group}={value}" for value in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [str(o.input_line)]
        for o in parsed
    ]
    composer = Composer()
    for combination in itertools.product(*choices):
        run = composer.compose(combination)
        if not shows:
            from findings.planning.plan import count

            count(run.config)
    return [] if given.multirun else composer.for_hydra(combination)


def _train(run: "Run", retry: bool) -> "Outcome":
    from findings.engines.foreground import train_here
    from findings.records.lease import Leased

    try:
        return train_here(run, retry_failed=retry)
    except Leased as holder:
        raise InTraining(run.id, str(holder)) from None
