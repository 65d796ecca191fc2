"""PostgreSQL."""

from harness.services.containers import Image
from harness.services.postgres.databases import PostgresService, probe
from harness.services.postgres.embedded import SETTINGS, find_embedded, open_embedded
from harness.services.postgres.external import check_external
from harness.services.resolution import Provider

PROVIDER = Provider(
    title="PostgreSQL",
    url_example="postgres://user:password@host:5432/database",
    check=check_external,
    connect=PostgresService,
    probe=probe,
    image=Image(
        # The same major version as the embedded server.
        default="postgres:18-alpine",
        port=5432,
        url="postgres://postgres:{password}@{host}:{port}/postgres",
        command=["postgres", *(f"-c{name}={value}" for name, value in SETTINGS.items())],
        env={"POSTGRES_PASSWORD": "{password}"},
    ),
    find_embedded=find_embedded,
    open_embedded=open_embedded,
)
