"""MongoDB."""

from harness.services.mongodb.container import open_container
from harness.services.mongodb.embedded import find_embedded, open_embedded
from harness.services.mongodb.external import URL_EXAMPLE, open_external
from harness.services.resolution import Provider

PROVIDER = Provider(
    title="MongoDB",
    url_example=URL_EXAMPLE,
    open_external=open_external,
    open_embedded=open_embedded,
    open_container=open_container,
    find_embedded=find_embedded,
    extra="mongodb",
)
