"""The engine suites: what they promise, how they are run, and what is known to fail."""
