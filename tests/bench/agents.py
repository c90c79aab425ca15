#!/usr/bin/env python3
"""CPU of plumb for many agents that each send a burst of lines at a time, beside a sink that does nothing but
read (and one that counts newlines). Rounds are interleaved, medians are shown. The first lap, which makes the
series, is left out by measuring it alone as well."""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time

import kit

KINDS = ["discard", "count", "plumb"]
ROOM = 64  # descriptors for everything else


def bursts(options, at_s):
    """One lap: what each agent sends for this time."""
    return [b"".join(b"agents.host-%05d.cpu.core%02d.busy_pct %d.%02d %d\n" %
                     (k, i, (k + i + at_s // 10) % 100, (k * 7 + i + at_s) % 100, at_s) for i in range(options.lines))
            for k in range(options.agents)]


def send(port, laps):
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in laps[0]]
    for lap in laps:
        for one, burst in zip(sockets, lap):
            one.sendall(burst)
    kit.hang_up(sockets)


def sink_cpu(options, mode, laps):
    return sum(kit.sink(options, mode, lambda port: send(port, laps)))


def plumb_cpu(options, laps):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, \
            kit.Server(options.plumb, folder) as server:
        before = kit.cpu_seconds(server.pid)
        send(server.line, laps)
        return kit.cpu_seconds(server.pid) - before


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=100, help="of a burst")
    parser.add_argument("--laps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * options.agents + ROOM), hard))
    n_points = (options.laps - 1) * options.agents * options.lines
    start_s = int(time.time()) // 10 * 10 - options.laps * 10
    laps = [bursts(options, start_s + i * 10) for i in range(options.laps)]
    ns = {kind: [] for kind in KINDS}
    with kit.scratch(options) as folder:
        options.folder = folder
        for _ in range(options.rounds):
            for kind in KINDS:
                def cpu(some, kind=kind):
                    return plumb_cpu(options, some) if kind == "plumb" else sink_cpu(options, kind, some)
                ns[kind].append({"ns": (cpu(laps) - cpu(laps[:1])) / n_points * 1e9})
    medians = {kind: kit.median(ns[kind], "ns") for kind in KINDS}
    print(f"\nagents: {options.agents} connections, bursts of {options.lines} lines, {n_points} points; medians of "
          f"{options.rounds} interleaved rounds\n")
    kit.table(["", "ns a point", "of counting", "of dropping"],
              [[kind, f"{medians[kind]:.1f}", f"{medians['count'] / medians[kind]:.0%}",
                f"{medians['discard'] / medians[kind]:.0%}"] for kind in KINDS])
    kit.write_json(options, {"rounds": ns, "median_ns": medians})
    return 0


if __name__ == "__main__":
    sys.exit(main())
