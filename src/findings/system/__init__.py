"""What findings asks of the operating system: files that are whole or not there, processes that live, a terminal.

Imported from here, by every room: ``files``, ``processes``, ``terminal``. It knows nothing of networks, runs or sweeps.
Never here: anything that a researcher would have a word for.
"""
