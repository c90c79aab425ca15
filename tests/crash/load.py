"""Senders that know what they sent, and how much of it the server has read.

A byte counts as read when it is neither in our socket's send queue nor in the server socket's receive queue. The
two are looked at one after the other: what is sent before the look and in neither of them has been read by the
end of the look, so the count is a lower bound whatever moves in between.
"""
import array
import fcntl
import socket
import struct
import threading
import time

SIOCOUTQ = 0x5411
CHUNK_LINES = 25
PACE_S = 0.0015


def receive_queues():
    """{(local port, remote port): bytes that have arrived and were not read}, of all TCP sockets."""
    out = {}
    with open("/proc/net/tcp") as f:
        next(f)
        for row in f:
            part = row.split(None, 5)
            key = (int(part[1].rpartition(":")[2], 16), int(part[2].rpartition(":")[2], 16))
            out[key] = int(part[4].split(":")[1], 16)
    return out


def unsent(s):
    out = array.array("i", [0])
    fcntl.ioctl(s.fileno(), SIOCOUTQ, out)
    return out[0]


class Sender(threading.Thread):
    """Sends lines(i) for i = 0, 1, 2, ... over one connection until it breaks.

    points   [(series, time, value)] in the order they were sent
    ends     bytes sent up to and including each of them
    """

    def __init__(self, addr, point):
        super().__init__(daemon=True)
        self.point = point
        self.points, self.ends = [], []
        self.sent = 0
        self.seen = [(0.0, 0)]  # (when looked, bytes read by then at least)
        self.socket = socket.create_connection(addr, timeout=30)
        self.port = self.socket.getsockname()[1]
        self.server_port = addr[1]
        self.stopping = threading.Event()

    def run(self):
        i = total = 0
        while not self.stopping.wait(PACE_S):
            chunk = []
            for _ in range(CHUNK_LINES):
                series, at, value = self.point(i)
                line = "%s %d %d\n" % (series, value, at)
                total += len(line)
                chunk.append(line)
                self.points.append((series, at, value))
                self.ends.append(total)
                i += 1
            try:
                self.socket.sendall("".join(chunk).encode())
            except OSError:
                return
            self.sent = total

    def look(self, queues):
        """Half of a look; the other half, `queues`, is taken by the caller afterwards: see Load.look."""
        try:
            return self.sent - unsent(self.socket)
        except OSError:
            return -1

    def read_before(self, moment):
        """The points whose bytes the server had read at that moment."""
        read = max((n for when, n in self.seen if when <= moment), default=0)
        n = 0
        while n < len(self.ends) and self.ends[n] <= read:
            n += 1
        return self.points[:n]

    def close(self):
        self.stopping.set()
        self.join(30)
        self.socket.close()


class Poster(threading.Thread):
    """Posts changes one after the other; `answered` are those with a 200."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name = server, name
        self.answered = {}
        self.stopping = threading.Event()

    def run(self):
        i = 0
        while not self.stopping.is_set():
            msg = "%s %d" % (self.name, i)
            try:
                answer = self.server.post("/deploy/%s?key=%s-%d" % (self.name, self.name, i), msg)
            except (OSError, Exception):
                return
            if answer.status == 200:
                self.answered[answer.json["id"]] = msg
            i += 1

    def close(self):
        self.stopping.set()
        self.join(30)


class Load:
    def __init__(self, server, points, name):
        self.senders = [Sender(server.line, p) for p in points]
        self.poster = Poster(server, name)

    def start(self):
        for t in self.senders + [self.poster]:
            t.start()
        return self

    def look(self):
        at_most = [s.look(None) for s in self.senders]
        queues = receive_queues()
        now = time.monotonic()
        for s, n in zip(self.senders, at_most):
            waiting = queues.get((s.server_port, s.port))
            if n >= 0 and waiting is not None:
                s.seen.append((now, n - waiting))

    def close(self):
        for t in self.senders + [self.poster]:
            t.close()


def self_check():
    """The counting itself, against a reader of our own: it must see unread bytes as unread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = Sender(listener.getsockname(), lambda i: ("a.b", i, i))
        peer, _ = listener.accept()
        with peer:
            sender.socket.sendall(b"x" * 1000)
            sender.sent = 1000
            load = Load.__new__(Load)
            load.senders = [sender]
            load.look()
            assert sender.seen[-1][1] == 0, sender.seen
            left = 600
            while left:
                left -= len(peer.recv(left))
            load.look()
            assert sender.seen[-1][1] == 600, sender.seen
        sender.socket.close()
    assert struct.calcsize("i") == 4
