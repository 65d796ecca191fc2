"""The adapter for Python Worlds: runs in the World's environment, and needs only Python itself."""
