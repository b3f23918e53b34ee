"""What a run leaves behind, in runs/<run id>/: the source of truth that everything downstream reads.

Imported from here: ``record`` (Record), ``lease`` (one run, one process), ``provenance``, ``transfer``.
Never here: torch, how a run is trained, how a record is judged.
"""
