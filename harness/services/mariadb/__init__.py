"""MariaDB or MySQL: the same driver serves both."""

from functools import partial

from harness.services.containers import Image
from harness.services.mariadb.databases import MariadbDatabases, probe
from harness.services.mariadb.embedded import SETTINGS, find_embedded, open_embedded
from harness.services.prepared import PreparedService
from harness.services.resolution import Provider
from harness.services.urls import check_url

_TITLE = "MariaDB"
_EXAMPLE = "mysql://user:password@host:3306"

PROVIDER = Provider(
    title=_TITLE,
    url_example=_EXAMPLE,
    check=partial(check_url, title=_TITLE, schemes=("mysql", "mariadb"), example=_EXAMPLE),
    connect=lambda url, kind: PreparedService(MariadbDatabases(url, kind)),
    probe=probe,
    image=Image(
        default="mariadb:11.8",
        port=3306,
        url="mysql://root:{password}@{host}:{port}",
        command=[f"--{name}={value}" for name, value in SETTINGS.items()],
        # Read by images of MySQL as well.
        env={"MYSQL_ROOT_PASSWORD": "{password}"},
    ),
    find_embedded=find_embedded,
    open_embedded=open_embedded,
    extra="mysql",
)
