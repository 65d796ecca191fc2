"""Adapters: small programs, one a language, through which the harness calls a World.

`protocol` says how a value looks on the wire, `process` runs an adapter, `world` is what a check
holds in its hands. The programs themselves are in `node/` and `python/`.
"""
