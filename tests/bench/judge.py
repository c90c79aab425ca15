#!/usr/bin/env python3
"""What judging costs: CPU seconds of the judge's thread for one change at each stage, the share of one core that the
changes of a day come to, and how fast /render answers beside it. Work: days of minutes of 10,000 living series."""
import json
import os
import subprocess
import sys
import time
import urllib.request
from urllib.parse import quote

import kit

STEP_S, DAY_S = 60, 86400
SCHEMAS = "[all]\npattern = .*\nretentions = 1m:30d\n"
# How long ago a change ended that is then judged at that stage, and with the last one at the one before, too.
AGES_S = {"15m": 25 * 60, "1h": 5 * 3600, "24h": 27 * 3600}
JUDGED_S = 3600  # what is slower than this is broken


class Judging(kit.Server):
    """All of one core is the judge's, if it wants it: the figure is what it uses, not what it is given."""

    def __init__(self, options, folder):
        super().__init__(options.plumb, folder)
        schemas = os.path.join(folder, "schemas.conf")
        with open(schemas, "w") as f:
            f.write(SCHEMAS)
        with open(self.config, "a") as f:
            f.write("[impact]\ncpu-share = 100%\n")
        self.command += ["--schemas", schemas]

    def record(self, service, at_s):
        body = {"kind": "deploy", "service": service, "start": at_s - 5, "end": at_s, "status": "succeeded"}
        request = urllib.request.Request(self.url("/api/v1/changes"), json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["id"]

    def url(self, path):
        return f"http://127.0.0.1:{self.http}{path}"

    def get(self, path):
        with urllib.request.urlopen(self.url(path)) as answer:
            return json.load(answer)

    def judge_s(self):
        return self.get("/api/v1/stats")["judge.cpu_ms"] / 1e3

    def wait_verdict(self, change, stage):
        deadline = time.monotonic() + JUDGED_S
        while time.monotonic() < deadline:
            verdict = self.get(f"/api/v1/changes/{change}")["verdict"]
            if verdict and verdict["stage"] == stage:
                return verdict
            if self.process.poll() is not None:
                raise SystemExit(f"plumb died:\n{self.said()}")
            time.sleep(0.2)
        raise SystemExit(f"no verdict after {JUDGED_S} s")


def queries(options, until_s):
    """Single series and a panel, each of the last hour."""
    out = ""
    for path in ("prod.*.*.web-00000.load.avg.one", "prod.*.*.web-00000.cpu.total.*"):
        out += f"{path}\t/render?target={quote(path, safe='')}&from={until_s - 3600}&until={until_s}&format=json\n"
    return out


def ask(options, server, seconds):
    """A process that asks for so long; its last words are the figures."""
    process = subprocess.Popen(
        [os.path.join(options.tools, "qbench"), "-c", "1", "-n", "100000000", "-s", str(seconds), "-p",
         str(server.pid), "127.0.0.1", str(server.http)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(queries(options, int(time.time())))
    process.stdin.close()
    return process


def answers(process, when):
    text = process.stdout.read()
    process.wait()
    return [dict(json.loads(line), when=when) for line in text.splitlines()]


def judge(server, options):
    """A row for each stage, and the latencies beside the first."""
    rows, asked = [], None
    for stage, age_s in AGES_S.items():
        before_s, began = server.judge_s(), time.monotonic()
        change = server.record("web", int(time.time()) - age_s)
        if not asked:
            asked = answers(ask(options, server, options.seconds), "while it judges")
        if stage == "24h":
            server.wait_verdict(change, "1h")
            before_s, began = server.judge_s(), time.monotonic()
        verdict = server.wait_verdict(change, stage)
        rows.append({"stage": stage, "metrics": verdict["checked"], "state": verdict["state"],
                     "cpu_s": server.judge_s() - before_s, "wall_s": time.monotonic() - began})
    return rows, asked


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10000, help="a multiple of 100")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--changes", type=int, default=25, help="a day, for the share of one core")
    parser.add_argument("--seconds", type=int, default=3, help="for each kind of request")
    options = parser.parse_args()
    with kit.scratch(options) as folder:
        path, n_points = os.path.join(folder, "work"), options.days * DAY_S // STEP_S
        start_s = int(time.time()) // STEP_S * STEP_S - options.days * DAY_S
        subprocess.run([os.path.join(options.tools, "gen"), "-s", str(options.series), "-p", str(n_points), "-i",
                        str(STEP_S), "-t", str(start_s), "-n", "1", "-o", path], check=True,
                       stderr=subprocess.DEVNULL)
        with Judging(options, folder) as server:
            kit.blast(options, server.line, [path])
            os.unlink(path)
            server.wait_idle()
            alone = answers(ask(options, server, options.seconds), "alone")
            rows, beside = judge(server, options)
            rss_mb = kit.peak_rss_mb(server.pid)
    day_s = options.changes * sum(row["cpu_s"] for row in rows)
    print(f"\njudge: {options.series} series, {options.days} days of minutes\n")
    kit.table(["stage", "metrics", "state", "CPU s", "ms a metric", "elapsed s"],
              [[r["stage"], r["metrics"], r["state"], f"{r['cpu_s']:.1f}",
                f"{1e3 * r['cpu_s'] / max(1, r['metrics']):.2f}", f"{r['wall_s']:.1f}"] for r in rows])
    print(f"\n{options.changes} changes a day: {day_s:.0f} s, {100 * day_s / DAY_S:.1f} % of one core; at most "
          f"{rss_mb:.0f} MB in memory\n")
    kit.table(["/render", "when", "requests/s", "p50 ms", "p99 ms", "not 200"],
              [[a["name"], a["when"], f"{a['rps']:.0f}", a["p50_ms"], a["p99_ms"], a["bad"]] for a in alone + beside])
    kit.write_json(options, {"stages": rows, "day_cpu_s": day_s, "render": alone + beside})
    return 1 if any(a["bad"] for a in alone + beside) else 0


if __name__ == "__main__":
    sys.exit(main())
