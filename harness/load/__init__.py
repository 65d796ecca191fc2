"""Open-loop load: runs start at intended times, and are measured from when they were to start."""
