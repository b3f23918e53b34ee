"""`findings submit` and its companions as a user calls them, on the cluster of the tests."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cluster import Cluster

from launching import records


class Submitter:
    """Calls ``findings`` in a directory from which sweeps are submitted."""

    def __init__(self, cluster: Cluster, directory: Path, **environment: str) -> None:
        self.cluster, self.directory = cluster, directory
        self.environment = cluster.environment | environment

    def findings(self, *arguments: str, code: int = 0) -> str:
        """What it prints; checks how it ended."""
        return self.run("findings.cli", *arguments, code=code)

    def run(self, module: str, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def submit(self, sweep: str, *arguments: str) -> str:
        """The job's number."""
        output = self.findings("submit", sweep, "--cluster", "test", *arguments)
        found = re.search(r"submitted as job (\d+)", output)
        assert found, output
        return found[1]

    def finished(self) -> list[str]:
        return [run for run, record in records(self.directory).items() if record["status"] == "finished"]

    def logs(self) -> str:
        """What all tasks and runs have printed: for the messages of tests that fail."""
        return "".join(
            f"--- {path.name}\n{path.read_text()}" for path in sorted(self.directory.glob("runs/submissions/*/logs/*"))
        )

    def until_finished(self, runs: int, seconds: float = 120) -> None:
        def all_are() -> bool:
            return len(self.finished()) >= runs

        try:
            self.cluster.until(all_are, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None


def own_code(directory: Path) -> Path:
    """A copy of the package and of its shared files that a test may edit; PYTHONPATH for it is its src/."""
    import findings
    from findings.config.folders import shared

    package = Path(findings.__file__).parent
    copy = directory / "checkout"
    shutil.copytree(package, copy / "src" / "findings", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("conf", "sweeps", "slurm"):
        shutil.copytree(shared(folder), copy / folder)
    return copy
