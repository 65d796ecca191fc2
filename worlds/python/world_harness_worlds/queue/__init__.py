"""The queue: messages in the store, a worker that delivers them, and what takes them."""
