"""What studies draw with: one look, one way to label and to save; the same bytes each time.

Imported from here: ``drawing`` (style, headings, save), ``curves``, ``depths``, ``moves``, ``rows``.
Never here: a finding by its name, a verdict.
"""
