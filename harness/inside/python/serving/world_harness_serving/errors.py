"""Errors before an app can answer."""

from __future__ import annotations


class AppError(Exception):
    """What happened, and what to do."""
