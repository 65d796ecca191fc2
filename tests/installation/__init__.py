"""The wheel in an environment of its own, as a user has it."""
