"""Those who submit: whoever runs this and, where that is root, somebody else."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cluster import Cluster

NOBODY = 65534


@dataclass
class Person:
    name: str
    cluster: Cluster
    directory: Path
    prefix: list[str] = field(default_factory=list)  # that makes a command theirs
    said: list[str] = field(default_factory=list)  # the last line of each command's output
    tracebacks: list[str] = field(default_factory=list)

    def submit(self, sweep: str, *options: str) -> None:
        self.findings("submit", sweep, "--cluster", "test", "--pack", "2", *options)

    def findings(self, *arguments: str) -> int:
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "findings.cli", *arguments],
            cwd=self.directory,
            env=self.cluster.environment | {"HOME": str(self.directory)},
            capture_output=True,
            text=True,
            timeout=600,
            umask=0,  # they share what they write, as a group with its own folder does
        )
        text = done.stdout + done.stderr
        self.said.append((text.strip().splitlines() or [""])[-1])
        if "Traceback" in text:
            self.tracebacks.append(text)
        return done.returncode


def people(cluster: Cluster, directory: Path) -> list[Person]:
    directory.chmod(0o777)
    found = [Person("one", cluster, directory)]
    if os.geteuid() == 0:
        somebody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        found.append(Person("another", cluster, directory, somebody))
    return found
