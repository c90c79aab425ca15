"""A web site's last days for the verdict tests: minutes of its metrics by a seed, as lines of port 2003.

Counts are Poisson's around a level that follows the time of day, with a wobble that lasts some minutes and days
that differ; the clock on the office's wall is chosen so that it is between nine and ten in the evening now, and
the day that a test tells of is over.
"""
import math
import os
import random
import time

import etsy
from kit.server import Server

DAY = 86400
HOUR = 3600
MINUTE = 60
SCHEMAS = "[all]\npattern = .*\nretentions = 1m:60d\n"
CONFIG = "[collect]\nhost = off\nself = off\n[impact]\nvital = %s\ncpu-share = 100%%\n"
VITAL = ("php.warnings", "logins.ok", "checkout.ok", "forum.posts")


class Office:
    def __init__(self, now=None):
        self.now = int(now or time.time())
        self.west = (self.now // HOUR - 21) % 24  # hours that its clock is behind Greenwich
        if self.west > 12:
            self.west -= 24
        self.midnight = self.now - (self.now - HOUR * self.west) % DAY

    @property
    def zone(self):
        """For TZ and --time-zone."""
        return "Etc/GMT%+d" % self.west

    def at(self, clock):
        """Seconds since 1970 of "16:04" today."""
        return self.midnight + etsy.at(clock) - etsy.MIDNIGHT

    def busy(self, t):
        return etsy.busy(etsy.MIDNIGHT + (t - self.midnight) % DAY)

    def server(self, folder, more="", vital=VITAL):
        """Not yet started."""
        os.makedirs(str(folder), exist_ok=True)
        paths = [os.path.join(str(folder), name) for name in ("schemas.conf", "plumb.conf")]
        for path, text in zip(paths, (SCHEMAS, CONFIG % ", ".join(vital) + more)):
            with open(path, "w") as f:
                f.write(text)
        return Server(folder, "--schemas", paths[0], "--config", paths[1], "--time-zone", self.zone)


def poisson(r, level):
    """As good as one: from 40 on by the normal distribution."""
    if level > 40:
        return max(0, round(r.gauss(level, math.sqrt(level))))
    n, p, least = 0, r.random(), math.exp(-level)
    while p > least:
        n, p = n + 1, p * r.random()
    return n


# Per minute: at night, what the full afternoon adds, and how much it wobbles.
COUNTS = {
    "php.warnings": (14, 16, 0.05), "php.fatals": (0.05, 0.1, 0), "logins.ok": (60, 500, 0.03),
    "logins.failed": (8, 40, 0.05), "forum.posts": (4, 30, 0.05), "checkout.ok": (8, 80, 0.03),
    "checkout.errors": (0.5, 2, 0.1), "web.requests": (1500, 9000, 0.03), "web.5xx": (1, 3, 0.1),
    "mail.sent": (20, 60, 0.05), "cdn.misses": (300, 900, 0.05),
}
GAUGES = {"search.p95_ms": (180, 40, 0.04), "hosts.web01.cpu": (8, 30, 0.05), "hosts.web02.cpu": (8, 30, 0.05)}


def minutes(office, seed, days, until, bend=None):
    """Lines (name value time) of all metrics from `days` before today's midnight to `until`. bend(name, t) is what
    something did to a metric: so much more than usual."""
    for name, (night, more, wobble) in {**COUNTS, **GAUGES}.items():
        r = random.Random("%s/%s" % (seed, name))
        drift, of_day = 0.0, 1.0
        for t in range(office.midnight - days * DAY, until, MINUTE):
            if (t - office.midnight) % DAY == 0:
                of_day = math.exp(r.gauss(0, 0.04))
            drift = 0.9 * drift + r.gauss(0, wobble * math.sqrt(1 - 0.9 ** 2))
            level = (night + more * office.busy(t)) * of_day * math.exp(drift)
            level = max(0.0, level + (bend(name, t) if bend else 0.0))
            if name in COUNTS:
                yield "%s %d %d" % (name, poisson(r, level), t)
            else:
                yield "%s %.2f %d" % (name, level * math.exp(r.gauss(0, 0.03)), t)
