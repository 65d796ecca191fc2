"""Where every process of the harness starts."""
