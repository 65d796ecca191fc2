"""What a load came to, on one screen of a terminal."""

from __future__ import annotations

from reports.load.study import Loaded, describe_load, reach_load_verdict, title_load


def summarize_loads(loaded: Loaded) -> str:
    """Say on one screen what a load came to, as plain text."""
    lines = [reach_load_verdict(loaded)]
    for summary in loaded.summaries:
        label = title_load(summary, loaded.names)
        lines += [f"{label}: {sentence}" for sentence in describe_load(summary)]
    return "\n".join(lines) + "\n"
