"""Figures of a page, as SVG that takes its colors, and the width of its text, from the page."""
