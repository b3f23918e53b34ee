"""What a run is: typed keys, Hydra's composition of them, checks across them, and the id that follows.

Imported from here: ``schema`` (Config), ``identity`` (Run: resolved once, handed on), ``compose``, ``frozen``,
``folders``.
Never here: torch, a network, a file of a run besides its config; an import of any room but ``system``.
"""
