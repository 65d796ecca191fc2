"""The queue: messages in the store, the worker that delivers them, and their handlers."""
