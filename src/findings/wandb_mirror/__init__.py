"""W&B as a mirror of records, never in the way of training: an observer, uploads, what is known to be there, agents.

Imported from here: ``contents`` (what is sent), ``mirror`` (the observer), ``uploads`` (`findings sync`), ``agent``,
``server`` (host and key), ``state``.
Never here: a number that no record holds; a key in anything that is written.
"""
