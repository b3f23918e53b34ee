"""What findings asks of the operating system: whole files, tables as text, processes that live, a terminal.

Imported from here, by every room: ``files``, ``tables``, ``processes``, ``terminal``. It knows nothing of networks,
runs or sweeps.
Never here: anything that a researcher would have a word for.
"""
