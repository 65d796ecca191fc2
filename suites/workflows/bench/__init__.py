"""The workflows of the benchmark, once in each language.

Only the Python SDK imports this package: in the app, and again in the sandbox of its replays. The
harness itself reads only `scenarios.toml`.
"""
