"""`comment`."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from harness.errors import ResultsError, UsageError
from harness.measure.changes import Changes
from harness.pull_requests import GitHub, NoRightsError, Posted, find_target, post_comment
from harness.pull_requests.github import API
from harness.results.store import read_results
from reports.forms.comment import LIMIT, MARKER, render_comment
from reports.forms.comment.rendering import Page
from reports.forms.studies import study_session

_TOLD = {
    "created": "commented",
    "updated": "renewed the comment",
    "none": "no open pull request ends with the commit that was measured: no comment",
    "closed": "the pull request is closed: no comment",
}


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--changes",
    "changes_path",
    type=click.Path(path_type=Path),
    help="What `world-harness compare --json` wrote.",
)
@click.option(
    "--post", is_flag=True, help="Write it to the pull request; the token is GITHUB_TOKEN."
)
@click.option("--repository", metavar="OWNER/NAME", help="As GitHub Actions says, if not given.")
@click.option("--pull-request", "number", type=int, help="As GitHub Actions says, if not given.")
@click.option("--address", default="", help="Where readers find the whole report.")
@click.option("--limit", type=click.IntRange(min=4_000, max=65_536), default=LIMIT, hidden=True)
def comment(
    results: Path,
    changes_path: Path | None,
    post: bool,
    repository: str | None,
    number: int | None,
    address: str,
    limit: int,
) -> None:
    """Render a result file as the sticky comment of a pull request, and post it with --post."""
    study = study_session(read_results(results))
    changes = _read_changes(changes_path) if changes_path else None

    def render(previous: str, commit: str = "") -> str:
        page = Page(address=address, commit=commit)
        return render_comment(study, changes=changes, page=page, previous=previous, limit=limit)

    if not post:
        click.echo(render(""))
        return
    target = find_target(repository, number, os.environ)
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        _fall_back(render(""), UsageError("there is no token", remedy="set GITHUB_TOKEN"))
        return
    api = os.environ.get("GITHUB_API_URL") or API
    try:
        with GitHub(target.repository, token, api=api) as github:
            posted = post_comment(
                github, target.pull, MARKER, lambda previous: render(previous, target.commit)
            )
    except NoRightsError as error:
        _fall_back(render(""), error)
        return
    _tell(posted)


def _read_changes(path: Path) -> Changes:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Changes)
    except (OSError, msgspec.DecodeError) as error:
        raise ResultsError(
            f"{path} holds no comparison",
            cause=str(error),
            remedy="write one with `world-harness compare --json BEFORE AFTER`",
        ) from error


def _tell(posted: Posted) -> None:
    click.echo(f"{_TOLD[posted.outcome]} {posted.address}".rstrip())
    if posted.others:
        click.echo(f"{posted.others} older copies of it were left as they are", err=True)


def _fall_back(text: str, error: UsageError | NoRightsError) -> None:
    """Put the comment where it can be read without any rights: the summary of the job.

    Raises:
        HarnessError: there is no summary either.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        raise error
    with Path(summary).open("a", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{error}\nwritten to the job's summary instead", err=True)
