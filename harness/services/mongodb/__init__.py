"""MongoDB."""

from functools import partial

from harness.services.containers import Image
from harness.services.mongodb.databases import MongodbDatabases, probe
from harness.services.mongodb.embedded import refuse_embedded
from harness.services.prepared import PreparedService
from harness.services.resolution import Provider
from harness.services.urls import check_url

_TITLE = "MongoDB"
_EXAMPLE = "mongodb://user:password@host:27017"

PROVIDER = Provider(
    title=_TITLE,
    url_example=_EXAMPLE,
    check=partial(check_url, title=_TITLE, schemes=("mongodb", "mongodb+srv"), example=_EXAMPLE),
    connect=lambda url, kind: PreparedService(MongodbDatabases(url, kind)),
    probe=probe,
    # It stands alone: change streams and transactions need the URL of a replica set.
    image=Image(
        default="mongo:8",
        port=27017,
        url="mongodb://root:{password}@{host}:{port}",
        command=["mongod"],
        env={
            "MONGO_INITDB_ROOT_USERNAME": "root",
            "MONGO_INITDB_ROOT_PASSWORD": "{password}",
        },
    ),
    find_embedded=refuse_embedded,
    open_embedded=refuse_embedded,
    extra="mongodb",
)
