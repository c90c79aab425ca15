#!/usr/bin/env python3
"""Draws every chart of the gallery with the real server, and the page that shows them.

    python3 tests/gallery/gallery.py [--output docs/gallery] [NAME...]

The server runs on free ports in a temporary folder; its data (data.py) and the charts (charts.py) have fixed seeds
and times, so two runs on one machine write equal files. Another machine's fonts may draw letters a little differently.
"""
import argparse
import os
import sys
import tempfile
from urllib.parse import quote

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import data  # noqa: E402
from charts import CHARTS  # noqa: E402
from kit.server import Server  # noqa: E402

OUT = os.path.join(ROOT, "docs", "gallery")
HEAD = """# Gallery

Every picture here is what `/render` answers; below it stands what was asked, cut into lines at `&`: joined, they are the URL's path. `make gallery`
draws them all anew, from data that it makes itself (tests/gallery). Another machine's fonts may draw letters a little differently.
"""


def query(targets, params):
    """The (key, value) pairs of a chart's URL."""
    return [("target", t) for t in targets] + [(k, str(v)) for k, v in params.items()]


def url(pairs):
    return "/render?" + "&".join("%s=%s" % (k, quote(v, safe="(),*.:[]'/{}?@!$;")) for k, v in pairs)


def start(folder):
    """A server, not yet started, that keeps old times."""
    path = os.path.join(str(folder), "storage-schemas.conf")
    with open(path, "w") as f:
        f.write(data.SCHEMAS)
    return Server(folder, "--schemas", path)


def feed(server):
    lines = list(data.lines())
    server.send(*lines)
    server.wait_points(len(lines))
    for change in data.changes():
        server.post("/api/v1/changes", change).ok()
    server.flush()


def page():
    """The text of README.md."""
    parts = [HEAD]
    for name, heading, targets, params in CHARTS:
        asked = url(query(targets, params)).replace("&", "\n    &")
        parts.append("## %s\n\n![%s](%s.png)\n\n    %s\n" % (heading, heading, name, asked))
    return "\n".join(parts)


def draw(server, name):
    (targets, params), = [(t, p) for n, _, t, p in CHARTS if n == name]
    return server.get(url(query(targets, params))).ok().body


def write(path, body):
    with open(path, "wb") as f:
        f.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=OUT, metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME", help="draw these alone")
    asked = parser.parse_args()
    os.makedirs(asked.output, exist_ok=True)
    total = 0
    with tempfile.TemporaryDirectory(prefix="plumb-gallery-") as folder, start(folder) as server:
        feed(server)
        for name in asked.names or [chart[0] for chart in CHARTS]:
            body = draw(server, name)
            total += len(body)
            write(os.path.join(asked.output, name + ".png"), body)
    if not asked.names:
        write(os.path.join(asked.output, "README.md"), page().encode())
    print("%d KB in %s" % (total // 1000, os.path.relpath(asked.output)))


if __name__ == "__main__":
    main()
