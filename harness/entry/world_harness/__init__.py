"""Where every process of the harness starts: the one import name that no folder of a user has."""
