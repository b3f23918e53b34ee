"""What training costs: measured one network at a time, predicted for a device, and what is the fastest way here.

Imported from here: ``measure``, ``throughput`` (prices of a step), ``prediction``, ``autotune`` (--jobs auto).
Never here: a training that is recorded; a claim about costs (judging).
"""
