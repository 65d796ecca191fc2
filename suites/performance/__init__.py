"""What the instrument itself costs, measured: `nox -s perf`."""
