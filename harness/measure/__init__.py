"""Measurement: what to measure, in which order, with which clock, and what the samples show."""
