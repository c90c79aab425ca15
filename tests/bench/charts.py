#!/usr/bin/env python3
"""CPU of one picture, all of the server for the whole request, and what Debian's graphite-web takes for the same."""
import http.client
import importlib.util
import os
import random
import statistics
import sys
import time
from urllib.parse import urlencode

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("bench_kit", os.path.join(HERE, "kit.py"))
kit = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kit)
sys.path[0] = os.path.dirname(HERE)  # where the tests' own kit is
from kit.graphite import Front  # noqa: E402

N_SERIES, N_POINTS = 100, 10000
WALL, PANEL = {"width": 1200, "height": 600}, {"width": 586, "height": 308}
# name, series, points, parameters, CPU ms and bytes that are the most it should take (0: no such aim)
CHARTS = [
    ("1200x600, 10 series of 1,000 points", "bench.0?", 1000, dict(WALL, title="Ten", vtitle="requests"), 22, 180000),
    ("586x308, 2 series of 1,000 points", "bench.0[01]", 1000, PANEL, 6, 0),
    ("330x250, 2 series of 300 points", "bench.0[01]", 300, {}, 6, 0),
    ("1200x600, 100 series of 10,000 points", "bench.*", N_POINTS, WALL, 120, 0),
    ("1200x600, 10 series, stacked", "bench.0?", 1000, dict(WALL, areaMode="stacked"), 0, 0),
]
LESS_THAN_GRAPHITE = 4  # times, at least


def lines(until_s):
    r = random.Random("charts")
    for k in range(N_SERIES):
        level = 100.0 + 10 * k
        for i in range(N_POINTS):
            level += r.gauss(0, 2) + (100 + 10 * k - level) * 0.01
            yield "bench.%02d %.2f %d\n" % (k, level, until_s - (N_POINTS - 1 - i) * kit.STEP_S)


def ask(address, path):
    connection = http.client.HTTPConnection(*address, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200 and answer.getheader("Content-Type").startswith("image/png"), body[:300]
        return body
    finally:
        connection.close()


def cost(pid, address, path, n):
    """(median and least CPU ms of one request, bytes of its answer)"""
    taken = []
    for _ in range(n + 3):
        before = kit.cpu_seconds(pid)
        body = ask(address, path)
        time.sleep(0.01)  # until its thread sleeps again
        taken.append((kit.cpu_seconds(pid) - before) * 1e3)
    return statistics.median(taken[3:]), min(taken[3:]), len(body)


def graphite_costs(folder, backend, paths, n):
    """Mean CPU ms of graphite-web alone: what it asks of the server is not counted. Its threads live for one
    request, so the process is asked, which counts in hundredths of a second."""
    costs = []
    with Front(folder, backend) as front:
        for path in paths:
            ask(front.http, path)
            before = sum(kit.cpu_times(front.process.pid))
            for _ in range(n):
                ask(front.http, path)
            costs.append((sum(kit.cpu_times(front.process.pid)) - before) * 1e3 / n)
    return costs


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=31, help="requests for a row")
    parser.add_argument("--alone", action="store_true", help="without graphite-web")
    options = parser.parse_args()
    until_s = int(time.time()) // kit.STEP_S * kit.STEP_S
    paths = ["/render?" + urlencode(dict(more, target=target, format="png", until=until_s,
                                         **{"from": until_s - n_points * kit.STEP_S}))
             for _, target, n_points, more, _, _ in CHARTS]
    with kit.scratch(options) as folder, kit.Server(options.plumb, folder) as server:
        work = os.path.join(folder, "work")
        with open(work, "w") as f:
            f.writelines(lines(until_s))
        kit.blast(options, server.line, [work])
        server.wait_idle()
        address = ("127.0.0.1", server.http)
        ours = [cost(server.pid, address, path, options.n) for path in paths]
        theirs = [None] * len(paths)
        if not options.alone:
            theirs = graphite_costs(folder, address, paths, max(5, options.n // 4))
    rows, figures, is_good = [], [], True
    for (name, _, _, _, cpu_max, bytes_max), (cpu, least, n_bytes), other in zip(CHARTS, ours, theirs):
        ok = (not cpu_max or cpu <= cpu_max) and (not bytes_max or n_bytes <= bytes_max)
        ok = ok and (other is None or other >= LESS_THAN_GRAPHITE * cpu)
        is_good = is_good and ok
        beside = ["", ""] if other is None else ["%.0f" % other, "%.1f" % (other / cpu)]
        rows.append([name, "%.1f" % cpu, "%.1f" % least, cpu_max or "", n_bytes, bytes_max or "", *beside,
                     "" if ok else "MISSED"])
        figures.append({"name": name, "cpu_ms": cpu, "least_cpu_ms": least, "bytes": n_bytes,
                        "graphite_cpu_ms": other, "is_good": ok})
    print("\ncharts: PNG, CPU ms a request, medians of %d\n" % options.n)
    kit.table(["", "CPU ms", "least", "at most", "bytes", "at most", "graphite-web", "times", ""], rows)
    kit.write_json(options, figures)
    print("\nall aims are reached" if is_good else "\nan aim is missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
