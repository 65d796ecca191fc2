"""MariaDB or MySQL: the same driver serves both."""

from harness.services.mariadb.container import open_container
from harness.services.mariadb.embedded import find_embedded, open_embedded
from harness.services.mariadb.external import URL_EXAMPLE, open_external
from harness.services.resolution import Provider

PROVIDER = Provider(
    title="MariaDB",
    url_example=URL_EXAMPLE,
    open_external=open_external,
    open_embedded=open_embedded,
    open_container=open_container,
    find_embedded=find_embedded,
    extra="mysql",
)
