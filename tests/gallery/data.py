"""What the gallery's charts are drawn from: a web site's metrics, made from a seed, at times that never change."""
import calendar
import math
import random

SEED = "plumb gallery"
MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 7 * 86400
T0 = calendar.timegm((2025, 5, 14, 0, 0, 0))         # a Wednesday
YEAR_FROM = calendar.timegm((2024, 6, 1, 0, 0, 0))
WEEK_FROM = T0 - 16 * DAY                            # long enough for Holt-Winters to learn
CLOCKS_CHANGE = calendar.timegm((2025, 3, 29, 23, 0, 0))  # midnight in Berlin, before the hour that is left out

SCHEMAS = """[year]
pattern = ^year\\.
retentions = 6h:60y
[week]
pattern = ^week\\.
retentions = 10m:60y
[fine]
pattern = ^fine\\.
retentions = 10s:60y
[all]
pattern = .*
retentions = 60s:60y
"""

DEPLOY_MINUTES = (485, 527, 561, 574, 612, 655, 668, 701, 733, 760, 762, 764, 766, 801, 839, 862, 905, 940, 968, 991,
                  1022, 1043, 1075, 1101, 1138)     # 25 in a working day; four of them almost at once
BAD_DEPLOY, FIX = DEPLOY_MINUTES[15], DEPLOY_MINUTES[16]


def busy(minute):
    """How much goes on at that minute of a day, 0 to 1: quiet at night, full in the afternoon."""
    x = max(0.0, 1 - abs(minute / 60.0 - 14.5) / 11.0)
    return 0.15 + 0.85 * x * x * (3 - 2 * x)


def noise(name):
    return random.Random("%s/%s" % (SEED, name))


def swing(level, share, period):
    """value(i, r): a wave around a level with some noise."""
    return lambda i, r: level * (1 + share * math.sin(2 * math.pi * i / period)) * r.uniform(0.94, 1.06)


def walk(low, high):
    """value(i, r): goes up and down by itself between two limits."""
    state = [(low + high) / 2]

    def value(_, r):
        state[0] = min(high, max(low, state[0] + r.gauss(0, (high - low) / 40)))
        return state[0]
    return value


def warnings(i, r):
    level = 12 + 10 * busy(i)
    if BAD_DEPLOY <= i < FIX:
        level += 110 * min(1.0, (i - BAD_DEPLOY + 1) / 4)
    return max(0, round(r.gauss(level, level ** 0.5)))


def of_day(name, value):
    """A day in minutes; a value of None is a gap."""
    r = noise(name)
    for i in range(1440):
        v = value(i, r)
        if v is not None:
            yield "%s %.10g %d" % (name, v, T0 + i * MINUTE)


def web():
    for k in range(1, 5):
        yield from of_day("web.web%02d.requests" % k, lambda i, r, k=k: busy(i) * (90 + 35 * k) * r.uniform(0.9, 1.1))
        yield from of_day("web.web%02d.load" % k, walk(0.2, 1.2 + 0.6 * k))
    yield from of_day("php.warnings", warnings)
    yield from of_day("web.logins", lambda i, r: max(0, round(r.gauss(130 * busy(i), 9))))
    yield from of_day("web.login_errors", lambda i, r: max(0, round(r.gauss(4 + 14 * busy(i), 3))))
    for name, level in (("p50", 38), ("p95", 140), ("p99", 420)):
        yield from of_day("web.latency." + name, lambda i, r, n=level: n * (0.8 + busy(i)) * r.lognormvariate(0, 0.12))


def machine():
    for name, level in (("user", 24), ("system", 9), ("iowait", 4), ("steal", 1.5)):
        yield from of_day("cpu." + name, lambda i, r, n=level: n * (0.5 + busy(i)) * r.uniform(0.75, 1.25))
    yield from of_day("mem.used", walk(5.5e9, 7.5e9))
    yield from of_day("mem.cached", walk(1.5e9, 4e9))
    yield from of_day("disk.free", lambda i, r: 4.1e11 - i * 1.6e8 + (1.1e11 if i > 1100 else 0))
    yield from of_day("net.in", lambda i, r: 8e7 * busy(i) * r.uniform(0.8, 1.2))
    yield from of_day("net.out", lambda i, r: 3e8 * busy(i) * r.uniform(0.8, 1.2))
    yield from of_day("backup.age", lambda i, r: (i * 60 + 30000) % 72000)
    yield from of_day("room.temperature", lambda i, r: -4 + 9 * math.sin((i - 500) / 1440 * 6.283) + r.gauss(0, 0.3))
    yield from of_day("clock.offset", lambda i, r: 4e-7 * math.sin(i / 200) + r.gauss(0, 2e-8))
    yield from of_day("grid.frequency", lambda i, r: 50 + 0.0004 * math.sin(i / 90) + r.gauss(0, 0.00004))
    yield from of_day("rows.total", lambda i, r: 3e17 * (1 + i / 900) ** 4)
    yield from of_day("queue.depth", lambda i, r: None if 300 <= i < 420 or 800 <= i < 815 or i % 97 == 0
                      else 40 + 30 * math.sin(i / 60) + r.gauss(0, 2))
    yield from of_day("cron.rows", lambda i, r: r.randint(80, 400) if i % 60 == 15 else None)
    yield from of_day("once.only", lambda i, r: 42 if i == 700 else None)
    yield from of_day("flat.line", lambda i, r: 7)


def many():
    for k in range(100):
        yield from of_day("many.host%03d.requests" % k, swing(100 + 4 * k, 0.25, 300 + 11 * k))


def long_ones():
    for name, level in (("week.requests", 900), ("week.errors", 12)):
        r = noise(name)
        for at in range(WEEK_FROM, T0 + DAY, 600):
            minute, weekday = (at % DAY) // 60, (at // DAY + 3) % 7
            level_now = level * busy(minute) * (0.55 if weekday > 4 else 1)
            if name == "week.requests" and T0 - DAY + 13 * HOUR <= at < T0 - DAY + 15 * HOUR:
                level_now *= 0.35
            yield "%s %.10g %d" % (name, level_now * r.uniform(0.93, 1.07), at)
    for name, level in (("year.users", 21000), ("year.orders", 1500)):
        r = noise(name)
        for k, at in enumerate(range(YEAR_FROM, YEAR_FROM + 365 * DAY, 6 * HOUR)):
            season = 1 + 0.25 * math.sin(k / 1460 * 6.283 - 1) + k / 4000
            yield "%s %.10g %d" % (name, level * season * (1, 1.6, 2, 1.4)[k % 4] * r.uniform(0.95, 1.05), at)
    r = noise("fine.spikes")
    for i in range(8640):
        spike = r.random() < 0.002
        yield "fine.spikes %.10g %d" % (20 + 6 * math.sin(i / 700) + r.gauss(0, 1.5) + 90 * spike, T0 + i * 10)
    r = noise("fine.latency")
    for i in range(8640):
        yield "fine.latency %.10g %d" % (r.lognormvariate(3.2 + 0.5 * busy(i // 6), 0.5), T0 + i * 10)
    r = noise("night.requests")
    for i in range(720):
        yield "night.requests %.10g %d" % (60 + 25 * math.sin(i / 70) + r.gauss(0, 2), CLOCKS_CHANGE - 2 * HOUR + i * 60)


def lines():
    """Everything as lines of port 2003."""
    for part in (web, machine, many, long_ones):
        yield from part()


def changes():
    """What was done that day, for POST /api/v1/changes."""
    for k, minute in enumerate(DEPLOY_MINUTES):
        yield {"kind": "deploy", "service": "website", "rev": "%06x" % (k * 654321 % 0xffffff), "by": "sam",
               "start": T0 + minute * MINUTE + 7 * k % 60, "end": T0 + minute * MINUTE + 7 * k % 60 + 95,
               "status": "failed" if k == 11 else "succeeded", "key": "gallery-%d" % k}
