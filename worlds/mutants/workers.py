"""What mutants are made from whose worker is broken."""

from __future__ import annotations

import os

from worlds.reference import ReferenceWorld
from worlds.reference.owners import Owner
from worlds.reference.worker import Worker, read_port


class WorkerMutant(ReferenceWorld):
    """A World whose messages another kind of worker delivers."""

    worker_type: type[Worker] = Worker

    def make_worker(self, owner: Owner) -> Worker:
        """Make the worker of this kind."""
        return self.worker_type(self, owner, lambda: read_port(self._env, os.environ))
