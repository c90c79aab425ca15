"""Plumbline as a member of a Graphite cluster: Debian's graphite-web in front, with this server as its only
CLUSTER_SERVERS entry. What the front answers is what the server answers."""
import os
import time

import pytest

from kit import server as kit
from kit.graphite import GRAPHITE, Front

T0 = int(time.time()) // 3600 * 3600 - 4 * 3600


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """(the server, graphite-web in front of it)"""
    assert os.path.isdir(GRAPHITE), "graphite-web is not installed: run tools/setup test"
    folder = tmp_path_factory.mktemp("cluster")
    schemas = folder / "schemas.conf"
    schemas.write_text("[all]\npattern = .*\nretentions = 60s:7d\n")
    with kit.Server(folder, "--schemas", schemas) as server:
        lines = []
        for i in range(60):
            at = T0 + 60 * i
            lines += ["web.%s.logins %d %d" % (h, i * (k + 1), at) for k, h in enumerate(("a", "b", "c"))]
            lines += ["web.a.load %.3f %d" % (1.5 + i / 7, at), "web.counter %d %d" % (1000 + i * i, at)]
            lines += ["disk.used;host=web%d;rack=r%d %d %d" % (k, k % 2, i * 10 + k, at) for k in range(3)]
            if i % 5:
                lines.append("web.gaps %d %d" % (i, at))
        server.send(*lines)
        server.wait_points(len(lines))
        with Front(folder, server.http) as front:
            yield server, front
        assert server.is_alive(), server.said()[-2000:]


@pytest.fixture
def no_process_left():
    """The module's servers outlive one test."""


TARGETS = [
    "web.a.logins", "web.*.logins", "web.{a,c}.l*", "web.[ab].logins", "web.gaps", "web.nosuch.*",
    "seriesByTag('name=disk.used')", "seriesByTag('name=disk.used','rack=r0')", "seriesByTag('host=~web[12]')",
    "sumSeries(web.*.logins)", "averageSeries(web.*.logins)", "scale(web.a.load,2.5)", "derivative(web.counter)",
    "nonNegativeDerivative(web.counter)", "summarize(web.a.logins,'10min','max')", "alias(web.gaps,'gaps')",
    "keepLastValue(web.gaps)", "aliasByNode(web.*.logins,1)", "groupByNode(web.*.logins,1,'sum')",
    "aliasByTags(seriesByTag('name=disk.used'),'host')", "groupByTags(seriesByTag('name=disk.used'),'sum','rack')",
    "asPercent(web.*.logins)", "highestMax(web.*.logins,2)", "timeShift(web.a.logins,'10min')",
    "divideSeries(web.a.logins,web.b.logins)", "constantLine(5)",
    r"aliasSub(web.a.logins, '(^.*$)', '\1 A')",
]


def rows_of(answer):
    """The front mixes up the order of what a glob matches: it keeps sets."""
    return sorted(answer.ok().json, key=lambda row: row["target"])


@pytest.mark.parametrize("target", TARGETS)
def test_render(both, target):
    server, front = both
    for more in ({}, {"maxDataPoints": 20}):
        query = dict({"target": target, "from": T0 + 300, "until": T0 + 3000, "now": T0 + 3000, "format": "json"},
                     **more)
        ours, theirs = rows_of(server.get("/render", query)), rows_of(front.get("/render", query))
        assert theirs == ours
        assert bool(ours) == ("nosuch" not in target)
        assert all(any(v is not None for v, _ in row["datapoints"]) for row in ours)


@pytest.mark.parametrize("form", ["csv", "raw"])
def test_other_formats(both, form):
    server, front = both
    query = {"target": "web.gaps", "from": T0, "until": T0 + 3000, "format": form}
    assert front.get("/render", query).ok().body == server.get("/render", query).ok().body


def test_a_picture(both):
    _, front = both
    answer = front.get("/render", {"target": "web.*.logins", "from": T0, "until": T0 + 3000}).ok()
    assert answer.type == "image/png" and answer.body.startswith(b"\x89PNG")


@pytest.mark.parametrize("query", ["*", "web.*", "web.a.*", "web.{a,b}.lo*", "nosuch.*", "web.gaps"])
def test_find(both, query):
    server, front = both
    tree = {"query": query, "format": "treejson"}
    assert front.get("/metrics/find/", tree).ok().json == server.get("/metrics/find/", tree).ok().json
    completer = dict(tree, format="completer")
    ours, theirs = (sorted(s.get("/metrics/find/", completer).ok().json["metrics"], key=str) for s in both)
    assert theirs == ours and bool(ours) == ("nosuch" not in query)


def test_the_rest_of_what_a_front_asks(both):
    server, front = both
    for path, query in [("/metrics/index.json", {}), ("/metrics/expand", {"query": "web.*.l*"}),
                        ("/tags/autoComplete/tags", {"expr": "name=disk.used"}),
                        ("/tags/autoComplete/values", {"expr": "name=disk.used", "tag": "host"})]:
        ours = server.get(path, query).ok().json
        assert ours and front.get(path, query).ok().json == ours, path
