#!/usr/bin/env python3
"""Points per CPU-second of plumb's receive path, beside the least that a receiver can do: a sink that
drops what it reads, and one that counts the newlines. Rounds are interleaved, medians are shown; only ratios
within one run mean something. Each round begins with an empty data folder. With --less N the first N points of each
series are sent before, over the same connections, and not counted: what new names cost is left out."""
import os
import random
import socket
import sys
import tempfile
import threading
import time

import kit

KINDS = ["discard", "count", "plumb"]
NAMES = {"discard": "sink, drops", "count": "sink, counts newlines", "plumb": "plumb, receives",
         "idle": "plumb, until idle again"}


def run_sink(options, mode, paths, n_points):
    user, system = (s / n_points * 1e9 for s in kit.sink(options, mode, lambda port: kit.blast(options, port, paths)))
    return {"user": user, "system": system, "cpu": user + system}


def used(server):
    """CPU seconds so far: all, user, system."""
    return (kit.cpu_seconds(server.pid), *kit.cpu_times(server.pid))


def send_first(options, server, paths, sizes, n_first):
    """The connections, over which so many bytes of each file were sent and taken."""
    sockets = [socket.create_connection(("127.0.0.1", server.line)) for _ in paths]
    send_parts(sockets, paths, [(0, size) for size in sizes])
    while kit.stats(server)["ingest.points"] < n_first:
        time.sleep(0.05)
    return sockets


def send_parts(sockets, paths, parts):
    def one(sock, path, part):
        with open(path, "rb") as f:
            sock.sendfile(f, *part)
    threads = [threading.Thread(target=one, args=a) for a in zip(sockets, paths, parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_rest(sockets, paths, sizes):
    send_parts(sockets, paths, [(size, None) for size in sizes])
    kit.hang_up(sockets)


def run_plumb(options, paths, n_points, sizes, n_first):
    """ns a point until all connections are closed (all is taken and in the log), and until idle again."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, \
            kit.Server(options.plumb, folder, options.threads) as server:
        if n_first:
            sockets = send_first(options, server, paths, sizes, n_first)
        before, user, system = used(server)
        if n_first:
            send_rest(sockets, paths, sizes)
        else:
            kit.blast(options, server.line, paths)
        after, user_after, system_after = used(server)
        idle = server.wait_idle()
        rss_mb = kit.peak_rss_mb(server.pid)
    n = n_points - n_first
    cpu, user, system = (after - before) / n * 1e9, user_after - user, system_after - system
    share = user / max(user + system, 1e-9)
    return {"user": cpu * share, "system": cpu * (1 - share), "cpu": cpu, "idle": (idle - before) / n * 1e9, "rss_MB": rss_mb}


def shuffle(paths, work):
    """The same lines in an order that has nothing to do with the series, the same in every lap."""
    for path in paths:
        with open(path, "rb") as f:
            lines = f.read().splitlines(keepends=True)
        n_laps = work["points"] // work["series"]
        n = len(lines) // n_laps
        order = list(range(n))
        random.Random(1).shuffle(order)
        with open(path, "wb") as f:
            for lap in range(n_laps):
                f.write(b"".join(lines[lap * n + i] for i in order))


def show(rounds, work, options):
    base = {kind: kit.median(rounds[kind], "cpu") for kind in KINDS}
    figures = {"work": work, "rounds": rounds, "median_ns": dict(base)}
    rows = []
    for kind in KINDS:
        rows.append([NAMES[kind], f"{1e3 / base[kind]:.1f}", f"{base[kind]:.1f}",
                     f"{kit.median(rounds[kind], 'user'):.1f}", f"{kit.median(rounds[kind], 'system'):.1f}",
                     f"{base['count'] / base[kind]:.0%}", f"{base['discard'] / base[kind]:.0%}"])
    idle = figures["median_ns"]["idle"] = kit.median(rounds["plumb"], "idle")
    rows.append([NAMES["idle"], f"{1e3 / idle:.1f}", f"{idle:.1f}", "", "",
                 f"{base['count'] / idle:.0%}", f"{base['discard'] / idle:.0%}"])
    print(f"\nreceive: {work['series']} series, {work['points']} points of {work['line_bytes']} B over "
          f"{options.conns} connections; medians of {options.rounds} interleaved rounds\n")
    kit.table(["", "M points/CPU-s", "ns a point", "user", "system", "of counting", "of dropping"], rows)
    print(f"\npeak RSS {kit.median(rounds['plumb'], 'rss_MB'):.0f} MB")
    kit.write_json(options, figures)


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10000)
    parser.add_argument("--points", type=int, default=360, help="of each series")
    parser.add_argument("--conns", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--less", type=int, default=0, help="first points of each series left out")
    parser.add_argument("--threads", type=int, default=0, help="plumb's receivers; 0: as many as it likes")
    parser.add_argument("--shuffle", action="store_true", help="an order unrelated to the series")
    options = parser.parse_args()
    with kit.scratch(options) as folder:
        options.folder = folder
        start_s = int(time.time()) - options.points * kit.STEP_S
        paths, work = kit.make_work(options, folder, options.series, options.points, options.conns, start_s)
        sizes, n_first = [], 0
        if options.less:
            first_paths, first = kit.make_work(options, folder, options.series, options.less,
                                               options.conns, start_s)
            sizes, n_first = [os.path.getsize(path) for path in first_paths], first["points"]
        if options.shuffle:
            shuffle(paths, work)
        rounds = {kind: [] for kind in KINDS}
        for _ in range(options.rounds):
            for kind in KINDS:
                rounds[kind].append(run_plumb(options, paths, work["points"], sizes, n_first) if kind == "plumb"
                                    else run_sink(options, kind, paths, work["points"]))
        show(rounds, work, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
