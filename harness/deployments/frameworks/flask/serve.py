import os
import socket
import sys

from waitress import serve

port, workers = map(int, sys.argv[1:])
listener = socket.create_server(("127.0.0.1", port), backlog=1024)
# One socket for all: the kernel hands each connection to one of them.
for _ in range(workers - 1):
    if os.fork() == 0:
        break

# Not above: threads and connections do not outlive a fork, so each process opens its own World.
from main import app  # noqa: E402

serve(app, sockets=[listener], threads=64, connection_limit=1000)
