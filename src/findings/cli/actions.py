"""The words that may follow ``findings``, and its help; light, since bash asks for them at every Tab."""

ACTIONS = {
    "list": "the findings, their claims, the runs needed and done, the last verdicts",
    "plan": "compose, type and build every run of a sweep, without training; predict what it takes",
    "train": "train one run: Hydra's overrides and groups, or --frozen FILE",
    "run": "train every run of a sweep on this machine",
    "measure": "measure time and memory of a training step for each network of a sweep, one at a time",
    "study": "run, measure and report in one go",
    "complexity": "weights, multiply-adds, activations and receptive field of a network, whole or by layer",
    "evaluate": "the test error of a network with weights from a file, ours or others'",
    "submit": "hand a sweep to a SLURM cluster as one array of jobs, and return",
    "status": "how far each submitted run is, what failed and where its log is",
    "logs": "what a submitted run has printed",
    "cancel": "take a submitted sweep out of the queue; checkpoints stay",
    "report": "judge the records; write verdicts, tables and figures",
    "curves": "training curves of a sweep, here in the terminal",
    "dashboard": "the page of claims, curves and runs; --live: new rows appear while runs train",
    "lock": "what was locked at a finding's first run, and what has changed; --why notes a deviation",
    "show": "one run: its config, state and provenance; or in what two runs differ",
    "sync": "send W&B what it does not have yet, from the records; --watch: until all are finished",
    "pull": "bring the records that others have sent to a project of W&B into runs/",
    "export": "pack records, and the checkpoints of unfinished runs, into files of 15 MiB at most",
    "import": "bring what was exported on another machine into runs/",
    "data": "data fetch NAME: download and decode a data set here, for machines without a network",
    "doctor": "what this machine has, and what is missing for which scale",
}
HELP = """\
usage: findings ACTION [...]

Reproduce findings about CNN architectures.

actions:
{actions}

examples:
  findings list                                   what there is to reproduce, and what has been
  findings plan quick/depth-degradation           its runs, and what they cost
  findings run quick/depth-degradation            train them here
  findings report quick                           judge and draw what is recorded
  findings train model=plain56 seed=1             one run

`findings ACTION --help` says more.""".format(
    actions="\n".join(f"  {name:10} {what}" for name, what in ACTIONS.items())
)
