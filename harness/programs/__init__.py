"""The programs that the harness runs, commands and servers: it leaves no process behind."""
