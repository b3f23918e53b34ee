"""How the processes end that train runs on a cluster, beside 0: all is done."""

FAILED = 1  # also Python's own for an error, and srun's
REFUSED = 2  # bad input, which no other start changes
LEASED = 3  # the run is in training elsewhere
GIVEN_UP = 4  # of a task: some of its runs are
INTERRUPTED = 75  # to be started again
