"""Architectures: one file per family; blocks, heads and norms are shared. A network's name says what it is.

Imported from here: ``build`` (from a config), ``complexity`` (counts on the meta device), ``synced`` (several devices).
Never here: Hydra, W&B, data, how anything is trained.

A network is a class whose keyword arguments, typed and with defaults, are its hyperparameters, and whose static method
``name`` says how its runs are called. Of ``channels``, ``size``, ``classes`` and ``batch_norm_group`` it takes what it
needs: they come from the data and the recipe. It may lie in the working directory; ``foreign`` holds the networks of
timm and torchvision.
"""
