"""The settings, from the environment or arguments."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import SetupError


@dataclasses.dataclass(frozen=True)
class Settings:
    """How messages are delivered; the same for both Worlds."""

    #: URL of the app, for example `http://127.0.0.1:8000`. If empty, deliveries stay in process.
    base_url: str = ""
    #: How many messages one process delivers at a time.
    concurrency: int = 64
    #: How long a process may be silent before other processes take its messages, in seconds.
    lease_s: float = 10.0
    #: How many deliveries of a message may fail before it is set aside.
    max_attempts: int = 256
    #: How long `aclose()` waits for deliveries in flight, in seconds.
    close_s: float = 5.0
    #: The deployment id of new runs.
    deployment_id: str = "self-hosted"


#: Variable -> (field, function that parses the value).
_VARIABLES = {
    "WORKFLOW_BASE_URL": ("base_url", str),
    "WORKFLOW_QUEUE_CONCURRENCY": ("concurrency", int),
    "WORKFLOW_QUEUE_LEASE_SECONDS": ("lease_s", float),
    "WORKFLOW_QUEUE_MAX_ATTEMPTS": ("max_attempts", int),
    "WORKFLOW_CLOSE_SECONDS": ("close_s", float),
    "WORKFLOW_DEPLOYMENT_ID": ("deployment_id", str),
}


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings from an environment.

    Raises:
        SetupError: a value is not valid.
    """
    given = {}
    for variable, (field, read) in _VARIABLES.items():
        if text := env.get(variable, ""):
            try:
                given[field] = read(text)
            except ValueError as error:
                raise explain_setting(variable, f"{text!r} is not a number") from error
    return check_settings(Settings(**given))


def read_number(env: Mapping[str, str], name: str, default: float) -> float:
    """Return a number from an environment.

    Raises:
        SetupError: the value is not a number.
    """
    text = env.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise explain_setting(name, f"{text!r} is not a number") from error


def check_settings(settings: Settings) -> Settings:
    """Return the settings if they are valid.

    Raises:
        SetupError: they do not.
    """
    url = urlsplit(settings.base_url)
    if settings.base_url and not (url.scheme in {"http", "https"} and url.hostname):
        raise explain_setting("WORKFLOW_BASE_URL", "it is not a URL such as http://127.0.0.1:8000")
    if settings.concurrency < 1 or settings.max_attempts < 1:
        raise explain_setting("concurrency and attempts", "they must be 1 or more")
    if not settings.lease_s >= 1:
        raise explain_setting("WORKFLOW_QUEUE_LEASE_SECONDS", "it must be 1 or more")
    return settings


def explain_setting(name: str, cause: str) -> SetupError:
    """Make the error about a setting that is not valid."""
    return SetupError(
        f"the setting {name} is not valid", cause=cause, remedy="change it and restart"
    )
