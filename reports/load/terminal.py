"""What a load came to, on one screen of a terminal."""

from __future__ import annotations

from reports.load.study import LoadStudy, describe_load, reach_load_verdict, title_load


def summarize_loads(study: LoadStudy) -> str:
    """Say on one screen what a load came to, as plain text."""
    lines = [reach_load_verdict(study)]
    for summary in study.summaries:
        label = title_load(summary, study.names)
        lines += [f"{label}: {sentence}" for sentence in describe_load(summary)]
    return "\n".join(lines) + "\n"
