#!/usr/bin/env python3
"""Instructions of the receive path a point, by callgrind: two streams of the same series, one with more laps, over
one connection to one receiver; the difference is what known series cost. The same on a busy machine as on a
quiet one, but for the background threads' share."""
import os
import re
import subprocess
import sys
import tempfile
import time

import kit


def collected(options, paths, folder):
    """Instructions of a whole run of plumb under callgrind."""
    out = os.path.join(folder, "callgrind.out")
    server = kit.Server(options.plumb, folder, 1)
    server.command = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + out] + server.command
    with server:
        kit.blast(options, server.line, paths)
    with open(out) as f:
        return int(re.search(r"^totals: (\d+)", f.read(), re.M).group(1))


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=20000)
    parser.add_argument("--laps", type=int, nargs=2, default=[10, 40])
    options = parser.parse_args()
    totals, work = [], None
    with kit.scratch(options) as folder:
        for laps in options.laps:
            start_s = int(time.time()) - laps * kit.STEP_S
            paths, work = kit.make_work(options, folder, options.series, laps, 1, start_s)
            with tempfile.TemporaryDirectory(dir=folder) as own:
                totals.append(collected(options, paths, own))
    n = options.series * (options.laps[1] - options.laps[0])
    figure = (totals[1] - totals[0]) / n
    print(f"\ninstructions: {figure:.0f} a point of {work['line_bytes']} B "
          f"({options.series} series, {options.laps[1]} laps less {options.laps[0]})")
    kit.write_json(options, {"instructions_per_point": figure})
    return 0


if __name__ == "__main__":
    sys.exit(main())
