"""The sticky comment on a pull request: one screen of verdict, the rest folded, never too long."""

from reports.forms.comment.rendering import LIMIT, MARKER, measure_length, render_comment

__all__ = ["LIMIT", "MARKER", "measure_length", "render_comment"]
