"""What the engine suites found on each cell."""
