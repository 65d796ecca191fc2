"""A cell as a process: its files, port, environment, health check and shutdown."""
