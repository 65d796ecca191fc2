"""PostgreSQL."""

from harness.services.postgres.container import open_container
from harness.services.postgres.embedded import find_embedded, open_embedded
from harness.services.postgres.external import open_external
from harness.services.resolution import Provider

PROVIDER = Provider(
    title="PostgreSQL",
    url_example="postgres://user:password@host:5432/database",
    open_external=open_external,
    open_embedded=open_embedded,
    open_container=open_container,
    find_embedded=find_embedded,
)
