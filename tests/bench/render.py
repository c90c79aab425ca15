#!/usr/bin/env python3
"""Requests per second of small /render answers: p50, p99 and the server's CPU a request, with one and with
eight connections. Work: one hour of 1,000 series."""
import json
import os
import subprocess
import sys
import time
from urllib.parse import quote

import kit

N_SERIES, N_POINTS = 1000, 360
CENTRES = ["eu-west-1", "eu-west-2", "us-east-1", "ap-south-1"]
ROLES = ["web", "api", "db", "cache", "queue"]


def host(h):
    """Path of host number h, as gen names it."""
    role = ROLES[h // 4 % 5]
    return f"prod.{CENTRES[h % 4]}.{role}.{role}-{h:05d}"


def request(name, target, start_s, until_s, more=""):
    return f"{name}\t/render?target={quote(target, safe='')}&from={start_s}&until={until_s}&format=json{more}\n"


def requests(start_s, until_s):
    """The list for qbench: groups of requests, asked in turn."""
    out = ""
    for h in range(N_SERIES // 100):
        out += request("single 10 min", host(h) + ".load.avg.one", until_s - 600, until_s)
    for h in range(N_SERIES // 100):
        out += request("single 1 h", host(h) + ".load.avg.one", start_s, until_s)
    for h in range(N_SERIES // 100):
        out += request("panel of 5, 1 h", host(h) + ".cpu.total.*", start_s, until_s, "&maxDataPoints=600")
    out += request("sum of 10, 1 h", "sumSeries(prod.*.*.*.load.avg.one)", start_s, until_s)
    return out


def ask(options, server, text, n_conns):
    done = subprocess.run(
        [os.path.join(options.tools, "qbench"), "-c", str(n_conns), "-n", "1000000", "-s", str(options.seconds),
         "-p", str(server.pid), "127.0.0.1", str(server.http)],
        input=text, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3, help="for each kind of request")
    options = parser.parse_args()
    with kit.scratch(options) as folder, kit.Server(options.plumb, folder) as server:
        until_s = int(time.time()) // kit.STEP_S * kit.STEP_S
        start_s = until_s - N_POINTS * kit.STEP_S
        paths, _ = kit.make_work(options, folder, N_SERIES, N_POINTS, 1, start_s)
        kit.blast(options, server.line, paths)
        server.wait_idle()
        text = requests(start_s, until_s)
        answers = [one for n_conns in (1, 8) for one in ask(options, server, text, n_conns)]
    print(f"\nrender: JSON, {options.seconds} s a row, {N_SERIES} series of {N_POINTS} points\n")
    kit.table(["", "connections", "requests/s", "p50 ms", "p99 ms", "CPU us", "bytes", "not 200"],
              [[a["name"], a["conns"], f"{a['rps']:.0f}", a["p50_ms"], a["p99_ms"], f"{a['cpu_ms'] * 1e3:.0f}",
                a["answer_bytes"], a["bad"]] for a in answers])
    kit.write_json(options, answers)
    return 1 if any(a["bad"] for a in answers) else 0


if __name__ == "__main__":
    sys.exit(main())
