"""What Grafana's Graphite data source sends, and the older front ends: the requests as they leave the browser or
Grafana's own server, and what each of them reads in the answer."""
import base64
import json
import re
import time

import pytest

from kit import server as kit

T0 = int(time.time()) // 3600 * 3600 - 4 * 3600
NOW = 0  # when this module's server started; the modules before may have taken their time

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Grafana's own headers on a panel's request; the login is for a proxy in front, and means nothing here.
PANEL = dict(FORM, **{"X-Dashboard-Id": "12", "X-Dashboard-Uid": "ab_cd-1", "X-Panel-Id": "7",
                      "X-Panel-Plugin-Id": "timeseries", "X-Grafana-Org-Id": "1",
                      "Accept": "application/json, text/plain, */*", "Origin": "https://grafana.example",
                      "Authorization": "Basic " + base64.b64encode(b"viewer:secret").decode()})
REF_ID = r'aliasSub(%s, "(^.*$)", "\1 %s")'  # how new versions find out which query a series answers


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    global NOW
    NOW = int(time.time())
    with kit.Server(tmp_path_factory.mktemp("grafana")) as s:
        lines = ["web.logins %d %d" % (i, T0 + 10 * i) for i in range(1, 31)]
        lines += ["web.errors.login 1 %d" % T0, "web.errors.cart 2 %d" % T0, "web.now 5 %d" % (NOW - 120)]
        lines += ["app.%s.%s 1 %d" % (a, b, T0) for a in "bcd" for b in ("hits", "misses")]
        lines += ["disk.used;host=web1;rack=r1 10 %d" % T0, "disk.used;host=web2;rack=r1 20 %d" % T0,
                  "disk.used;host=db1;rack=r2;tier=gold 30 %d" % T0, "load;host=mail1 1 %d" % T0]
        s.send(*lines)
        s.wait_points(len(lines))
        yield s
        assert s.is_alive(), s.said()[-2000:]


@pytest.fixture
def no_process_left():
    """The module's server outlives one test."""


def form(*fields):
    """As Grafana's own encoding of a form: everything escaped."""
    return kit.urllib.parse.urlencode(fields, quote_via=kit.urllib.parse.quote)


def panel(server, *fields, path="/render"):
    answer = server.post(path, form(*fields), headers=PANEL).ok()
    assert answer.type == "application/json"
    return answer.json


def points(row):
    return {at: v for v, at in row["datapoints"] if v is not None}


# -- panels --

@pytest.mark.parametrize("path", ["/render", "/render/"])
def test_a_panel(server, path):
    rows = panel(server, ("target", REF_ID % ("web.logins", "A")),
                 ("target", REF_ID % ("alias(sumSeries(web.errors.*), 'all errors')", "B")),
                 ("target", REF_ID % ("seriesByTag('name=disk.used', 'rack=r1')", "C")),
                 ("from", T0), ("until", T0 + 300), ("format", "json"), ("maxDataPoints", 1180),
                 ("cacheTimeout", 60), path=path)
    assert [r["target"] for r in rows] == ["web.logins A", "all errors B", "disk.used;host=web1;rack=r1 C",
                                           "disk.used;host=web2;rack=r1 C"]
    assert points(rows[0]) == {T0 + 10 * i: i for i in range(1, 31)}
    assert rows[2]["tags"] == {"name": "disk.used", "host": "web1", "rack": "r1"}
    for row in rows:
        assert set(row) == {"target", "tags", "datapoints"}
        assert all(len(p) == 2 and isinstance(p[1], int) for p in row["datapoints"])


def test_the_ref_id_keeps_a_name_exactly_as_it_is(server):
    """The reference is cut off behind the last blank: what stands before it must not change."""
    for name in ("100 % of all", "a,b (c)", "x.y;z=1", "äöü ☃", "A", "{a,b}"):
        rows = panel(server, ("target", REF_ID % ("alias(web.logins, '%s')" % name, "B")), ("from", T0),
                     ("until", T0 + 60), ("format", "json"))
        assert [r["target"] for r in rows] == [name + " B"]


def test_a_panel_gets_no_more_points_than_it_has_pixels(server):
    for n in (1, 7, 10, 100):
        row, = panel(server, ("target", "web.logins"), ("from", T0), ("until", T0 + 300), ("format", "json"),
                     ("maxDataPoints", n))
        assert 1 <= len(row["datapoints"]) <= n


def test_save_and_test(server):
    """The health check: in the browser, and from Grafana's server, which gives absolute times."""
    browser = panel(server, ("target", "constantLine(100)"), ("from", "now-1h"), ("until", "now"),
                    ("format", "json"), ("maxDataPoints", 300))
    backend = panel(server, ("target", REF_ID % ("constantLine(100)", "A")), ("from", NOW - 3600), ("until", NOW),
                    ("format", "json"), ("maxDataPoints", 100))
    for rows in (browser, backend):
        assert len(rows) == 1 and set(v for v, _ in rows[0]["datapoints"]) == {100}


def test_alerting_asks_one_query_a_request(server):
    """Without a panel's headers, absolute epoch seconds, and the answer's values are weighed."""
    answer = server.post("/render", form(("format", "json"), ("from", T0), ("maxDataPoints", "100"),
                                         ("target", 'aliasSub(web.logins,"(^.*$)","\\1 A")'), ("until", T0 + 300)),
                         headers=dict(FORM, **{"User-Agent": "Grafana/11.0"})).ok()
    row, = answer.json
    assert row["target"] == "web.logins A" and points(row)[T0 + 300] == 30


def test_what_alerting_shows_of_a_wrong_query(server):
    for target, word in ((REF_ID % ("scael(web.logins,2)", "A"), "scael"), (REF_ID % ("sum(web.*", "A"), ")")):
        answer = server.post("/render", form(("target", target), ("from", "-1h"), ("until", "now"),
                                             ("format", "json")), headers=dict(FORM))
        assert answer.status == 400 and word in answer.text and "<" not in answer.text


def test_no_data_is_an_empty_list(server):
    assert panel(server, ("target", REF_ID % ("web.nosuch.*", "A")), ("from", "-1h"), ("until", "now"),
                 ("format", "json")) == []


TIMES = [("-1h", "now", 3600), ("now-1h", "now", 3600), ("-15min", "now", 900), ("now-15min", "now-5min", 600),
         ("an hour ago", "then", 3600), ("-1h", "-30min", 1800), ("-3mon", "now", 90 * 86400), ("-2d", "-1d", 86400),
         ("-1w", "now", 7 * 86400), ("-1y", "now", 365 * 86400), ("now-90s", "now", 90)]


@pytest.mark.parametrize("start, until, seconds", TIMES, ids=["%s..%s" % t[:2] for t in TIMES])
def test_the_times_that_grafana_sends(server, start, until, seconds):
    if until == "then":  # as numbers
        start, until = NOW - 3600, NOW
    row, = panel(server, ("target", "timeFunction('t')"), ("from", start), ("until", until), ("format", "json"))
    first, last = row["datapoints"][0][1], row["datapoints"][-1][1]
    assert abs((last - first) - seconds) <= 120, (first, last)
    row, = panel(server, ("target", "web.now"), ("from", start), ("until", until), ("format", "json"))
    assert bool(points(row)) == (until in ("now", NOW) and seconds > 120)


def test_relative_times_inside_a_target(server):
    """Grafana rewrites '5m' to '5min' before it sends a target."""
    rows = panel(server, ("target", REF_ID % ("summarize(web.logins, '5min', 'sum', false)", "A")), ("from", T0),
                 ("until", T0 + 299), ("format", "json"))
    assert points(rows[0]) == {T0: sum(range(1, 30))}


def test_get_and_brackets_work_as_well(server):
    query = {"from": T0, "until": T0 + 60, "format": "json"}
    by_get = server.get("/render", dict(query, target=["web.logins", "web.errors.*"])).ok().json
    assert [r["target"] for r in by_get] == ["web.logins", "web.errors.cart", "web.errors.login"]
    assert panel(server, ("target[]", "web.logins"), ("target[]", "web.errors.*"), *query.items()) == by_get
    untyped = server.post("/render", "target=web.logins&target=web.errors.*&from=%d&until=%d&format=json"
                          % (T0, T0 + 60)).ok().json
    assert untyped == by_get


# -- variables and the metric tree --

FINDS = [("*", ["app", "web"]), ("web.*", ["errors", "logins", "now"]), ("app.{b,c}.*", ["hits", "misses"]),
         ("app.[bd].hits", ["hits"]), ("web.lo*", ["logins"]), ("nosuch.*", [])]


@pytest.mark.parametrize("query, names", FINDS, ids=[q for q, _ in FINDS])
def test_find(server, query, names):
    """In browser mode the body is not encoded at all; from Grafana's server and from old versions it is."""
    plain = "query=" + query
    span = "?from=now-1h&until=now"
    answers = [server.post("/metrics/find", plain, headers=PANEL), server.post("/metrics/find", plain),
               server.post("/metrics/find" + span, plain, headers=FORM), server.post("/metrics/find/", plain),
               server.post("/metrics/find", form(("query", query), ("from", NOW - 60), ("until", NOW)), headers=FORM),
               server.get("/metrics/find", {"query": query, "from": NOW - 3600, "until": NOW}),
               server.get("/metrics/find/", {"query": query, "from": "-1h", "until": "now"}),
               server.get("/metrics/find/?query=" + query), server.get("/metrics?query=" + query)]
    rows = answers[0].ok().json
    assert sorted(r["text"] for r in rows) == names
    for answer in answers:
        assert answer.ok().type == "application/json" and answer.json == rows
    for row in rows:
        assert row["expandable"] == row["allowChildren"] == 1 - row["leaf"] and row["id"].endswith(row["text"])
        assert row["leaf"] == (row["text"] in ("logins", "now", "hits", "misses"))


def test_expand(server):
    for path in ("/metrics/expand", "/metrics/expand/"):
        answer = server.get(path, {"query": "app.{b,c}.*", "from": NOW - 3600, "until": NOW}).ok()
        assert answer.json == {"results": ["app.b.hits", "app.b.misses", "app.c.hits", "app.c.misses"]}
    assert server.get("/metrics/expand", {"query": "nosuch.*"}).ok().json == {"results": []}
    assert server.post("/metrics/expand", "query=app.b.*").ok().json == {"results": ["app.b.hits", "app.b.misses"]}


# -- tags --

def test_tag_keys_for_the_query_editor(server):
    ask = {"tagPrefix": "", "limit": 10000, "from": NOW - 3600, "until": NOW}
    everything = server.get("/tags/autoComplete/tags", ask).ok().json
    assert everything == ["host", "name", "rack", "tier"]
    assert server.get("/tags/autoComplete/tags", dict(ask, limit=2)).ok().json == ["host", "name"]
    assert server.get("/tags/autoComplete/tags", dict(ask, tagPrefix="ra")).ok().json == ["rack"]
    for key in ("expr", "expr[]"):
        for path in ("/tags/autoComplete/tags", "/tags/autoComplete/tags/"):
            one = dict(ask, **{key: "name=disk.used"})
            assert server.get(path, one).ok().json == ["host", "rack", "tier"]
            two = dict(ask, **{key: ["name=disk.used", "rack=r1"]})
            assert server.get(path, two).ok().json == ["host"]
    assert server.post("/tags/autoComplete/tags", form(("expr", "rack=r2"), ("tagPrefix", "t")),
                       headers=FORM).ok().json == ["tier"]


def test_tag_values_for_the_query_editor(server):
    ask = {"tag": "host", "valuePrefix": "", "limit": 10000, "from": NOW - 3600, "until": NOW}
    assert server.get("/tags/autoComplete/values", ask).ok().json == ["db1", "mail1", "web1", "web2"]
    assert server.get("/tags/autoComplete/values", dict(ask, valuePrefix="w")).ok().json == ["web1", "web2"]
    for key in ("expr", "expr[]"):
        for path in ("/tags/autoComplete/values", "/tags/autoComplete/values/"):
            one = dict(ask, **{key: "name=disk.used"})
            assert server.get(path, one).ok().json == ["db1", "web1", "web2"]
            two = dict(ask, **{key: ["name=disk.used", "rack!=r2"]})
            assert server.get(path, two).ok().json == ["web1", "web2"]


def test_tags_as_older_versions_list_them(server):
    for path in ("/tags", "/tags/"):
        assert [t["tag"] for t in server.get(path).ok().json] == ["host", "name", "rack", "tier"]
    for path in ("/tags/rack", "/tags/rack/"):
        assert [v["value"] for v in server.get(path).ok().json["values"]] == ["r1", "r2"]


# -- annotations --

def test_annotations_from_events(server):
    server.post("/events/", json.dumps({"what": "deploy web", "tags": ["deploy", "web"], "when": NOW - 500,
                                        "data": "r100"})).ok()
    server.post("/events/", json.dumps({"what": "other", "tags": "deploy mail", "when": NOW - 400})).ok()
    span = {"from": "now-1h", "until": "now"}
    for path in ("/events/get_data", "/events/get_data/"):
        both = server.get(path, dict(span, tags="deploy")).ok().json
        assert [(e["when"], e["what"], e["tags"], e["data"]) for e in both] == [
            (NOW - 500, "deploy web", ["deploy", "web"], "r100"), (NOW - 400, "other", ["deploy", "mail"], "")]
        assert all(isinstance(e["id"], int) for e in both)
        assert [e["what"] for e in server.get(path, dict(span, tags="deploy web")).ok().json] == ["deploy web"]
        assert [e["what"] for e in server.get(path + "?from=now-1h&until=now&tags=deploy+mail").ok().json] == ["other"]
    absolute = server.get("/events/get_data", {"from": NOW - 450, "until": NOW, "tags": ""}).ok().json
    assert [e["what"] for e in absolute] == ["other"]
    assert server.get("/events/get_data", dict(span, tags="nosuch")).ok().json == []


def test_annotations_from_a_metric(server):
    """Grafana's other way: every point of a target is a mark."""
    at = NOW - 700
    server.send("events.deploy.website 1 %d" % at)
    kit.wait_until(lambda: server.changes(service="website"), what="the deploy")
    row, = panel(server, ("target", "events.deploy.website"), ("from", NOW - 3600), ("until", NOW), ("format", "json"))
    (marked, value), = points(row).items()
    assert value == 1 and abs(marked - at) <= 60


# -- what the data source learns of the server --

def not_json(word):
    raise AssertionError("%s is not JSON" % word)


def test_functions_as_text(server):
    for path in ("/functions", "/functions/"):
        text = server.get(path).ok().text
        functions = json.loads(text, parse_constant=not_json)
        assert len(functions) > 150 and "Infinity" not in text and "NaN" not in text
    for name, f in functions.items():
        assert f["name"] == name and f["group"] and f["module"] and f["description"]
        assert f["function"].startswith(name + "(")
        for p in f["params"]:
            assert p["name"] and p["type"]
            assert set(p) <= {"name", "type", "required", "multiple", "default", "options", "suggestions"}
            assert all(isinstance(p[k], list) for k in ("options", "suggestions") if k in p)
    assert functions["aliasSub"]["group"] == "Alias"
    one = server.get("/functions/aliasSub").ok().json
    assert one == functions["aliasSub"]


def test_the_version_is_semver_and_1_1(server):
    for path in ("/version", "/version/"):
        assert re.fullmatch(r"1\.1\.\d+", server.get(path).ok().text)


# -- older front ends --

def test_jsonp(server):
    """tasseo, giraffe and graphene: a page loads the answer as a script."""
    for path in ("/render", "/render/"):
        for name in ("jQuery1710_1234567890", "$.cb", "a.b_c"):
            answer = server.get(path + "?target=web.logins&from=%d&until=%d&maxDataPoints=100&format=json&jsonp=%s"
                                % (T0, T0 + 60, name)).ok()
            assert answer.type == "text/javascript"
            head, _, tail = answer.text.partition("(")
            assert head == name and tail.endswith(")")
            assert points(json.loads(tail[:-1])[0])[T0 + 10] == 1
    for path in ("/events/get_data?from=-60minutes&tags=nosuch", "/metrics/find?query=*", "/metrics/expand?query=*",
                 "/tags/host?x=1"):
        assert server.get(path + "&jsonp=cb").ok().text.startswith("cb(")
    for bad in ("alert(1)", "a;b", "a b", "<x", "", "a'b", "x" * 300):
        answer = server.get("/render", {"target": "web.logins", "format": "json", "jsonp": bad})
        assert answer.status == 400 and "jsonp" in answer.text


def test_tasseo(server):
    row, = server.get("/render/?target=web.now&from=-5minutes&until=now&format=json").ok().json
    assert list(points(row).values()) == [5]


# -- pages of another origin --

READ = ["/render?target=web.logins&format=json", "/render/?target=nosuch(", "/metrics/find?query=*",
        "/metrics/expand?query=*", "/metrics/index.json", "/tags", "/tags/host", "/tags/findSeries?expr=host=web1",
        "/tags/autoComplete/tags", "/tags/autoComplete/values?tag=host", "/events/get_data", "/functions",
        "/functions/scale", "/version"]
NOT_READ = ["/", "/events/", "/metrics", "/ping", "/api/v1/changes", "/api/v1/stats", "/api/v1/rejects",
            "/deploy/web", "/tags/delSeries", "/api/v1/flush"]
PREFLIGHT = {"Origin": "https://grafana.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "x-dashboard-id,x-panel-id"}


def test_no_other_page_reads_by_default(server):
    for path in READ + NOT_READ:
        for answer in (server.get(path, headers=PANEL), server.ask("OPTIONS", path, headers=PREFLIGHT)):
            assert not [h for h in answer.headers if h.startswith("access-control")]
        assert answer.status == 405


@pytest.mark.parametrize("origin", ["*", "https://grafana.example"])
def test_pages_of_the_configured_origin_may_read(tmp_path, origin):
    conf = tmp_path / "plumb.conf"
    conf.write_text("[http]\ncors = %s\n[collect]\nhost = off\nself = off\n" % origin)
    with kit.Server(tmp_path, "--config", conf) as server:
        for path in READ:
            answer = server.get(path, headers=PANEL)
            assert answer.headers["access-control-allow-origin"] == origin, path
            asked = server.ask("OPTIONS", path, headers=PREFLIGHT).ok()
            assert asked.headers["access-control-allow-origin"] == origin
            assert asked.headers["access-control-allow-methods"] == "GET, POST"
            assert asked.headers["access-control-allow-headers"] == "x-dashboard-id,x-panel-id"
            assert asked.body == b""
        posted = server.post("/metrics/find", "query=*", headers=PANEL).ok()
        assert posted.headers["access-control-allow-origin"] == origin
        for path in NOT_READ:
            for answer in (server.get(path, headers=PANEL), server.ask("OPTIONS", path, headers=PREFLIGHT)):
                assert not [h for h in answer.headers if h.startswith("access-control")], path
            assert answer.status == 405, path
