"""A cell as a process: its files, its port, its environment, its health and its clean death."""
