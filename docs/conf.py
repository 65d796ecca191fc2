"""The documentation as a site: `nox -s site` builds it."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "world-harness"
extensions = ["myst_parser"]
exclude_patterns = ["examples", "results"]
html_theme = "furo"
html_title = "world-harness"
myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 4
# Links to files of the repository, which are not pages of the site.
# ("myst.header": excerpts of reports keep the headings that they have there.)
suppress_warnings = ["myst.xref_missing", "myst.header"]


def setup(site: Sphinx) -> None:
    """Show the drawing of the floors, which a test reads, as plain text."""
    site.add_lexer("floors", TextLexer)
