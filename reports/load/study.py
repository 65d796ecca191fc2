"""What a load found, in words and counts, whatever the document is."""

from __future__ import annotations

import math

import msgspec

from harness.load.summary import LATE_MS, MOST_LATE, LoadSummary, summarize_session
from harness.results.records import LoadResults
from reports.writing.names import Names, name_everything
from reports.writing.text import count, flatten, shorten


class LoadStudy(msgspec.Struct, frozen=True, kw_only=True):
    """A load, studied."""

    results: LoadResults
    names: Names
    #: Every cell with every scenario, also those that could not be loaded.
    summaries: tuple[LoadSummary, ...]

    @property
    def sound(self) -> bool:
        """Whether all ended well, in time, and the numbers are of the cells."""
        runs = self.results.loads
        well = all(run.outcome == "correct" for run in runs)
        in_time = all(item.late <= MOST_LATE and not item.failure for item in self.summaries)
        return bool(runs) and well and in_time and self.results.footer is not None


def study_load(results: LoadResults) -> LoadStudy:
    """Find what a result file says about every cell that was to be loaded."""
    return LoadStudy(
        results=results,
        names=name_everything(results.header),
        summaries=tuple(summarize_session(results)),
    )


def title_load(summary: LoadSummary, names: Names) -> str:
    """Return what the load of a cell with a scenario is called, as plain text."""
    return f"{names.label(summary.cell)}, {flatten(summary.scenario)}"


def reach_load_verdict(study: LoadStudy) -> str:
    """Say what a load came to, as plain text."""
    results, summaries = study.results, study.summaries
    started = len(results.loads)
    bad = sum(run.outcome != "correct" for run in results.loads)
    failed = sum(bool(summary.failure) and summary.begun for summary in summaries)
    absent = sum(not summary.begun for summary in summaries)
    loads = count(len(summaries), "load")
    reached = f"{len(summaries) - failed - absent} of {loads}" if failed or absent else loads
    ended = f", {f'{bad:,} did not end well' if bad else 'all ended well'}" if started else ""
    sentences = [f"{count(started, 'run')} started in {reached}{ended}"]
    if failed:
        sentences.append(f"{count(failed, 'load')} could not be made")
    if absent:
        sentences.append(f"{count(absent, 'load')} did not begin")
    if results.footer is None:
        sentences.append("the session was cut off: what came after is missing")
    if any(summary.late > MOST_LATE for summary in summaries):
        sentences.append(
            f"the generator was late: more than {MOST_LATE:.0%} of the runs were sent over "
            f"{LATE_MS:g} ms after their time, so these numbers are also of the machine that "
            "sent them"
        )
    return ". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences) + "."


def describe_load(summary: LoadSummary) -> list[str]:
    """Say what came of a load, and whether it came to anything."""
    said = describe_rates(summary)
    if not summary.failure:
        return said
    return [f"❌ could not be loaded: {shorten(flatten(summary.failure))}", *said]


def describe_rates(summary: LoadSummary) -> list[str]:
    """Say where a cell saturates, and how it recovers."""
    said = []
    if summary.kept_up is not None:
        said.append(f"kept up with {summary.kept_up:g}/s")
    if summary.saturated is not None:
        said.append(f"did not keep up with {summary.saturated:g}/s")
    elif summary.kept_up is not None:
        said.append("its saturation point lies higher than what was asked")
    if summary.recovery_s is not None:
        said.append(
            "did not recover from the burst while it was watched"
            if math.isinf(summary.recovery_s)
            else f"{summary.recovery_s:.1f} s after the burst, no more runs were under way than "
            "before it, and those that followed ended well"
        )
    return said
