"""`world-harness comment`."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from harness.errors import ResultsError, UsageError
from harness.measure.changes import Changes
from harness.pull_requests import GitHub, NoRightsError, Posted, find_target, post_comment
from harness.pull_requests.github import API
from harness.results.files import read_results
from reports.forms.comment import LIMIT, MARKER, render_comment
from reports.forms.comment.rendering import Page
from reports.forms.studies import study_session

_OUTCOMES = {
    "created": "commented",
    "updated": "updated the comment",
    "none": "no comment: no open pull request ends with the measured commit",
    "closed": "no comment: the pull request is closed",
}


@click.command("comment")
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--changes",
    "changes_path",
    type=click.Path(path_type=Path),
    help="The file that `world-harness compare --json` wrote.",
)
@click.option(
    "--post", is_flag=True, help="Post the comment, with the token in GITHUB_TOKEN; else print it."
)
@click.option(
    "--repository", metavar="OWNER/NAME", help="The repository; GitHub Actions says it by default."
)
@click.option(
    "--pull-request",
    "number",
    type=int,
    help="The pull request; GitHub Actions says it by default.",
)
@click.option("--address", default="", metavar="URL", help="Link to the whole report.")
@click.option("--limit", type=click.IntRange(min=4_000, max=65_536), default=LIMIT, hidden=True)
def command(
    results: Path,
    changes_path: Path | None,
    post: bool,
    repository: str | None,
    number: int | None,
    address: str,
    limit: int,
) -> None:
    """Render results as the comment on a pull request, and post it.

    There is one comment for each pull request: posting again updates it.
    """
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
        _fall_back(render(""), UsageError("--post needs a token", remedy="set GITHUB_TOKEN"))
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
    _say(posted)


def _read_changes(path: Path) -> Changes:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Changes)
    except (OSError, msgspec.DecodeError) as error:
        raise ResultsError(
            f"{path} is not a comparison",
            cause=str(error),
            remedy="write one with `world-harness compare --json BEFORE AFTER`",
        ) from error


def _say(posted: Posted) -> None:
    click.echo(f"{_OUTCOMES[posted.outcome]} {posted.address}".rstrip())
    if posted.others:
        click.echo(f"{posted.others} older copies of the comment were not changed", err=True)


def _fall_back(text: str, error: UsageError | NoRightsError) -> None:
    """Write the comment where no rights are needed: in the summary of the job.

    Raises:
        HarnessError: there is no summary.
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        raise error
    with Path(summary).open("a", encoding="utf-8") as file:
        file.write(text)
    click.echo(f"{error}\nwrote the comment to the job's summary instead", err=True)
