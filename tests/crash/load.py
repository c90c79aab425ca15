"""Senders that know what they sent, and how much of it the server has read.

A byte counts as read when it is neither in our socket's send queue nor in the server socket's receive queue. The
two are looked at one after the other: what is sent before the look and in neither of them has been read by the
end of the look, so the count is a lower bound whatever moves in between.
"""
import array
import errno
import fcntl
import http.client
import socket
import struct
import threading
import time

SIOCOUTQ = 0x5411
CHUNK_LINES = 25
PACE_S = 0.0015


class Queues:
    """Bytes that have arrived at the other end of a loopback connection and were not read there. The kernel's
    socket diagnosis answers in microseconds; without it /proc/net/tcp is read, which takes longer."""

    SOCK_DIAG_BY_FAMILY, REQUEST, ANY_STATE = 20, 1, 0xffffffff

    def __init__(self):
        try:
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
            self.netlink.settimeout(5)
        except OSError:
            self.netlink = None

    def waiting(self, port, peer_port):
        """Of the socket with this local port and that remote one; None when there is no such socket."""
        if self.netlink:
            try:
                return self._diagnosed(port, peer_port)
            except OSError:
                self.netlink = None
        return self._listed(port, peer_port)

    def _diagnosed(self, port, peer_port):
        host = socket.inet_aton("127.0.0.1") + bytes(12)
        body = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, self.ANY_STATE) \
            + struct.pack(">HH", port, peer_port) + host + host + struct.pack("=III", 0, 0xffffffff, 0xffffffff)
        self.netlink.send(struct.pack("=IHHII", 16 + len(body), self.SOCK_DIAG_BY_FAMILY, self.REQUEST, 1, 0) + body)
        answer = self.netlink.recv(4096)
        kind, = struct.unpack_from("=H", answer, 4)
        if kind != self.SOCK_DIAG_BY_FAMILY:
            error = -struct.unpack_from("=i", answer, 16)[0]
            if error == errno.ENOENT:
                return None
            raise OSError(error, "socket diagnosis")
        return struct.unpack_from("=I", answer, 16 + 4 + 48 + 4)[0]

    @staticmethod
    def _listed(port, peer_port):
        with open("/proc/net/tcp") as f:
            next(f)
            for row in f:
                part = row.split(None, 5)
                if (int(part[1].rpartition(":")[2], 16), int(part[2].rpartition(":")[2], 16)) == (port, peer_port):
                    return int(part[4].split(":")[1], 16)
        return None


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
        """Notes how much has been read by now at least. The order matters: sent, unsent, waiting."""
        try:
            at_most = self.sent - unsent(self.socket)
        except OSError:
            return
        waiting = queues.waiting(self.server_port, self.port)
        if waiting is not None:
            self.seen.append((time.monotonic(), at_most - waiting))

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


class Burst(Sender):
    """Sends everything at once, as fast as it is taken. lines: bytes each, with their ends."""

    def __init__(self, addr, lines):
        super().__init__(addr, None)
        self.points = lines
        self.data = memoryview(b"".join(lines))
        total = 0
        for line in lines:
            total += len(line)
            self.ends.append(total)

    def run(self):
        at = 0
        try:
            while at < len(self.data):
                at += self.socket.send(self.data[at:at + 262144])
                self.sent = at
        except OSError:
            return


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
            except (OSError, http.client.HTTPException):
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
        self.queues = Queues()

    def start(self):
        for t in self.senders + [self.poster]:
            t.start()
        return self

    def look(self):
        for s in self.senders:
            s.look(self.queues)

    def close(self):
        for t in self.senders + [self.poster]:
            t.close()


def self_check(queues):
    """The counting itself, against a reader of our own: it must see unread bytes as unread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = Sender(listener.getsockname(), lambda i: ("a.b", i, i))
        peer, _ = listener.accept()
        with peer:
            sender.socket.sendall(b"x" * 1000)
            sender.sent = 1000
            sender.look(queues)
            assert sender.seen[-1][1] == 0, sender.seen
            left = 600
            while left:
                left -= len(peer.recv(left))
            sender.look(queues)
            assert sender.seen[-1][1] == 600, sender.seen
        sender.socket.close()
