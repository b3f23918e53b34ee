"""Reproduce what lectures and papers say about CNN architectures, and judge it with statistics."""

__version__ = "0.1.0"
