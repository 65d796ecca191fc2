"""Runs suites of checks in separate processes, for `certify` and `e2e`."""
