"""The ``findings`` command: one thin file per action, each with ``run(parser, arguments) -> exit code``.

Imported from here: nothing, by other rooms; ``main`` by the entry point.
Never here: work that another program would want to call; that lives in the room it is about.
"""
