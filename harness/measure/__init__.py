"""What is measured, in which order, by which clock, and what may be said of it."""
