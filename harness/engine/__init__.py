"""The engine suites: their clauses, how they run, and their known failures."""
