"""Open-loop load: runs start at planned times; latency counts from the planned start."""
