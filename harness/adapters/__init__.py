"""Adapters: small programs, one per language, through which the harness calls a World.

`protocol` and `values` define the messages, `process` runs an adapter, and `world` is the interface
that checks use. The programs themselves are in `harness/inside/{node,python}/adapter`.
"""
