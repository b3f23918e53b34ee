"""One run: train starts, resumes or skips it; a journal keeps its record; signals end it at a chunk's end.

Imported from here: ``train`` (and its ``observer``), ``signals``, ``command`` (as a process), ``assembly`` (its parts),
``lightning`` (what is used of Lightning and torchmetrics).
Never here: sweeps, engines, W&B: whoever watches a training is an observer that it is handed.
"""
