"""Etsy's statsd itself, the npm package of that name on node, with its graphite backend pointed at us."""
import os
import shutil
import socket
import threading

from kit.server import ROOT, ended, free_port, spawn, wait_until

VERSION = "0.9.0"  # what tools/setup installs, and what tests/golden/statsd.json was recorded from
PROGRAM = os.path.join(ROOT, "build", "peers", "node_modules", "statsd", "stats.js")
CONFIG = """{
  address: "127.0.0.1", port: %(port)d, mgmt_address: "127.0.0.1", mgmt_port: %(mgmt)d,
  graphiteHost: "127.0.0.1", graphitePort: %(graphite)d, backends: ["./backends/graphite"],
  flushInterval: %(interval_ms)d, percentThreshold: %(percents)s, automaticConfigReload: false
}
"""


def is_there():
    return os.path.exists(PROGRAM) and shutil.which("node") is not None


def canonical(name):
    """Tags in the order that every store keeps them in."""
    path, *tags = name.split(";")
    return ";".join([path] + sorted(tags))


class Peer:
    """`flushes`: {name: value} of each flush so far, oldest first."""

    def __init__(self, folder, percents, interval_ms=1000):
        self.flushes = []
        self.port = free_port(socket.SOCK_DGRAM)
        self.log = os.path.join(str(folder), "statsd.log")
        self.config = os.path.join(str(folder), "statsd.js")
        self.graphite = socket.create_server(("127.0.0.1", 0))
        with open(self.config, "w") as f:
            f.write(CONFIG % {"port": self.port, "mgmt": free_port(), "interval_ms": interval_ms,
                              "graphite": self.graphite.getsockname()[1], "percents": percents})

    def __enter__(self):
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        with open(self.log, "wb") as log:
            self.process = spawn(["node", PROGRAM, self.config], stdout=log, stderr=log, cwd=os.path.dirname(PROGRAM))
        wait_until(lambda: self.flushes, what="statsd's first flush")
        return self

    def __exit__(self, *_):
        ended(self.process)
        self.graphite.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.graphite.close()

    def _read(self):
        while True:
            try:
                connection = self.graphite.accept()[0]
            except OSError:
                return
            with connection, connection.makefile() as lines:
                fields = [line.split() for line in lines]
            self.flushes.append({canonical(name): float(value) for name, value, _ in fields})

    def send(self, packet):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(packet, ("127.0.0.1", self.port))
