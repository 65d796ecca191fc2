import os
import socket
import sys

from waitress import serve

port, workers = map(int, sys.argv[1:])
listener = socket.create_server(("127.0.0.1", port), backlog=1024)
# All processes share one socket: the kernel gives each connection to one of them.
for _ in range(workers - 1):
    if os.fork() == 0:
        break

# Imported after the fork: threads and connections do not survive it, so each process opens its
# own World.
from main import app  # noqa: E402

serve(app, sockets=[listener], threads=64, connection_limit=1000)
