"""How results are shown: Markdown, HTML, comment, JUnit, JSON, badge, step summary."""
