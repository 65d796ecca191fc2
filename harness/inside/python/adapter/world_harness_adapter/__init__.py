"""The adapter for Python Worlds: runs in the World's environment, without other dependencies."""
