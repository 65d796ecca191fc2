"""Values in the place of `{name}` in a description: places, ports and URLs that a fork gets."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from harness.errors import DescriptionError


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of `{name}`.

    Raises:
        DescriptionError: a name that means nothing there.
    """
    try:
        return text.format_map(values)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise DescriptionError(
            f"{text!r} in a description cannot be filled in",
            cause=f"{error} means nothing here",
            remedy=f"known names: {', '.join(f'{{{name}}}' for name in sorted(values))}",
        ) from error


def fill_all(env: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Put values into every text of an environment."""
    return {name: fill(text, values) for name, text in env.items()}


def name_databases(urls: Mapping[str, str]) -> dict[str, str]:
    """Return what services put in the place of names: each URL, and its database's name alone.

    Args:
        urls: Service -> URL of a database on it.
    """
    names = {f"{name}_database": urlsplit(url).path.lstrip("/") for name, url in urls.items()}
    return {**urls, **names}
