"""Publish a report on a pull request: one comment, which later reports update."""

from harness.pull_requests.github import GitHub, NoRightsError, PostingError
from harness.pull_requests.posting import Posted, post_comment
from harness.pull_requests.target import Head, Target, find_target

__all__ = [
    "GitHub",
    "Head",
    "NoRightsError",
    "Posted",
    "PostingError",
    "Target",
    "find_target",
    "post_comment",
]
