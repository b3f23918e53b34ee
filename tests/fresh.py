"""What code says in a process that has imported torch and nothing else: forked from one that paid for that once.

For tests of what is imported beside torch. Whether torch itself is, only an interpreter of its own can tell.
"""

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

SERVER = """
import json, os, sys, traceback
import torch

def run(asked):
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(os.path.join(asked["said"], name), os.O_WRONLY | os.O_CREAT), number)
    os.chdir(asked["folder"])
    code = 1
    try:
        exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)

while line := sys.stdin.readline():
    child = os.fork()
    if child == 0:
        run(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _server() -> tuple[IO[str], IO[str]]:
    """It ends with the tests, which hold its standard input."""
    started = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert started.stdin
    assert started.stdout
    return started.stdin, started.stdout


def ran(code: str, folder: Path) -> str:
    """What ``code`` prints, in ``folder``; it has to come to its end."""
    asking, answering = _server()
    with tempfile.TemporaryDirectory() as said:
        print(json.dumps({"code": code, "folder": str(folder), "said": said}), file=asking)
        ended = int(answering.readline())
        assert ended == 0, Path(said, "err").read_text()
        return Path(said, "out").read_text()
