"""The workflows of the benchmark, once in each language.

The Python ones are for the SDK alone: it imports this package in the app, and again in the sandbox
of its replays. The harness reads `scenarios.toml` only.
"""
