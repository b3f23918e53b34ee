"""What bash asks after ``eval "$(findings train -sc install=bash)"``: actions, then Hydra's overrides."""

import os
from collections.abc import Sequence

from findings.cli.actions import ACTIONS


def run(arguments: Sequence[str]) -> int:
    line = os.environ.get("COMP_LINE", "")
    words = line.split(" ")
    if len(words) <= 2:
        print(" ".join(action for action in ACTIONS if action.startswith(words[-1] if len(words) == 2 else "")))
        return 0
    if words[1] != "train":
        if len(words) == 3 and words[1] in ("plan", "run", "measure"):
            from findings.planning.sweeps import names

            print(" ".join(name for name in names() if name.startswith(words[2])))
        return 0
    # Hydra completes for a program of one word
    os.environ["COMP_LINE"] = " ".join([words[0], *words[2:]])
    if os.environ.get("COMP_POINT", "").isdigit():
        os.environ["COMP_POINT"] = str(int(os.environ["COMP_POINT"]) - len("train "))
    from findings.cli.train import _compose_and_train

    return _compose_and_train(list(arguments), retry=False)
