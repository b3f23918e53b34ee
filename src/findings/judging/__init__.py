"""From records to verdicts: claims, the evidence that they are about, one rule, what was published beside ours.

Imported from here: ``claims``, ``evidence``, ``merge`` (records into results/), ``judge``, ``checks``,
``intervals``, ``published``.
Never here: torch, Hydra, a drawing, a page.
"""
