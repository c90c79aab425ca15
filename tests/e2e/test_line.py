"""Port 2003 to /render and back: what is sent is what is answered."""
import socket
import time

import pytest

from kit.png import Picture
from kit.server import wait_until

# A round minute some hours ago: inside the finest default archive (10 s for 2 days).
T0 = int(time.time()) // 3600 * 3600 - 4 * 3600


def stamp(at):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


@pytest.fixture
def five(server):
    """web.logins: 1, 2.5, a gap, -4, 1e3 at T0+10 .. T0+50."""
    server.send("web.logins 1 %d" % (T0 + 10), "web.logins 2.5 %d" % (T0 + 20),
                "web.logins -4 %d" % (T0 + 40), "web.logins 1e3 %d" % (T0 + 50))
    server.wait_points(4)
    return server


def test_json_gives_back_every_point(five):
    answer = five.get("/render", {"target": "web.logins", "from": T0, "until": T0 + 60, "format": "json"})
    assert answer.ok().type == "application/json"
    row, = answer.json
    assert row["target"] == "web.logins"
    assert row["tags"] == {"name": "web.logins"}
    assert row["datapoints"] == [[1, T0 + 10], [2.5, T0 + 20], [None, T0 + 30], [-4, T0 + 40],
                                 [1000, T0 + 50], [None, T0 + 60]]


def test_csv_gives_back_every_point(five):
    answer = five.get("/render", {"target": "web.logins", "from": T0, "until": T0 + 50, "format": "csv"})
    assert answer.ok().type == "text/csv"
    rows = [line.split(",") for line in answer.text.split("\r\n") if line]
    assert [(r[0], r[1]) for r in rows] == [("web.logins", stamp(T0 + 10 * i)) for i in (1, 2, 3, 4, 5)]
    assert [r[2] and float(r[2]) for r in rows] == [1.0, 2.5, "", -4.0, 1000.0]


def test_raw_gives_back_every_point(five):
    answer = five.get("/render", {"target": "web.logins", "from": T0, "until": T0 + 50, "format": "raw"})
    assert answer.ok().type == "text/plain"
    head, values = answer.text.strip().split("|")
    assert head == "web.logins,%d,%d,10" % (T0 + 10, T0 + 60)
    assert values.split(",") == ["1.0", "2.5", "None", "-4.0", "1000.0"]


def test_png_and_svg_are_pictures_of_the_asked_size(five):
    query = {"target": "web.logins", "from": T0, "until": T0 + 60, "width": 600, "height": 300}
    png = five.get("/render", query)
    assert png.ok().type == "image/png"
    picture = Picture(png.body)
    assert (picture.width, picture.height) == (600, 300)
    assert len(picture.colours()) > 3
    svg = five.get("/render", dict(query, format="svg"))
    assert svg.ok().type == "image/svg+xml"
    assert b"<svg" in svg.body[:600] and b'width="600' in svg.body[:800]
    small = Picture(five.get("/render", {"target": "web.logins", "from": T0, "until": T0 + 60}).ok().body)
    assert (small.width, small.height) == (330, 250)


def test_post_asks_the_same_as_get(five):
    form = "target=web.logins&from=%d&until=%d&format=json" % (T0, T0 + 60)
    posted = five.post("/render", form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert posted.ok().json == five.render("web.logins", T0, T0 + 60)


def test_a_function_of_the_fed_series(five):
    assert five.values("scale(web.logins,10)", T0, T0 + 60) == {
        T0 + 10: 10, T0 + 20: 25, T0 + 40: -40, T0 + 50: 10000}


def test_the_last_value_of_a_slot_wins(server):
    server.send("a.b 1 %d" % T0, "a.b 2 %d" % (T0 + 3), "a.b 3 %d" % T0)
    server.wait_points(3)
    assert server.values("a.b", T0 - 10, T0 + 10) == {T0: 3}


def test_tags_in_any_order_are_one_series(server):
    server.send("disk.used;host=db1;dc=east 5 %d" % T0, "disk.used;dc=east;host=db1 6 %d" % (T0 + 10),
                "disk.used;dc=west;host=db2 9 %d" % T0)
    server.wait_points(3)
    rows = server.render("seriesByTag('name=disk.used','dc=east')", T0 - 10, T0 + 20)
    row, = rows
    assert row["target"] == "disk.used;dc=east;host=db1"
    assert row["tags"] == {"name": "disk.used", "dc": "east", "host": "db1"}
    assert [v for v, _ in row["datapoints"] if v is not None] == [5, 6]
    assert len(server.render("seriesByTag('name=disk.used')", T0 - 10, T0 + 20)) == 2


def test_line_ends_blanks_and_now(server):
    before = int(time.time())
    with server.connect() as s:
        s.sendall(b"crlf.a 1 %d\r\n  crlf.b \t 2\t%d  \r\n\r\ncrlf.now 3 -1\ncrlf.n 4 N\n" % (T0, T0))
    server.wait_points(4)
    for name, value in (("crlf.a", 1), ("crlf.b", 2)):
        assert server.values(name, T0 - 10, T0 + 10) == {T0: value}
    for name, value in (("crlf.now", 3), ("crlf.n", 4)):
        at, got = server.values(name, before - 20, before + 20).popitem()
        assert got == value and before - 10 <= at <= time.time()


def test_udp_datagrams_carry_many_lines(server):
    server.send_udp(b"udp.a 1 %d\nudp.b 2 %d\r\nudp.c 3 %d" % (T0, T0, T0))
    server.wait_points(3)
    assert server.values("sumSeries(udp.*)", T0 - 10, T0 + 10) == {T0: 6}


def test_a_line_cut_in_packets_is_one_line(server):
    text = b"cut.a.b 12.5 %d\ncut.a.c 7 %d\n" % (T0, T0)
    with server.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(text)):
            before = server.stats()["ingest.bytes"] if i in (5, 12, 20) else None
            s.sendall(text[i:i + 1])
            if before is not None:  # make sure that the server really read up to here
                wait_until(lambda: server.stats()["ingest.bytes"] > before, what="a byte was read")
    server.wait_points(2)
    assert server.values("cut.a.b", T0 - 10, T0 + 10) == {T0: 12.5}
    assert server.values("cut.a.c", T0 - 10, T0 + 10) == {T0: 7}
    assert server.stats()["ingest.refused"] == 0


def test_a_last_line_without_its_end_counts_when_the_peer_closes_properly(server):
    with server.connect() as s:
        s.sendall(b"last.line 8 %d" % T0)
    server.wait_points(1)
    assert server.values("last.line", T0 - 10, T0 + 10) == {T0: 8}


BAD = [
    ("fields", "only.two 5"),
    ("fields", "four.fields 5 %d extra" % T0),
    ("value", "a.value five %d" % T0),
    ("infinite", "a.value inf %d" % T0),
    ("time", "a.time 5 yesterday"),
    ("time", "a.time 5 %d000" % T0),
    ("too-old", "a.time 5 1000000"),
    ("too-new", "a.time 5 4102444800"),
    ("name", "tag.without;equals 5 %d" % T0),
]


def test_refused_lines_are_counted_and_can_be_read(server):
    too_long = "x" * 5000 + " 1 %d" % T0
    server.send(*[line for _, line in BAD], too_long, "good.one 1 %d" % T0)
    server.wait_points(1)
    server.wait_refused(len(BAD) + 1)
    got = server.rejects()
    wanted = {"too-long": 1}
    for reason, _ in BAD:
        wanted[reason] = wanted.get(reason, 0) + 1
    assert {k: v for k, v in got["counts"].items() if v} == wanted
    kept = {(r["reason"], r["line"]) for r in got["rejects"]}
    for reason, line in BAD:
        assert (reason, line) in kept
    assert all(r["from"].startswith("127.0.0.1:") and abs(r["at"] - time.time()) < 60
               for r in got["rejects"])
    assert server.values("good.one", T0 - 10, T0 + 10) == {T0: 1}


def test_find_walks_the_tree(server):
    server.send("web.logins.ok 1 %d" % T0, "web.logins.bad 1 %d" % T0, "web.load 1 %d" % T0)
    server.wait_points(3)
    rows = server.get("/metrics/find", {"query": "web.*"}).ok().json
    assert [(r["text"], r["id"], r["leaf"], r["expandable"]) for r in rows] == [
        ("logins", "web.logins", 0, 1), ("load", "web.load", 1, 0)] or \
        sorted((r["text"], r["leaf"]) for r in rows) == [("load", 1), ("logins", 0)]
    names = server.get("/metrics/find", {"query": "web.logins.{ok,bad}"}).ok().json
    assert sorted(r["id"] for r in names) == ["web.logins.bad", "web.logins.ok"]
    assert server.get("/metrics/find", {"query": "nothing.*"}).ok().json == []
    everything = server.get("/metrics/index.json").ok().json
    assert sorted(everything) == ["web.load", "web.logins.bad", "web.logins.ok"]


def test_many_connections_at_once(server):
    sockets = [server.connect() for _ in range(50)]
    for i, s in enumerate(sockets):
        s.sendall(b"".join(b"many.c%d.p%d %d %d\n" % (i, k, i, T0) for k in range(20)))
    for s in sockets:
        s.close()
    server.wait_points(1000)
    assert server.values("sumSeries(many.*.*)", T0 - 10, T0 + 10) == {T0: 20 * sum(range(50))}
