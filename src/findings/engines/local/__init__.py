"""This machine: a pool of worker processes, one run each at a time, and what `findings run` shows of them."""
