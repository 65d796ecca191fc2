"""The workflows of the engine suites, once in each language.

The Python ones are for the SDK alone: it imports this package in the app, and again in the sandbox
of its replays. `workflows.toml` names them all, and says what a language cannot express.
"""
