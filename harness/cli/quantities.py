"""Quantities as people write them: `3%`, `90s`, `10m`."""

from __future__ import annotations

import re

import click

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def read_share(text: str) -> float:
    """Read a share of something: `3%` is 0.03; above 0 and below 1."""
    match = _SHARE.fullmatch(text.strip())
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share < 1:
        raise click.BadParameter(f"{text!r} is not a valid share; write it like 3%")
    return share


def read_duration(text: str) -> float:
    """Read a time span in seconds: `10m` is 600."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not float(match[1]):
        raise click.BadParameter(f"{text!r} is not a valid duration; write it like 90s, 10m or 1h")
    return float(match[1]) * _SECONDS[match[2]]
