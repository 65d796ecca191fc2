"""An image made on the spot from the machine's own packages: a PostgreSQL and a Redis in it."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import docker  # type: ignore[import-untyped]
import pytest

NAME = "world-harness-tests"
TAG = "servers"

_PACKAGES = "postgresql,redis-server"

#: What the images of PostgreSQL do before they start it, as short as it can be.
_ENTRY = """#!/bin/sh
set -e
[ "$1" = postgres ] || exec "$@"
shift
programs=$(echo /usr/lib/postgresql/*/bin)
as_postgres='setpriv --reuid=postgres --regid=postgres --init-groups'
mkdir -m 700 /data
printf %s "$POSTGRES_PASSWORD" > /password
chown postgres /data /password
$as_postgres "$programs/initdb" --pgdata=/data --username=postgres --pwfile=/password \\
    --auth=scram-sha-256 --encoding=UTF8 --locale=C
rm /password
echo 'host all all all scram-sha-256' >> /data/pg_hba.conf
exec $as_postgres "$programs/postgres" -D /data -c listen_addresses='*' "$@"
"""


def make_image(folder: Path) -> str:
    """Give the Docker daemon an image, and return its name.

    Skips the test, and says what to do, where it cannot be made.
    """
    if shutil.which("debootstrap") is None or shutil.which("apt-get") is None:
        pytest.skip("no image can be made: on Debian, apt-get install debootstrap; or start Docker")
    root = folder / "root"
    log = folder / "debootstrap.log"
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}"]
    with log.open("wb") as output:
        done = subprocess.run(
            [*command, suite, root, _find_mirror(suite)], stdout=output, stderr=output, check=False
        )
    assert done.returncode == 0, log.read_text()[-2000:]
    entry = root / "entry"
    entry.write_text(_ENTRY)
    entry.chmod(0o755)
    archive = folder / "image.tar"
    subprocess.run(
        ["tar", "-C", root, "--exclude=./proc/*", "--exclude=./sys/*", "-cf", archive, "."],
        check=True,
    )
    shutil.rmtree(root)
    client = docker.from_env(timeout=300)
    try:
        client.api.import_image_from_file(
            str(archive), repository=NAME, tag=TAG, changes=['ENTRYPOINT ["/entry"]']
        )
    finally:
        client.close()
        archive.unlink()
    return f"{NAME}:{TAG}"


def _find_mirror(suite: str) -> str:
    """Where this machine gets its packages from."""
    found = subprocess.run(
        [
            *("apt-get", "indextargets", "--format", "$(REPO_URI)"),
            *("Created-By: Packages", f"Codename: {suite}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    mirrors = found.stdout.split()
    if not mirrors:
        pytest.skip("no image can be made: run apt-get update, which finds out where packages are")
    return mirrors[0]
