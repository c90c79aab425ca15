#!/usr/bin/env python3
"""The picture that began it: one day of a web site, its metrics and its deploys, through port 2003.

    python3 tests/e2e/etsy.py --output docs/pictures

PHP warnings jump at the 4 PM deploy and fall at the next two, which fix them. Logins and login errors go
their way through all sixteen deploys of the day. The data is made from a seed; the pictures are what
/render answers.
"""
import argparse
import calendar
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(HERE))
from kit.server import Server  # noqa: E402

SEED = "measure everything"
ZONE = "America/New_York"
STEP = 10
MIDNIGHT = calendar.timegm((2010, 10, 14, 4, 0, 0))  # of a Thursday in New York
DAY = 86400
SCHEMAS = "[all]\npattern = .*\nretentions = 10s:60y\n"


def at(clock):
    """Seconds since 1970 of "16:04" that day; "16:04:30" works too."""
    parts = [int(p) for p in clock.split(":")] + [0]
    return MIDNIGHT + parts[0] * 3600 + parts[1] * 60 + parts[2]


# The bad one, the one that helped a little, the one that fixed it.
JUMP, BETTER, FIXED = at("16:00:20"), at("16:31:50"), at("16:56:10")
DEPLOYS = sorted([at(c) for c in ("9:12", "9:47:30", "10:31", "11:04", "11:38", "12:09", "12:50", "13:33",
                                  "14:02", "14:41", "17:48", "18:20", "18:55")] + [JUMP, BETTER, FIXED])
WARNINGS_SPAN = (at("14:55"), at("17:40"))
LOGINS_SPAN = (at("8:00"), at("20:00"))


def busy(t):
    """How much goes on, 0 to 1: quiet at night, full in the afternoon."""
    hour = (t - MIDNIGHT) / 3600
    x = max(0.0, 1 - abs(hour - 14.5) / 11.0)
    return 0.15 + 0.85 * x * x * (3 - 2 * x)


def warnings(t, r):
    level = 6 + 8 * busy(t)
    if JUMP <= t < BETTER:
        level += 95 * min(1.0, (t - JUMP + 40) / 160)  # the new code reaches one server after the other
    elif BETTER <= t < FIXED:
        level += 38
    elif FIXED <= t < FIXED + 120:
        level += 38 * (1 - (t - FIXED) / 120)
    return max(0, round(r.gauss(level, level ** 0.5)))


def logins(t, r):
    level = 130 * busy(t)
    return max(0, round(r.gauss(level, level ** 0.5)))


def login_errors(t, r):
    level = 4 + 14 * busy(t)
    return max(0, round(r.gauss(level, level ** 0.5)))


SERIES = [("php.warnings", warnings), ("web.logins.success", logins), ("web.logins.errors", login_errors)]


def lines():
    """The day as lines of port 2003."""
    for name, value in SERIES:
        r = random.Random("%s/%s" % (SEED, name))
        for t in range(MIDNIGHT, MIDNIGHT + DAY, STEP):
            yield "%s %d %d" % (name, value(t, r), t)
    for t in DEPLOYS:
        yield "events.deploy.website 1 %d" % t


def start(folder):
    """A server, not yet started, that keeps a day of 2010."""
    path = os.path.join(str(folder), "storage-schemas.conf")
    with open(path, "w") as f:
        f.write(SCHEMAS)
    return Server(folder, "--schemas", path)


def feed(server):
    everything = list(lines())
    server.send(*everything)
    server.wait_points(len(everything) - len(DEPLOYS))
    server.flush()
    assert len(server.changes(service="website")) == len(DEPLOYS)


DEPLOY_LINES = "alias(color(drawAsInfinite(events.deploy.website),'#d62728'),'deploy of website')"
PICTURES = {
    "etsy-warnings": (WARNINGS_SPAN, ["alias(color(movingAverage(php.warnings,3),'#1f77b4'),'PHP warnings')",
                                      DEPLOY_LINES],
                      {"title": "PHP warnings: up with one deploy, down with the next two"}),
    "etsy-logins": (LOGINS_SPAN, ["alias(color(movingAverage(web.logins.success,12),'#1f77b4'),'logins')",
                                  "alias(color(movingAverage(web.logins.errors,12),'#ff7f0e'),'login errors')",
                                  DEPLOY_LINES],
                    {"title": "Logins and login errors: sixteen deploys, no harm"}),
}


def query(name, **more):
    """The /render query of a picture."""
    (start_s, until_s), targets, looks = PICTURES[name]
    asked = dict({"from": start_s, "until": until_s, "tz": ZONE, "width": 900, "height": 340, "yMin": 0,
                  "vtitle": "per 10 seconds"},
                 **looks)
    asked.update(more)
    return [("target", t) for t in targets] + list(asked.items())


def main():
    p = argparse.ArgumentParser(description="Draws the two pictures of the README.")
    p.add_argument("--output", required=True, metavar="DIR")
    a = p.parse_args()
    os.makedirs(a.output, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="plumb-etsy-") as folder, start(folder) as server:
        feed(server)
        for name in PICTURES:
            path = os.path.join(a.output, name + ".png")
            with open(path, "wb") as f:
                f.write(server.get("/render", query(name, format="png")).ok().body)
            print(path)


if __name__ == "__main__":
    main()
