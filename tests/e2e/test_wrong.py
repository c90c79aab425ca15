"""Wrong input: each a 4xx with a sentence that helps, never a 5xx, and the server goes on."""
import socket
import time
import urllib.parse

import pytest

from kit.server import Answer, wait_until

T0 = int(time.time()) // 3600 * 3600 - 4 * 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from kit import server as kit
    with kit.Server(tmp_path_factory.mktemp("wrong")) as s:
        s.send("web.logins 1 %d" % T0, "web.errors 1 %d" % T0)
        s.wait_points(2)
        yield s


@pytest.fixture(autouse=True)
def alive_after(server):
    yield
    assert server.is_alive(), server.said()[-2000:]
    assert server.values("web.logins", T0 - 10, T0 + 10) == {T0: 1}


@pytest.fixture
def no_process_left():
    """The module's server outlives one test."""


def is_sentence(answer):
    text = answer.text
    return len(text.split()) >= 3 and "<html" not in text.lower() and len(text) < 2000


def refused(answer, *words):
    assert 400 <= answer.status < 500, "%d: %s" % (answer.status, answer.body[:300])
    assert is_sentence(answer), answer.text
    for word in words:
        assert word in answer.text, (word, answer.text)


TARGETS = [
    ("movingAverge(web.*,5)", ["movingAverge", "movingAverage"]),  # the nearest name is offered
    ("sumSerie(web.*)", ["sumSeries"]),
    ("nosuchFunctionAtAll(web.*)", ["nosuchFunctionAtAll"]),
    ("scale(web.logins)", ["scale", "factor"]),
    ("scale(web.logins,'abc')", ["factor", "abc"]),
    ("scale(web.logins,2,3)", ["scale"]),
    ("scale(web.logins,bogus=2)", ["bogus"]),
    ("scale(2,web.logins)", ["scale"]),
    ("scale(web.logins,2", []),
    ("scale(web.logins,2))", []),
    ("scale(web.logins,,2)", []),
    ("alias(web.logins,'open", []),
    ("movingAverage(web.logins,'5parsecs')", ["5parsecs"]),
    ("summarize(web.logins,'0min')", []),
    ("timeShift(web.logins,'x')", ["x"]),
    ("aliasSub(web.logins,'(','x')", []),
    ("grep(web.logins,'[')", []),
    ("seriesByTag('garbage')", ["garbage"]),
    ("consolidateBy(web.logins,'nosuch')", ["nosuch"]),
    ("<script>alert(1)</script>", []),
]


@pytest.mark.parametrize("target, words", TARGETS, ids=[t for t, _ in TARGETS])
def test_bad_targets(server, target, words):
    for form in ("json", "png"):
        refused(server.get("/render", {"target": target, "from": T0, "until": T0 + 60, "format": form}), *words)


# Where: the position in the target, from 1, and what would have been right.
PLACES = [
    ("scale(web.logins,2", "position 19: expected ',' or ')'"),
    ("scale(web.logins,2))", "position 20: expected '|' or the end"),
    ("scale(web.logins,,2)", "position 18: expected an argument"),
    ("scale(web.logins 2)", "position 18: expected"),
    ("web.logins,", "position 11: expected"),
    ("web.logins web.errors", "position 12: expected"),
    ("web.logins|", "position 12: expected a path or a function"),
    ("|scale(2)", "position 1: expected a path or a function"),
    ("web.logins|scael(2)", "position 12: there is no function 'scael'"),
    ("sumSeries(web.logins,scael(web.errors,2))", "position 22: there is no function 'scael'"),
    ("alias(web.logins,'open", "the text that begins at 18"),
    ("web.{a,b", "expected the } of the { at 5"),
    ("sumSeries(web.[a-z)", "not closed by ']'"),
    ("scale(web.logins,factr=2)", "position 24: scale() has no parameter 'factr'"),
    ("scale(web.logins,2,3)", "position 20: scale() takes at most 2 arguments, not 3"),
    ("scale(web.logins,'x')", "position 18: scale(): factor must be a number, got the text 'x'"),
    ("scale(factor=2,web.logins)", "position 16: expected another name=value"),
    ("scale(web.logins,2,factor=3)", "position 27: scale(): factor is given twice"),
    ("alias(web.logins,x)", "put text in quotes"),
    ("'text'", "position 1: expected a path or a function"),
    ("movingAverage(web.logins,-5)", "position 26: movingAverage(): a window of -5 points is out of range"),
    ("hitcount(web.logins,'-5min')", "position 21: hitcount(): the interval '-5min' must be longer than nothing"),
    ("aliasSub(web.logins,'a','\\9')", "position 25: aliasSub(): replacement: there is no group 9"),
    ("substr(web.logins,'a')", "position 19: substr(): start must be the number of a node, got the text 'a'"),
    ("sortBy(web.logins,'maxx')", "position 19: sortBy(): func must be an aggregation"),
    ("sortBy(web.logins,'sumSeries')", "position 19: sortBy(): Unsupported aggregation function"),
    ("grep(web.logins,'a(')", "position 17: grep(): "),
    ("filterSeries(web.logins,'max','~',5)", "position 31: filterSeries(): Unsupported operator: ~"),
    ("consolidateBy(web.logins,'maxx')", "position 26: consolidateBy(): Invalid consolidation function: 'maxx'"),
    ("absolute(log(web.logins,1))", "position 25: log(): base must be above 0"),
    ("seriesByTag('name=web.logins','x')", "position 31: seriesByTag(): "),
    ("groupByNode(web.logins,0,'percentileOfSeries')", "position 1: groupByNode(): percentileOfSeries(): n is missing"),
    ("timeSlice(web.logins,'someday')", "position 22: timeSlice(): time 'someday': 'someday' is no day"),
    ("randomWalk()", "position 1: randomWalk(): name is missing"),
]


@pytest.mark.parametrize("target, words", PLACES, ids=[t for t, _ in PLACES])
def test_a_refusal_says_where_and_why(server, target, words):
    query = {"from": T0, "until": T0 + 60, "format": "json"}
    refused(server.get("/render", dict(query, target=target)), "target 1, ", words)
    refused(server.get("/render", dict(query, target=["web.logins", target])), "target 2, ", words)


def test_the_error_is_json_when_that_is_asked_for(server):
    answer = server.get("/render", {"target": "sumSerie(web.*)", "format": "json"},
                        headers={"Accept": "application/json"})
    assert answer.status == 400 and "sumSerie" in answer.json["error"]
    assert "sumSeries" in answer.json["hint"] + answer.json["error"]


QUERIES = [
    ("from", {"from": "yesteryear"}, ["from"]),
    ("until", {"until": "-5parsecs"}, ["until"]),
    ("both the same", {"from": T0, "until": T0}, ["from", "until"]),
    ("now", {"now": "soon-ish"}, ["now"]),
    ("maxDataPoints", {"maxDataPoints": "0"}, ["maxDataPoints"]),
    ("jsonp", {"jsonp": "alert(1);x"}, ["jsonp"]),
    ("a year of 99,999", {"from": "00:00_999991231"}, []),
    ("xFilesFactor", {"xFilesFactor": "much"}, ["xFilesFactor"]),
    ("a unit", {"from": "-1parsec"}, ["from", "'parsec' is no unit", "min, h, d"]),
    ("no unit", {"from": "-1"}, ["from", "unit of time"]),
    ("no sign", {"from": "1h"}, ["from", "'1h' is no day", "an offset begins with - or +"]),
    ("a day", {"until": "20260231"}, ["until", "20260231", "day is out of range"]),
    ("an hour", {"until": "25:00_20260201"}, ["until", "hour must be in 0..23"]),
    ("graphType", {"graphType": "bar"}, ["graphType", "bar", "line", "pie"]),
    ("changes", {"changes": "some"}, ["changes", "some", "all", "none"]),
]


@pytest.mark.parametrize("name, more, words", QUERIES, ids=[q[0] for q in QUERIES])
def test_bad_parameters(server, name, more, words):
    query = {"target": "web.logins", "from": T0, "until": T0 + 60, "format": "json"}
    refused(server.get("/render", dict(query, **more)), *words)


PICTURES = [("width", "99999999"), ("width", "-5"), ("height", "0"), ("height", "1e9"), ("width", "abc"),
            ("fontSize", "1e30"), ("bgcolor", "nosuchcolour"), ("lineWidth", "nan"), ("yMax", "inf"),
            ("margin", "100000"), ("colorList", "," * 5000), ("title", "t" * 3000), ("logBase", "-1"),
            ("yStep", "1e-300"), ("minXStep", "x"), ("yMin", "1e308"), ("tz", "No/Where"),
            ("lineMode", "wavy"), ("template", "nosuch"), ("title", "\x01\x1b[31m\u2028")]


@pytest.mark.parametrize("key, value", PICTURES, ids=["%s=%.12s" % p for p in PICTURES])
def test_odd_looks_are_refused_or_drawn_but_never_break(server, key, value):
    for form in ("png", "svg"):
        answer = server.get("/render", {"target": "web.logins", "from": T0, "until": T0 + 60, "format": form,
                                        key: value})
        assert answer.status == 200 or (400 <= answer.status < 500 and is_sentence(answer)), \
            (answer.status, answer.body[:200])


OTHERS = [
    ("/metrics/find", ["query= is missing"]),
    ("/metrics/find?query=", ["query= is missing"]),
    ("/metrics/find?query=a[", ["position 2", "not closed by ']'"]),
    ("/metrics/find?query=a{b", ["position 2", "not closed by '}'"]),
    ("/metrics/find?query=*&format=tree", ["tree", "treejson", "completer"]),
    ("/metrics/find?query=*&leavesOnly=x", ["leavesOnly", "'x'"]),
    ("/metrics/find?query=*&from=noo", ["from", "noo"]),
    ("/metrics/find?query=*&format=nodelist&position=7", ["position 7", "fewer nodes"]),
    ("/metrics/expand?query=a{b", ["position 2", "not closed by '}'"]),
    ("/metrics/expand?query=*&jsonp=a-b", ["jsonp"]),
    ("/tags/findSeries", ["expr="]),
    ("/tags/findSeries?expr=x", ["'x'", "tag=value"]),
    ("/tags/findSeries?expr=a%3D~%5B", ["regular expression", "]"]),
    ("/tags/autoComplete/values", ["tag="]),
    ("/tags/autoComplete/tags?limit=x", ["limit", "'x'"]),
    ("/tags/autoComplete/tags?limit=-1", ["limit", "-1"]),
    ("/tags?filter=%5B", ["regular expression"]),
    ("/events/get_data?from=x", ["from", "'x'"]),
    ("/events/x", ["does not exist"]),
    ("/functions/scael", ["scael", "scale"]),
    ("/api/v1/changes?kind=party", ["kind", "party", "deploy", "thirdparty"]),
    ("/api/v1/changes?n=x", ["n='x'"]),
    ("/api/v1/changes?until=x", ["until", "'x'"]),
]


@pytest.mark.parametrize("path, words", OTHERS, ids=[p for p, _ in OTHERS])
def test_the_other_endpoints_say_what_is_wrong(server, path, words):
    refused(server.get(path), *words)


LIMITS = [
    ("wide.*", {}, ["query.max-series", "10 series", "raise max-series in [query]"]),
    ("sumSeries(wide.*)", {}, ["query.max-series"]),
    ("seriesByTag('name=tagged')", {}, ["query.max-series"]),
    ("wide.s1", {"from": "-12h", "until": "now"}, ["query.max-points", "1000 values", "shorter range"]),
    ("movingAverage(wide.s1,'12h')", {}, ["query.max-points"]),
    ("randomWalk('x')", {"from": "-30d", "until": "now"}, ["query.max-points"]),
    ("scale(" * 100 + "wide.s1" + ",1)" * 100, {}, ["query.max-depth", "64"]),
    ("alias(wide.s1,'" + "x" * 70000 + "')", {}, ["query.max-target-bytes", "65536"]),
    ("wide." + "{a,b}" * 30, {}, ["10000 alternatives"]),
    ("timeStack(wide.s1,'1d',0,99999)", {}, ["timeStack", "1000"]),
    (["wide.s1"] * 1001, {}, ["1000 targets"]),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    from kit import server as kit
    folder = tmp_path_factory.mktemp("small")
    conf = folder / "small.conf"
    conf.write_text("[query]\nmax-series = 10\nmax-points = 1000\n[collect]\nhost = off\nself = off\n")
    with kit.Server(folder, "--config", conf) as s:
        s.send(*["wide.s%d 1 %d" % (i, T0) for i in range(11)],
               *["tagged;host=h%d 1 %d" % (i, T0) for i in range(11)])
        s.wait_points(22)
        yield s


@pytest.mark.parametrize("target, more, words", LIMITS, ids=[str(t)[:40] for t, _, _ in LIMITS])
def test_a_limit_is_named(small, target, more, words):
    query = dict({"target": target, "from": T0, "until": T0 + 60, "format": "json"}, **more)
    body = urllib.parse.urlencode(query, doseq=True)
    answer = small.post("/render", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 413
    refused(answer, *words)


def test_within_the_limits_all_is_well(small):
    assert len(small.render(["wide.s[0-9]"], T0, T0 + 60)) == 10
    assert len(small.render("wide.s1", T0, T0 + 9990)[0]["datapoints"]) == 999


def test_new_names_past_the_limit_are_refused_and_counted(tmp_path):
    from kit import server as kit
    conf = tmp_path / "few.conf"
    conf.write_text("[serve]\nmax-creates-per-minute = 3\n[collect]\nhost = off\nself = off\n")
    with kit.Server(tmp_path, "--config", conf) as s:
        s.send(*["few.s%d 1 %d" % (i, T0) for i in range(5)])
        kit.wait_until(lambda: s.stats()["ingest.refused"] == 2, 10, "two lines refused")
        s.send("few.s1 2 %d" % (T0 + 60))  # a known name goes on
        s.wait_points(4)
        assert s.stats()["store.series"] == 3
        assert sum(s.rejects()["counts"].values()) == 2


def test_unknown_pages_and_methods(server):
    assert server.get("/nosuch/page").status == 404
    assert server.get("/../../etc/passwd").status in (400, 404)
    assert server.get("/api/v1/changes/nosuchid").status == 404
    refused(server.ask("DELETE", "/render"))
    refused(server.ask("PUT", "/deploy/website", body=b"x"))
    assert server.get("/deploy/website").status in (404, 405)


def test_bad_changes(server):
    refused(server.post("/events/", b"{not json"))
    refused(server.post("/events/", {"tags": "x"}), "what")
    refused(server.post("/events/", {"what": "x", "when": "noon"}), "when")
    refused(server.post("/api/v1/changes", {"kind": "party", "service": "x"}), "kind")
    refused(server.post("/api/v1/changes", b"[1,2]"))
    refused(server.post("/deploy/" + "s" * 3000, b"x"))
    refused(server.post("/deploy/Some%20Thing%0A", b"x"))
    refused(server.post("/deploy/website?at=yesterday", b"x"), "at")
    assert server.changes() == []


# -- too long everything --

def raw(server, data, timeout=10):
    """Sends bytes, reads the answer to its end; status 0 when the server just closed."""
    with socket.create_connection(server.http, timeout=timeout) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = b""
        try:
            while b"\r\n\r\n" not in got:
                part = s.recv(65536)
                if not part:
                    break
                got += part
        except ConnectionResetError:
            pass
    head, _, body = got.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]) if got else 0, {}, body)


def is_refusal(answer):
    return answer.status == 0 or 400 <= answer.status < 500


def test_too_long_things(server):
    query = {"from": T0, "until": T0 + 60, "format": "json"}
    long_name = server.get("/render", dict(query, target="web." + "x" * 20000))
    assert long_name.status == 200 and long_name.json == [] or 400 <= long_name.status < 500
    refused(server.post("/render", "target=" + "scale(" * 5000 + "web.logins" + ",1)" * 5000
                        + "&format=json", headers={"Content-Type": "application/x-www-form-urlencoded"}))
    refused(server.post("/render", "&".join(["target=web.logins"] * 5000) + "&format=json",
                        headers={"Content-Type": "application/x-www-form-urlencoded"}))
    assert is_refusal(raw(server, b"GET /render?target=" + b"x" * 3000000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert is_refusal(raw(server, b"GET /ping HTTP/1.1\r\nHost: a\r\nX-Long: " + b"y" * 3000000 + b"\r\n\r\n"))
    many = b"".join(b"X-%d: y\r\n" % i for i in range(20000))
    assert is_refusal(raw(server, b"GET /ping HTTP/1.1\r\nHost: a\r\n" + many + b"\r\n"))


def test_a_post_that_is_too_large(server):
    answer = raw(server, b"POST /deploy/website HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"
                 + b"t" * 9000000, timeout=20)
    assert is_refusal(answer), answer.status
    assert server.changes() == []


BROKEN = [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
          b"GET /%zz%00%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
          b"POST /render HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
          b"POST /render HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nabcde",
          b"POST /render HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
          b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]


HALVES = [b"POST /render HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n" + b"t" * 1000,
          b"GET /render?target=x HTTP/1.1\r\nHost:", b"P",
          b"POST /render HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\ntarget=web"]


def test_broken_and_half_requests_end_in_time(server):
    """Each gets an answer or is closed; those that only wait are closed at the read deadline (15 s)."""
    sockets = []
    for data in BROKEN + HALVES:
        s = socket.create_connection(server.http, timeout=30)
        s.sendall(data)
        sockets.append((data, s))
    began = time.monotonic()
    for data, s in sockets:
        try:
            got = s.recv(65536)
        except ConnectionResetError:
            got = b""
        s.close()
        assert got == b"" or got.split()[1][:1] == b"4" or got.split()[1] in (b"200", b"505"), (data, got[:200])
    assert time.monotonic() - began < 25


def test_half_requests_do_not_hold_others_up(server):
    halves = []
    for i in range(200):
        s = socket.create_connection(server.http, timeout=10)
        s.sendall([b"GET /rend", b"GET /render?target=x HTTP/1.1\r\nHost:", b"",
                   b"POST /render HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\ntarget="][i % 4])
        halves.append(s)
    try:
        began = time.monotonic()
        assert server.get("/ping").ok()
        server.render("web.logins", T0, T0 + 60)
        assert time.monotonic() - began < 3
    finally:
        for s in halves:
            s.close()
    wait_until(lambda: server.stats()["http.connections"] <= 2, what="the half requests are forgotten")


def test_answers_that_nobody_reads(server):
    with server.connect() as s:
        s.sendall(b"".join(b"wide.s%d 1 %d\n" % (i, T0) for i in range(500)))
    wait_until(lambda: len(server.get("/metrics/find", {"query": "wide.*"}).ok().json) == 500)
    sockets = []
    for _ in range(20):
        s = socket.create_connection(server.http, timeout=10)
        s.sendall(b"GET /render?target=wide.*&from=-1h&format=json HTTP/1.1\r\nHost: a\r\n\r\n")
        sockets.append(s)
    assert server.get("/ping").ok()
    for s in sockets:
        s.close()


def test_lines_that_are_no_lines(server):
    with server.connect() as s:
        s.sendall(bytes(range(256)) * 64 + b"\n")
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        s.sendall(b"x" * 1000000 + b"\n")
        s.sendall(b"after.all 1 %d\n" % T0)
    wait_until(lambda: server.get("/metrics/find", {"query": "after.all"}).ok().json, what="the good line")
    server.send_udp(b"\x00" * 60000)
    server.send_udp(b"")
    server.send_udp(b"after.udp 1 %d" % T0)
    wait_until(lambda: server.get("/metrics/find", {"query": "after.udp"}).ok().json, what="the good datagram")
