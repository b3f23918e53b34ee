"""Tables, pages and the front page, from verdicts and records alone: ``findings report SCALE``.

Imported from here: ``build`` (all of a scale), ``front`` (README.md), ``terminal``, ``words``, ``frames`` (verdicts).
Never here: Hydra, torch; how a claim is decided. What is heavy is imported where it is used.
"""
