"""The page: one file of claims, curves and runs, opened from disk or served while runs train.

``content`` (what it shows, as plain values), ``columns`` (numbers in few bytes), ``cards`` (claims), ``intervals`` (of
claims, drawn), ``glance`` (the head of the page), ``file`` (all of it as one file), ``static`` (what a browser reads).
"""
