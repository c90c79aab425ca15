"""Runs the real server for the Python tests: on free ports, in a folder of its own, and never left behind.

    with Server(folder) as server:
        server.send("web.logins 412 1500000000")
        server.wait_points(1)
        rows = server.render("web.logins", "1500000000", "1500000060")

Nothing here sleeps for a fixed time and hopes: it waits for a condition, with a limit that only a broken server
reaches. $PLUMB_BIN names another program than build/plumb.
"""
import atexit
import ctypes
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLUMB = os.environ.get("PLUMB_BIN") or os.path.join(ROOT, "build", "plumb")
START_S = 30  # a start takes milliseconds; a loaded machine gets this long
WAIT_S = 15
STOP_S = 20
PR_SET_PDEATHSIG = 1

_running = set()
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who starts the tests in the background has it ignored


def _kill_all():
    for process in list(_running):
        _end(process)


atexit.register(_kill_all)


def spawn(argv, **options):
    """A child that dies with this process at the latest. `env` is added to the environment."""
    env = dict(os.environ, **options.pop("env", {}))
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen([str(a) for a in argv], env=env, preexec_fn=_die_with_parent, **options)
    _running.add(process)
    return process


def _end(process):
    if process.poll() is None:
        process.kill()
    process.wait()
    _running.discard(process)


def ended(process):
    """Kills what still runs; for finally."""
    _end(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


# Below the ports that the kernel gives to who asks for any, so that none of those is given away between the moment
# it is chosen and the one it is used; each process of pytest-xdist has ports of its own, and begins somewhere.
PORTS_FROM, PORTS_EACH, WORKERS = 12000, 1000, 20
_first_port = PORTS_FROM + PORTS_EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS)
_next_port = int.from_bytes(os.urandom(2), "big") % PORTS_EACH


def free_port(kind=socket.SOCK_STREAM):
    """A port of loopback for a program that has to be told one."""
    global _next_port
    for _ in range(PORTS_EACH):
        port = _first_port + _next_port
        _next_port = (_next_port + 1) % PORTS_EACH
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no port from %d to %d is free" % (_first_port, _first_port + PORTS_EACH - 1))


def wait_until(condition, timeout=WAIT_S, what="the condition", every=0.01):
    """Returns the first true value of condition(); fails with `what` and the last value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "%s did not come true in %g s (last: %r)" % (what, timeout, value)
        time.sleep(every)


class Answer:
    """One HTTP answer: status, headers (lower-case names), body (bytes)."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def type(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    def ok(self):
        assert self.status == 200, "%d: %s" % (self.status, self.body[:500])
        return self


def parse_addr(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Server:
    """plumb serve. `args` are further flags; `log` is where its stderr goes: its folder, if not given."""

    def __init__(self, folder, *args, log=None, **options):
        self.data = os.path.join(str(folder), "data")
        self.log = str(log or os.path.join(str(folder), "server.log"))
        self.args = [str(a) for a in args]
        self.options = options
        self.process = None
        os.makedirs(str(folder), exist_ok=True)
        if "--config" not in self.args:
            self.args += ["--config", self._quiet_config(str(folder))]

    @staticmethod
    def _quiet_config(folder):
        """Nothing but what a test sends is in the store."""
        path = os.path.join(folder, "quiet.conf")
        with open(path, "w") as f:
            f.write("[collect]\nhost = off\nself = off\n")
        return path

    # -- life --------------------------------------------------------------
    def argv(self):
        argv = [PLUMB, "serve", "--data", self.data]
        for flag in ("--http", "--line"):
            if flag not in self.args:
                argv += [flag, "127.0.0.1:0"]
        for flag in ("--pickle", "--statsd"):  # their default ports are one a machine
            if flag not in self.args:
                argv += [flag, "off"]
        if "--time-zone" not in self.args:
            argv += ["--time-zone", "UTC"]
        return argv + self.args

    def start(self):
        assert os.path.exists(PLUMB), "there is no %s: run make" % PLUMB
        with open(self.log, "ab") as log:
            self.process = spawn(self.argv(), stdout=subprocess.PIPE, stderr=log, **self.options)
        ready = self._first_line()
        m = re.match(r"plumb ready: http (?:http://)?(\S+), line (\S+), pickle (\S+), statsd (\S+), data (.+)$",
                     ready)
        assert m, "no ready line but %r; it said: %s" % (ready, self.said())
        self.http, self.line, self.pickle, self.statsd = (None if addr == "off" else parse_addr(addr)
                                                          for addr in m.groups()[:4])
        return self

    @property
    def url(self):
        return "http://%s:%d" % self.http

    def _first_line(self):
        fd, text = self.process.stdout.fileno(), b""
        deadline = time.monotonic() + START_S
        while not text.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                ended(self.process)
                raise AssertionError("not ready after %d s; it said: %s" % (START_S, self.said()))
            got = os.read(fd, 1)
            if not got:
                self.process.wait()
                break
            text += got
        return text.decode().rstrip("\n")

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        """SIGTERM; the exit code has to be 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        finally:
            ended(self.process)
        assert code == 0, "exit code %s after SIGTERM; it said: %s" % (code, self.said())

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        ended(self.process)

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.process is None:
            return
        if kind is None and self.is_alive():
            self.stop()
        ended(self.process)

    # -- lines ---------------------------------------------------------------
    def connect(self):
        return socket.create_connection(self.line, timeout=WAIT_S)

    def send(self, *lines):
        """Lines (without their ends) over one TCP connection."""
        with self.connect() as s:
            s.sendall("".join(line + "\n" for line in lines).encode("utf-8"))

    def send_udp(self, datagram):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(datagram, self.line)

    def stats(self):
        return self.get("/api/v1/stats").ok().json

    def wait_points(self, n, timeout=WAIT_S):
        """Until the server has read n points since its start."""
        wait_until(lambda: self.stats()["ingest.points"] >= n, timeout, "%d points read" % n)

    def wait_refused(self, n, timeout=WAIT_S):
        wait_until(lambda: self.stats()["ingest.refused"] >= n, timeout, "%d lines refused" % n)

    def rejects(self):
        return self.get("/api/v1/rejects").ok().json

    # -- HTTP -----------------------------------------------------------------
    def ask(self, method, path, query=None, body=None, headers=None, timeout=WAIT_S):
        if query:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query, doseq=True)
        connection = http.client.HTTPConnection(*self.http, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            r = connection.getresponse()
            return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            connection.close()

    def get(self, path, query=None, **options):
        return self.ask("GET", path, query, **options)

    def post(self, path, body=b"", **options):
        if isinstance(body, dict):
            body = json.dumps(body)
            options.setdefault("headers", {"Content-Type": "application/json"})
        if isinstance(body, str):
            body = body.encode("utf-8")
        return self.ask("POST", path, body=body, **options)

    def render(self, target, start, until, **more):
        """The JSON of /render; target may be a list."""
        targets = [target] if isinstance(target, str) else list(target)
        query = [("target", t) for t in targets] + [("from", start), ("until", until), ("format", "json")]
        return self.get("/render", query + list(more.items())).ok().json

    def values(self, target, start, until):
        """{time: value} of the one series that target answers, without gaps."""
        rows = self.render(target, start, until)
        assert len(rows) == 1, "%s answers %s" % (target, [r["target"] for r in rows])
        return {at: v for v, at in rows[0]["datapoints"] if v is not None}

    def changes(self, **query):
        return self.get("/api/v1/changes", query).ok().json

    def flush(self):
        """The barrier: everything read so far is on disk."""
        self.post("/api/v1/flush").ok()


def run(argv, timeout=WAIT_S, **options):
    """A command to its end: (exit code, stdout, stderr), both as text."""
    given = options.pop("input", None)
    process = spawn(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    **dict({"stdin": subprocess.PIPE} if given is not None else {}, **options))
    try:
        out, err = process.communicate(given, timeout=timeout)
        return process.returncode, out, err
    finally:
        ended(process)


def plumb(*args, server=None, **options):
    """`plumb ARGS...`, asking the given server."""
    env = dict(options.pop("env", {}))
    if server:
        env["PLUMB_URL"] = server if isinstance(server, str) else server.url
    return run([PLUMB, *args], env=env, **options)
