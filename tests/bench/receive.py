#!/usr/bin/env python3
"""Points per CPU-second of plumb's receive path, beside the least that a receiver can do: a sink that
drops what it reads, and one that counts the newlines. Rounds are interleaved, medians are shown; only ratios
within one run mean something. Each round begins with an empty data folder. With --less N each is also
measured with the first N points of each series alone, which is subtracted: what new names cost is left out."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import kit

KINDS = ["discard", "count", "plumb"]
NAMES = {"discard": "sink, drops", "count": "sink, counts newlines", "plumb": "plumb, receives",
         "idle": "plumb, until idle again"}


def run_sink(options, mode, paths, n_points):
    process = subprocess.Popen([os.path.join(options.tools, "sink"), mode], stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline())
    sent = kit.blast(options, port, paths)
    out = json.loads(process.stdout.readline())
    process.wait()
    return {"user": out["user_s"] / n_points * 1e9, "system": out["sys_s"] / n_points * 1e9,
            "cpu": (out["user_s"] + out["sys_s"]) / n_points * 1e9, "wall_s": sent["closed_s"]}


def run_plumb(options, paths, n_points):
    """ns a point until all connections are closed (all is taken and in the log), and until idle again."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, \
            kit.Server(options.plumb, folder, options.threads) as server:
        before, split_before = kit.cpu_seconds(server.pid), kit.cpu_times(server.pid)
        sent = kit.blast(options, server.line, paths)
        after, split = kit.cpu_seconds(server.pid), kit.cpu_times(server.pid)
        idle = server.wait_idle()
        rss_mb = kit.peak_rss_mb(server.pid)
    cpu = (after - before) / n_points * 1e9
    user, system = split[0] - split_before[0], split[1] - split_before[1]
    share = user / max(user + system, 1e-9)
    return {"user": cpu * share, "system": cpu * (1 - share), "cpu": cpu, "wall_s": sent["closed_s"],
            "idle": (idle - before) / n_points * 1e9, "rss_MB": rss_mb}


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


def per_point(run, paths, n_points, first_paths, n_first):
    """run's figures; those of time without what the first paths, a beginning of paths, cost alone."""
    figures = run(paths, n_points)
    if not first_paths:
        return figures
    first = run(first_paths, n_first)
    for key in ("cpu", "user", "system", "idle"):
        if key in figures:
            figures[key] = (figures[key] * n_points - first[key] * n_first) / (n_points - n_first)
    return figures


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
        first_paths, first = [], {"points": 0}
        if options.less:
            first_paths, first = kit.make_work(options, folder, options.series, options.less,
                                               options.conns, start_s)
        if options.shuffle:
            shuffle(paths, work)
            if options.less:
                shuffle(first_paths, first)
        rounds = {kind: [] for kind in KINDS}
        for _ in range(options.rounds):
            for kind in KINDS:
                def run(run_paths, n, kind=kind):
                    if kind == "plumb":
                        return run_plumb(options, run_paths, n)
                    return run_sink(options, kind, run_paths, n)
                rounds[kind].append(per_point(run, paths, work["points"], first_paths, first["points"]))
        show(rounds, work, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
