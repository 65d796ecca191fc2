"""Valkey or Redis: both speak the same protocol."""

from harness.services.resolution import Provider
from harness.services.valkey.container import open_container
from harness.services.valkey.embedded import find_embedded, open_embedded
from harness.services.valkey.external import URL_EXAMPLE, open_external

PROVIDER = Provider(
    title="Valkey",
    url_example=URL_EXAMPLE,
    open_external=open_external,
    open_embedded=open_embedded,
    open_container=open_container,
    find_embedded=find_embedded,
)
