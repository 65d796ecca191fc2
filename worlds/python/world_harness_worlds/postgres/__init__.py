"""The store in a PostgreSQL database, for any number of processes on any machines."""

from .store import PostgresStore

__all__ = ["PostgresStore"]
