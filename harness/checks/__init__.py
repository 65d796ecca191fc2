"""What `certify` and `e2e` share: suites of checks, run in a process of their own."""
