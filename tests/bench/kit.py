"""What the bench scripts share: a plumb server of their own, CPU time of a process, work to send, tables."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
STEP_S = 10
READY_S = 30        # for the server to say that it is
IDLE_SHARE = 0.05   # of one core: below it the server has nothing left to do ...
IDLE_S = 7.0        # ... when it stays there for so long: a pause of 5 s makes it write what came late
TICK = os.sysconf("SC_CLK_TCK")


def arguments(about):
    """The options that every bench script has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--plumb", default=os.path.join(ROOT, "build", "plumb-engine"))
    parser.add_argument("--tools", default=os.path.join(ROOT, "build", "release", "tests", "bench"),
                        help="folder of gen, blast, sink and qbench")
    parser.add_argument("--scratch", help="folder for what is made here; default: a temporary one")
    parser.add_argument("--json", help="also write the figures to this file")
    return parser


def scratch(options):
    return tempfile.TemporaryDirectory(prefix="plumb-bench-", dir=options.scratch)


def free_port():
    """A TCP port of loopback that nobody has at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_times(pid):
    """(user, system) seconds of all threads so far, as /proc/PID/stat rounds them."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) / TICK, int(fields[12]) / TICK


def cpu_seconds(pid):
    """User plus system seconds of all threads so far: to the nanosecond where the kernel tells it."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    except OSError:
        return sum(cpu_times(pid))
    return total / 1e9


class Server:
    """A plumb of our own in an empty folder; nothing but what is sent gets into it."""

    def __init__(self, plumb, folder, threads=0, pickle=False, statsd=False):
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "plumb.conf")
        self.log = os.path.join(folder, "plumb.log")
        self.line, self.http, self.pickle, self.statsd = (free_port() for _ in range(4))
        with open(self.config, "w") as f:
            f.write("[collect]\nhost = off\nself = off\n")
        self.command = [plumb, "serve", "--config", self.config, "--data", self.data, "--threads", str(threads),
                        "--line", f"127.0.0.1:{self.line}", "--http", f"127.0.0.1:{self.http}",
                        "--pickle", f"127.0.0.1:{self.pickle}" if pickle else "off",
                        "--statsd", f"127.0.0.1:{self.statsd}" if statsd else "off"]

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        self.pid = self.process.pid
        deadline = time.monotonic() + READY_S
        while str(self.http) not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit(f"plumb did not get ready:\n{self.said()}")
            time.sleep(0.02)
        return self

    def said(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_idle(self, limit_s=120):
        """Until sealing and the like are done. Returns the CPU seconds used until then."""
        deadline = time.monotonic() + limit_s
        since, used = time.monotonic(), cpu_seconds(self.pid)
        while time.monotonic() < deadline and time.monotonic() - since < IDLE_S:
            time.sleep(0.2)
            now, cpu = time.monotonic(), cpu_seconds(self.pid)
            if cpu - used > IDLE_SHARE * (now - since):
                since, used = now, cpu
        return used


def stats(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http}/api/v1/stats") as answer:
        return json.load(answer)


def make_work(options, folder, n_series, n_points, n_files, start_s):
    """Streams as n_files files; returns their paths and what gen said of them."""
    out = os.path.join(folder, f"work-{n_series}x{n_points}")
    done = subprocess.run(
        [os.path.join(options.tools, "gen"), "-s", str(n_series), "-p", str(n_points), "-i", str(STEP_S),
         "-t", str(start_s), "-n", str(n_files), "-o", out], check=True, stderr=subprocess.PIPE, text=True)
    paths = [f"{out}.{k}" for k in range(n_files)] if n_files > 1 else [out]
    return paths, json.loads(done.stderr)


def blast(options, port, paths):
    done = subprocess.run([os.path.join(options.tools, "blast"), "127.0.0.1", str(port)] + paths,
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def hang_up(sockets):
    """No more comes; returns when the other side has taken all."""
    for sock in sockets:
        sock.shutdown(socket.SHUT_WR)
    for sock in sockets:
        sock.recv(1)
        sock.close()


def sink(options, mode, send):
    """(user, system) seconds of a sink for what send(port) sends to it."""
    process = subprocess.Popen([os.path.join(options.tools, "sink"), mode], stdout=subprocess.PIPE, text=True)
    send(int(process.stdout.readline()))
    out = json.loads(process.stdout.readline())
    process.wait()
    return out["user_s"], out["sys_s"]


def peak_rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def table(head, rows):
    """Left-aligned first column, the rest right-aligned."""
    cells = [head] + [[str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    for row in cells:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w)
                        for i, (c, w) in enumerate(zip(row, widths))).rstrip())


def write_json(options, figures):
    if options.json:
        with open(options.json, "w") as f:
            json.dump(figures, f, indent=2)
            f.write("\n")
