"""Valkey or Redis: both speak the same protocol."""

from functools import partial

from harness.services.containers import Image
from harness.services.prepared import PreparedService
from harness.services.resolution import Provider
from harness.services.urls import check_url
from harness.services.valkey.databases import ValkeyDatabases, probe
from harness.services.valkey.embedded import SETTINGS, find_embedded, open_embedded

_TITLE = "Valkey"
_EXAMPLE = "redis://user:password@host:6379"

#: The images have no variable for a password, and an argument would show it to every user. The
#: program may be a Redis, when the user names such an image.
_COMMAND = (
    "printf 'requirepass %s\\n{settings}' \"$VALKEY_PASSWORD\" |"
    ' exec "$(command -v valkey-server || command -v redis-server)" -'
)

PROVIDER = Provider(
    title=_TITLE,
    url_example=_EXAMPLE,
    check=partial(check_url, title=_TITLE, schemes=("redis", "rediss"), example=_EXAMPLE),
    connect=lambda url, kind: PreparedService(ValkeyDatabases(url, kind)),
    probe=probe,
    image=Image(
        # The same major version as the embedded server.
        default="valkey/valkey:9-alpine",
        port=6379,
        url="redis://:{password}@{host}:{port}",
        command=[
            "sh",
            "-c",
            _COMMAND.format(
                settings="".join(f"{name} {value}\\n" for name, value in SETTINGS.items())
            ),
        ],
        env={"VALKEY_PASSWORD": "{password}"},
    ),
    find_embedded=find_embedded,
    open_embedded=open_embedded,
)
