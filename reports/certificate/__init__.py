"""A certificate as people read it: Markdown, a page, a badge."""
