"""What the benchmark's verdicts are worth: A/A comparisons, injected slowness, repeated runs."""
