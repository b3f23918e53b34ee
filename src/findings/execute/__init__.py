"""Engines: the same plan, run here or on a cluster."""
