"""The workflows of the engine suites, once in each language.

Only the Python SDK imports this package: in the app, and again in the sandbox of its replays.
`workflows.toml` lists all workflows, and what a language cannot express.
"""
