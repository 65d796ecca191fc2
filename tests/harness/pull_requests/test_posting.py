"""A pull request has one comment of ours, however often it is measured and whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from harness.errors import HarnessError
from harness.pull_requests import GitHub, NoRightsError, Posted, PostingError, post_comment
from tests.harness.pull_requests.fake_github import (
    APP,
    NUMBER,
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    serve_fake,
)

MARKER = "<!-- ours -->"


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serve_fake() as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def github(fake: FakeGitHub, pauses: list[float]) -> Iterator[GitHub]:
    with GitHub(
        REPOSITORY, TOKEN, api=fake.address, pause=pauses.append, now=lambda: 1000.0
    ) as found:
        yield found


def post(github: GitHub, text: str = "new") -> Posted:
    return post_comment(github, NUMBER, MARKER, lambda previous: f"{MARKER} {text} [{previous}]")


def limited(**headers: str) -> tuple[int, dict[str, str], dict[str, str]]:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return 403, told, {"message": "You have exceeded a rate limit"}


class TestComment:
    def test_first_time_is_created(self, github: GitHub, fake: FakeGitHub) -> None:
        assert post(github) == Posted("created", "https://github.example/1")
        assert fake.comments[1]["body"] == f"{MARKER} new []"

    def test_second_time_is_renewed_and_knows_what_it_replaces(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        fake.add("somebody's question", "somebody")
        fake.add(f"{MARKER} old")
        assert post(github) == Posted("updated", "https://github.example/2")
        assert fake.comments[2]["body"] == f"{MARKER} new [{MARKER} old]"
        assert len(fake.comments) == 2

    def test_comment_on_a_later_page_is_found(self, github: GitHub, fake: FakeGitHub) -> None:
        for _ in range(205):
            fake.add("talk", "somebody")
        ours = fake.add(f"{MARKER} old")
        assert post(github).address == f"https://github.example/{ours}"

    def test_exactly_full_page_is_not_the_end(self, github: GitHub, fake: FakeGitHub) -> None:
        for _ in range(100):
            fake.add("talk", "somebody")
        ours = fake.add(f"{MARKER} old")
        assert post(github).address == f"https://github.example/{ours}"

    def test_marker_in_somebody_elses_comment_is_not_ours(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        fake.add(f"I quote: {MARKER}", "somebody")
        assert post(github).outcome == "created"
        assert fake.comments[1]["body"].startswith("I quote")

    @pytest.mark.parametrize("name", ["github-actions[bot]", APP, "a-user"])
    def test_ours_is_what_the_token_speaks_for_has_written(
        self, github: GitHub, fake: FakeGitHub, name: str
    ) -> None:
        fake.viewer = name
        fake.add(f"{MARKER} of another App", "another-app[bot]")
        ours = fake.add(f"{MARKER} old", name)
        assert post(github) == Posted("updated", f"https://github.example/{ours}")
        assert fake.comments[1]["body"] == f"{MARKER} of another App"
        assert len(fake.comments) == 2

    def test_an_app_does_not_write_another_comment_each_time(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        assert [post(github).outcome for _ in range(3)] == ["created", "updated", "updated"]
        assert len(fake.comments) == 1

    def test_server_of_ones_own_is_asked_too(self, fake: FakeGitHub) -> None:
        with GitHub(REPOSITORY, TOKEN, api=f"{fake.address}/api/v3") as github:
            assert [post(github).outcome for _ in range(2)] == ["created", "updated"]
        assert "POST /api/graphql" in fake.requests

    def test_token_of_an_unknown_owner_touches_nothing(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        fake.viewer = None
        fake.add(f"{MARKER} somebody's")
        with pytest.raises(PostingError, match="owner of the token"):
            post(github)
        assert [item["body"] for item in fake.comments.values()] == [f"{MARKER} somebody's"]

    def test_of_two_the_oldest_is_renewed_and_the_other_told(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        fake.add(f"{MARKER} one")
        fake.add(f"{MARKER} two")
        assert post(github) == Posted("updated", "https://github.example/1", others=1)
        assert fake.comments[2]["body"] == f"{MARKER} two"

    def test_comment_that_is_deleted_meanwhile_is_created_again(
        self, github: GitHub, fake: FakeGitHub
    ) -> None:
        fake.add(f"{MARKER} old")
        fake.forgets_on_update = True
        posted = post(github)
        assert posted.outcome == "created"
        assert [item["body"] for item in fake.comments.values()] == [f"{MARKER} new [{MARKER} old]"]

    def test_closed_pull_request_gets_none(self, github: GitHub, fake: FakeGitHub) -> None:
        fake.state = "closed"
        assert post(github) == Posted("closed")
        assert not fake.comments


class TestTrouble:
    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_servers_trouble_is_waited_out(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float], status: int
    ) -> None:
        fake.failures = [(status, {}, {})] * 2
        assert post(github).outcome == "created"
        assert pauses == [1.0, 2.0]

    def test_trouble_without_end_ends(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [(503, {}, {})] * 99
        with pytest.raises(PostingError, match="503"):
            post(github)
        assert len(pauses) == 3

    def test_limit_is_waited_for_as_long_as_it_says(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [limited(retry_after="17"), (429, {"Retry-After": "5"}, {})]
        assert post(github).outcome == "created"
        assert pauses == [17.0, 5.0]

    def test_limit_that_ends_at_a_time_is_waited_for(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [limited(x_ratelimit_remaining="0", x_ratelimit_reset="1030")]
        assert post(github).outcome == "created"
        assert pauses == [30.0]

    def test_limit_that_ends_in_an_hour_is_not_waited_for(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [limited(x_ratelimit_remaining="0", x_ratelimit_reset="4600")]
        with pytest.raises(PostingError, match="rate limit is used up") as raised:
            post(github)
        assert "again later" in raised.value.remedy
        assert pauses == []

    def test_limit_that_only_its_message_tells_of_is_waited_for_longer_each_time(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes."
        fake.failing_method = "POST"
        fake.failures = [(403, {}, {"message": message})] * 2
        assert post(github).outcome == "created"
        assert pauses == [60.0, 120.0]

    def test_waiting_for_a_secondary_limit_ignores_the_reset_of_the_primary_limit(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [limited(x_ratelimit_remaining="4990", x_ratelimit_reset="4600")]
        assert post(github).outcome == "created"
        assert pauses == [60.0]

    def test_limit_without_end_is_no_lack_of_rights(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failures = [limited()] * 99
        with pytest.raises(PostingError, match="rate limit is used up") as raised:
            post(github)
        assert not isinstance(raised.value, NoRightsError)
        assert pauses == [60.0, 120.0]

    @pytest.mark.parametrize("how", ["502", "cut off"])
    def test_comment_whose_answer_is_lost_is_not_written_twice(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float], how: Literal["502", "cut off"]
    ) -> None:
        fake.lost_answers, fake.lost_as = 1, how
        assert post(github).address == "https://github.example/1"
        assert len(fake.comments) == 1
        assert pauses == [1.0]

    @pytest.mark.parametrize("status", [500, 503])
    def test_comment_that_was_not_written_is_written_after_a_look(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float], status: int
    ) -> None:
        fake.failing_method = "POST"
        fake.failures = [(status, {}, {})] * 2
        assert post(github).outcome == "created"
        assert len(fake.comments) == 1
        listed = [item for item in fake.requests if item.startswith("GET") and "comments" in item]
        assert len(listed) == 3
        assert pauses == [1.0, 2.0]

    def test_comment_that_is_never_answered_is_uncertain(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failing_method = "POST"
        fake.failures = [(503, {}, {})] * 99
        with pytest.raises(PostingError, match="not known") as raised:
            post(github)
        assert "finds and updates an existing comment" in raised.value.remedy
        assert pauses == [1.0, 2.0, 4.0]

    def test_token_without_rights_is_told_from_a_limit(
        self, github: GitHub, fake: FakeGitHub, pauses: list[float]
    ) -> None:
        fake.failing_method = "POST"
        fake.failures = [(403, {}, {"message": "Resource not accessible by integration"})]
        with pytest.raises(NoRightsError, match="not accessible") as raised:
            post(github)
        assert "permissions" in raised.value.remedy
        assert pauses == []

    def test_token_that_is_none_is_refused(self, fake: FakeGitHub) -> None:
        with (
            GitHub(REPOSITORY, "wrong", api=fake.address) as github,
            pytest.raises(NoRightsError, match="401"),
        ):
            post(github)

    def test_pull_request_that_is_not_there_is_said(self, github: GitHub) -> None:
        with pytest.raises(PostingError, match="404") as raised:
            post_comment(github, 99, MARKER, lambda previous: "")
        assert "--pull-request" in raised.value.remedy

    def test_server_that_is_not_there_is_said(self, pauses: list[float]) -> None:
        with (
            GitHub(REPOSITORY, TOKEN, api="http://127.0.0.1:9", pause=pauses.append) as github,
            pytest.raises(PostingError, match="cannot reach"),
        ):
            post(github)
        assert len(pauses) == 3

    @pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500])
    def test_no_error_tells_the_token(self, github: GitHub, fake: FakeGitHub, status: int) -> None:
        fake.failures = [(status, {}, {"message": "no"})] * 99
        with pytest.raises(HarnessError) as raised:
            post(github)
        assert TOKEN not in str(raised.value)
        assert TOKEN not in repr(raised.value.__context__)
