#!/usr/bin/env python3
"""What a point costs once the server has run for a while: every series is sent once a step, in one burst over one
connection, for longer than the head's ring; then CPU is counted, of the receiver alone and of the whole process with
log, sealing and merging. Beside it the same bursts into a sink that drops, and one that counts newlines."""
import os
import socket
import sys
import tempfile
import time

import kit

RING = 130    # laps: longer than 112 slots
PIECE = 1000  # lines
RULES = "[all]\npattern = .*\nretentions = {}s:1d\n"


class Laps:
    """One lap's text, given the time that it is asked for."""

    def __init__(self, options, folder):
        self.begun_s = int(time.time()) // kit.STEP_S * kit.STEP_S
        paths, self.work = kit.make_work(options, folder, options.series, 1, 1, self.begun_s)
        with open(paths[0], "rb") as f:
            text = f.read()
        if text.count(b" %d\n" % self.begun_s) != options.series:
            raise SystemExit("gen dates its lines in another way")
        lines = text.splitlines(keepends=True)
        self.pieces = [b"".join(lines[i:i + PIECE]) for i in range(0, len(lines), PIECE)]

    def at(self, at_s):
        """In pieces: to get and give back all of it each second would weigh on the server's memory as well."""
        return (piece.replace(b" %d\n" % self.begun_s, b" %d\n" % at_s) for piece in self.pieces)


def send(sock, laps, n, step_s, on_lap=lambda i: None):
    """n laps, one a step; on_lap is called after each has been sent and has had its time."""
    due_s = int(time.time()) + 1
    for i in range(n):
        time.sleep(max(due_s - time.time(), 0))
        for piece in laps.at(due_s):
            sock.sendall(piece)
        due_s = max(due_s + step_s, int(time.time()) + 1)
        time.sleep(max(due_s - 0.1 - time.time(), 0))
        on_lap(i)


def threads(pid):
    """CPU seconds of receivers, and of all."""
    receivers = total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            name = f.read().strip()
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            used = int(f.read().split()[0]) / 1e9
        total += used
        receivers += used if name.startswith("receive-") else 0
    return receivers, total


def run_sink(options, laps, mode):
    def send_all(port):
        sock = socket.create_connection(("127.0.0.1", port))
        send(sock, laps, options.laps, 1)
        kit.hang_up([sock])
    return sum(kit.sink(options, mode, send_all)) / (options.laps * laps.work["points"]) * 1e9


def run_plumb(options, folder, laps):
    """ns a point of the receiver and of the whole process in the last laps; all laps were taken."""
    rules = os.path.join(folder, "storage-schemas.conf")
    with open(rules, "w") as f:
        f.write(RULES.format(options.step))
    server = kit.Server(options.plumb, folder, 1)
    server.command += ["--schemas", rules]
    used = {}
    with server:
        with socket.create_connection(("127.0.0.1", server.line)) as sock:
            n = RING + options.laps
            send(sock, laps, n, options.step, lambda i: used.__setitem__(i, threads(server.pid)))
        stats = kit.stats(server)
        rss_mb = kit.peak_rss_mb(server.pid)
    if stats["store.points"] < n * laps.work["points"]:
        raise SystemExit(f"{stats['store.points']} points of {n * laps.work['points']} came")
    scale = 1e9 / (options.laps * laps.work["points"])
    receiver, total = ((used[n - 1][k] - used[RING - 1][k]) * scale for k in range(2))
    return receiver, total, rss_mb, stats


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=1000000)
    parser.add_argument("--step", type=int, default=1, help="seconds; when the disk is slow, a longer one gives it time")
    parser.add_argument("--laps", type=int, default=64, help="that are measured")
    options = parser.parse_args()
    with kit.scratch(options) as folder, tempfile.TemporaryDirectory(dir=folder) as own:
        laps = Laps(options, folder)
        sinks = {mode: run_sink(options, laps, mode) for mode in ("discard", "count")}
        receiver, total, rss_mb, stats = run_plumb(options, own, laps)
    print(f"\nsteady: {options.series} series each {options.step} s, lines of {laps.work['line_bytes']} B, one connection, "
          f"{options.laps} times after {RING}\n")
    rows = [["sink, drops", sinks["discard"]], ["sink, counts newlines", sinks["count"]],
            ["plumb, receives", receiver], ["plumb, whole process", total]]
    kit.table(["", "ns a point", "of counting", "of dropping"],
              [[name, f"{ns:.1f}", f"{sinks['count'] / ns:.0%}", f"{sinks['discard'] / ns:.0%}"] for name, ns in rows])
    print(f"\n{total * options.series / options.step / 1e7:.1f} % of a core; {stats['store.late']} late, "
          f"{stats['store.seals']} seals; peak RSS {rss_mb:.0f} MB")
    kit.write_json(options, {"ns": {name: ns for name, ns in rows}, "rss_MB": rss_mb, "work": laps.work})
    return 0


if __name__ == "__main__":
    sys.exit(main())
