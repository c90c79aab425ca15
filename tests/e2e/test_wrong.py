"""Wrong input: each a 4xx with a sentence that helps, never a 5xx, and the server goes on."""
import socket
import time

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
