"""Placeholders `{name}` in a description: paths, ports and URLs of a fork."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.errors import DescriptionError


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace each `{name}` with its value.

    Raises:
        DescriptionError: a name is unknown.
    """
    try:
        return text.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise DescriptionError(
            f"{text!r} in a description has an invalid placeholder",
            cause=f"{error} is not known here",
            remedy=f"use one of {', '.join(f'{{{name}}}' for name in sorted(values))}",
        ) from error


def fill_all(env: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Replace the placeholders in every value of an environment."""
    return {name: fill(text, values) for name, text in env.items()}


def name_databases(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the placeholders of services: each database's URL, and its name alone.

    Args:
        urls: Service -> URL of a database on it.
    """
    names = {f"{name}_database": urlsplit(url).path.lstrip("/") for name, url in urls.items()}
    return {**urls, **names}
