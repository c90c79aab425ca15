#!/usr/bin/env python3
"""A day of 10,000 series, sent as fast as it is taken: bytes on disk a point once the server is idle; and how soon a
server is ready again that was killed the moment the day was sent, with what is in its log then."""
import glob
import os
import signal
import sys
import tempfile
import time

import kit


def log_bytes(server):
    return sum(os.path.getsize(path) for path in glob.glob(os.path.join(server.data, "store", "wal", "*.wal")))


def file_bytes(server):
    """Block files and what says what they are."""
    store = os.path.join(server.data, "store")
    paths = glob.glob(os.path.join(store, "data", "*.blk")) + [os.path.join(store, name) for name in
                                                                ("names.log", "MANIFEST")]
    return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


def kill(server):
    os.kill(server.pid, signal.SIGKILL)
    server.process.wait()


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10000)
    parser.add_argument("--points", type=int, default=8640)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    with kit.scratch(options) as folder:
        start_s = int(time.time()) - options.points * kit.STEP_S
        paths, work = kit.make_work(options, folder, options.series, options.points, 4, start_s)
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                server = kit.Server(options.plumb, own)
                began = time.monotonic()
                with server:
                    empty_s = time.monotonic() - began
                    kit.blast(options, server.line, paths)
                    kill(server)
                log_mb = log_bytes(server) / 1e6
                began = time.monotonic()
                with server:
                    again_s = time.monotonic() - began
                    n_series = kit.stats(server)["store.series"]
                    if n_series != options.series:
                        raise SystemExit(f"{n_series} series of {options.series} are there again")
                    server.wait_idle()
                    rows.append([f"{empty_s:.3f} s", f"{log_mb:.0f} MB", f"{again_s:.3f} s",
                                 f"{file_bytes(server) / work['points']:.3f}"])
    print(f"\nday: {options.series} series of {options.points} points, {work['points']} in all\n")
    kit.table(["round", "ready, empty", "log when killed", "ready again", "bytes a point in files"],
              [[str(i + 1)] + row for i, row in enumerate(rows)])
    kit.write_json(options, {"rows": rows, "work": work})
    return 0


if __name__ == "__main__":
    sys.exit(main())
