"""The W&B mirror (placeholder until the next commit)."""

import contextlib


class Mirror:
    def log(self, rows):
        pass


@contextlib.contextmanager
def mirror(config, run, record):
    yield Mirror()
