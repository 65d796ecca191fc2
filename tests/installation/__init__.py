"""The wheel in a separate environment, as a user has it."""
