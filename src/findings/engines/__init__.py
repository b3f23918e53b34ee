"""Who trains which frozen run where: ``local`` with worker processes, ``slurm`` as one array; the same policies.

Imported from here: ``foreground`` (one run in this process), ``local``, ``slurm``, ``processes`` (how one is started),
``devices``, ``failures`` (when to give up), ``mps``.
Never here: how one run is trained, what a sweep holds.
"""
