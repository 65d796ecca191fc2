"""What a load found: latency, throughput, backlog."""
