"""Architectures: one file per family; blocks, heads and norms are shared. Knows nothing of Hydra or W&B.

A network is a class whose keyword arguments, typed and with defaults, are its hyperparameters (``schema.py`` reads them
from the signature), and whose static method ``name`` says how its runs are called. ``channels``, ``size``, ``classes``
and ``batch_norm_group`` come from the data and the recipe.
"""
