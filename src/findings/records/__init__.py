"""What a run leaves behind, in runs/<run id>/: the source of truth that everything downstream reads.

Imported from here: ``record`` (Record), ``lease`` (one run, one process), ``provenance``, ``transfer``,
``library`` (many runs, chosen and as tables).
Never here: torch, how a run is trained, how a record is judged.
"""
