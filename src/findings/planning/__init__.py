"""From sweeps to frozen runs: every run composed, typed, checked and its network built before anything starts.

Imported from here: ``sweeps`` (W&B's files), ``plan`` (PlannedRun, Planner), ``request`` (a command's sweep and
overrides), ``notebook`` (a plan as a table), ``freezing`` (config.yaml of each run, plan.json:
nobody else writes them).
Never here: training, an engine, the command line.
"""
