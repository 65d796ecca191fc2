"""The programs that the harness runs: commands, servers, their ports, and nothing left behind."""
