"""plumb delete and plumb rename against the real server: what goes, what stays, who is told, what a crash undoes."""
import json
import os
import pty
import time

import pytest

from kit.server import PLUMB, Server, ended, plumb, spawn, wait_until

T0 = 10 * (int(time.time()) // 10) - 600


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "PLUMB_BY": "nora", "USER": "nora"}


def find(server, query, **more):
    rows = server.get("/metrics/find", dict({"query": query, "format": "json"}, **more)).ok().json
    return ["%s%s" % (r["path"], "" if r["is_leaf"] else ".") for r in rows]


def names(server):
    """All but the series that show what was done here."""
    return [n for n in server.get("/metrics/index.json").ok().json if n != "events.data.plumb"]


def fill(server, *series, n=3, connection=None):
    """n points a series, slot by slot."""
    text = "".join("%s %d %d\n" % (name, 10 * i + 1, T0 + 10 * i) for i in range(n) for name in series)
    if connection:
        connection.sendall(text.encode())
    else:
        server.send(*text.splitlines())


def values(server, name):
    rows = server.render(name, T0 - 20, T0 + 600)
    return [v for v, _ in rows[0]["datapoints"] if v is not None] if rows else None


def asked(argv, env, reply):
    """The command on a terminal, where somebody types reply: (exit code, what was shown)."""
    try:
        leader, follower = pty.openpty()
    except OSError as e:
        pytest.skip("this machine gives no pseudo-terminals (is /dev/pts mounted?): %s" % e)
    process = spawn([PLUMB, *argv], stdin=follower, stdout=follower, stderr=follower, env=env)
    os.close(follower)
    said = b""
    try:
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break
            if not part:
                break
            said += part
            if said.endswith(b"[y/N] "):
                os.write(leader, reply.encode())
        return process.wait(10), said.decode()
    finally:
        os.close(leader)
        ended(process)


# -- delete --

def test_deleted_series_are_gone_at_once_and_told(server, home):
    fill(server, "web.a.hits", "web.b.hits", "db.a.hits", "cpu;dc=eu;host=a", "cpu;dc=us;host=b")
    server.wait_points(15)
    code, out, err = plumb("delete", "web.*.hits", "--yes", server=server, env=home)
    assert (code, err) == (0, "")
    change, = server.changes()
    assert out == "deleted 2 series, recorded as %s\n" % change["id"]
    assert (change["kind"], change["service"], change["action"]) == ("data", "plumb", "delete")
    assert (change["by"], change["status"]) == ("nora", "succeeded")
    assert change["msg"] == "delete 2 series, web.*.hits: web.a.hits, web.b.hits"
    assert names(server) == ["db.a.hits"]
    assert find(server, "*") == ["db.", "events."] and find(server, "web.**") == []
    assert server.render("web.*.hits", T0 - 20, T0 + 600) == []
    code, _, _ = plumb("delete", "--tag", "dc=eu", "--yes", server=server, env=home)
    assert code == 0
    assert server.get("/tags/findSeries", {"expr": "name=cpu"}).json == ["cpu;dc=us;host=b"]
    assert server.get("/tags/dc").json["values"] == [{"value": "us", "count": 1}]
    row, = server.render("events.data.plumb", int(change["start"]) - 60, int(change["start"]) + 60)
    assert sum(1 for v, _ in row["datapoints"] if v is not None) >= 1


def test_a_sender_that_goes_on_makes_a_new_series(server, home):
    series = ["lap.s%02d.hits" % i for i in range(40)]
    with server.connect() as c:
        fill(server, *series, n=5, connection=c)  # by now the connection's order is foreseen
        server.wait_points(200)
        assert plumb("delete", "lap.s1*.hits", "--yes", server=server, env=home)[0] == 0
        assert len(names(server)) == 30
        for name in series:
            c.sendall(b"%s 7 %d\n" % (name.encode(), T0 + 100))
        server.wait_points(240)
    assert names(server) == series
    assert values(server, "lap.s12.hits") == [7]
    assert values(server, "lap.s22.hits") == [1, 11, 21, 31, 41, 7]
    assert server.stats()["ingest.refused"] == 0


def test_a_deletion_outlives_kill_and_the_points_do_not_come_back(tmp_path, home):
    server = Server(tmp_path)
    with server:
        fill(server, "old.a", "old.b", "new.a")
        server.wait_points(9)
        assert plumb("delete", "old.*", "--yes", server=server, env=home)[0] == 0
        fill(server, "old.b", n=1)
        server.wait_points(10)
        server.flush()
        server.kill()
    with server:
        assert names(server) == ["new.a", "old.b"]
        assert values(server, "old.b") == [1] and values(server, "new.a") == [1, 11, 21]
        assert server.stats()["store.files_corrupt"] == 0


def test_a_dry_run_and_a_no_change_nothing(server, home):
    fill(server, *["web.s%02d" % i for i in range(25)], n=1)
    server.wait_points(25)
    code, out, _ = plumb("delete", "web.*", "--dry-run", server=server, env=home)
    lines = out.splitlines()
    assert code == 0 and lines[0] == "25 series match:" and lines[1] == "  web.s00"
    assert lines[-1] == "  ... and 5 more" and len(lines) == 22
    code, said = asked(["delete", "web.*"], dict(home, PLUMB_URL=server.url), "n\n")
    assert code == 1 and "delete 25 series? [y/N]" in said and "nothing was deleted" in said
    code, out, err = plumb("delete", "web.*", server=server, env=home)  # no terminal
    assert code == 2 and out == "" and "--yes" in err
    assert len(names(server)) == 25 and server.changes() == []
    code, said = asked(["delete", "web.*"], dict(home, PLUMB_URL=server.url), "y\n")
    assert code == 0 and "deleted 25 series" in said
    assert names(server) == [] and len(server.changes()) == 1


@pytest.mark.parametrize("argv, code, part", [
    (["delete"], 2, "one GLOB"), (["delete", "a", "b"], 2, "one GLOB"), (["delete", "a", "--tag", "b=c"], 2, "one GLOB"),
    (["delete", "nosuch.*", "--yes"], 5, "no series match nosuch.*"), (["delete", "web", "--yes"], 5, "web.**"),
    (["delete", "web.{a", "--yes"], 2, ""), (["delete", "--tag", "garbage", "--yes"], 2, "garbage"),
    (["delete", "events.deploy.*", "--yes"], 1, "never deleted"),
    (["rename", "web.a"], 2, "old name"), (["rename", "web.a", "web.b", "--yes"], 2, "'web.b' already"),
    (["rename", "web.a", "web.a", "--yes"], 2, "already"), (["rename", "nosuch", "x", "--yes"], 5, "nosuch"),
    (["rename", "web.a", "a b", "--yes"], 2, "'a b'"), (["rename", "--prefix", "web", "x.", "--yes"], 2, "dot"),
    (["rename", "--prefix", "nosuch.", "x.", "--yes"], 5, "nosuch."), (["rename", "--prefix", "web.", "db.", "--yes"], 2, "'db.a'"),
    (["rename", "web.a", "events.deploy.x", "--yes"], 1, "changes"), (["rename", "web.a", "web.c"], 2, "--yes")])
def test_what_cannot_be_is_refused_and_changes_nothing(server, home, argv, code, part):
    fill(server, "web.a", "web.b", "db.a", n=1)
    server.wait_points(3)
    server.post("/deploy/site", "x").ok()
    got, out, err = plumb(*argv, server=server, env=home)
    assert (got, out) == (code, "") and part in err
    assert names(server) == ["db.a", "events.deploy.site", "web.a", "web.b"]
    assert [c["kind"] for c in server.changes()] == ["deploy"]


def test_only_what_was_shown_is_deleted(server):
    fill(server, "web.a", "web.b", n=1)
    server.wait_points(2)
    form = {"headers": {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}}
    answer = server.post("/api/v1/series/delete", "query=web.*&expect=1", **form)
    assert answer.status == 400 and "2 series match now" in answer.json["error"]
    assert names(server) == ["web.a", "web.b"] and server.changes() == []
    answer = server.post("/api/v1/series/delete", "query=web.*&expect=2", **form).ok()
    assert (answer.json["series"], answer.json["names"], answer.json["dryRun"]) == (2, ["web.a", "web.b"], False)
    assert server.changes()[0]["id"] == answer.json["id"]
    assert server.get("/api/v1/series/delete", {"query": "web.*"}).status == 405


def test_no_server(home):
    assert plumb("delete", "a", "--yes", server="http://127.0.0.1:1", env=home)[0] == 7


# -- rename --

def test_a_renamed_series_keeps_its_points_and_frees_its_name(server, home):
    with server.connect() as c:
        fill(server, "web.a", "web.b", "cpu;dc=eu;host=a", n=5, connection=c)
        server.wait_points(15)
        code, out, err = plumb("rename", "web.a", "site.front.a", "--yes", server=server, env=home)
        assert (code, err) == (0, "")
        assert out.startswith("renamed 1 series, recorded as ")
        assert plumb("rename", "cpu;host=a;dc=eu", "cpu;dc=us;host=a", "--yes", server=server, env=home)[0] == 0
        assert names(server) == ["site.front.a", "web.b"]
        assert values(server, "site.front.a") == [1, 11, 21, 31, 41]
        assert server.get("/tags/findSeries", {"expr": "dc=eu"}).json == []
        assert values(server, "seriesByTag('dc=us')") == [1, 11, 21, 31, 41]
        c.sendall(b"".join(b"%s 9 %d\n" % (name, T0 + 200) for name in (b"web.a", b"web.b", b"site.front.a")))
        server.wait_points(18)
    assert values(server, "web.a") == [9]  # the old name is nobody's
    assert values(server, "site.front.a") == [1, 11, 21, 31, 41, 9]
    change = [c for c in server.changes() if "web.a" in c["msg"]][0]
    assert (change["kind"], change["action"], change["by"]) == ("data", "rename", "nora")
    assert change["msg"] == "rename 1 series, web.a to site.front.a: web.a to site.front.a"


def test_a_prefix_moves_a_tree_and_that_outlives_kill(tmp_path, home):
    server = Server(tmp_path)
    with server:
        fill(server, "servers.web7.cpu", "servers.web7.net.in", "servers.web70.cpu")
        server.wait_points(9)
        code, out, _ = plumb("rename", "--prefix", "servers.web7.", "servers.web9.", "--dry-run", server=server, env=home)
        assert code == 0 and "  servers.web7.cpu  ->  servers.web9.cpu\n" in out and out.startswith("2 series match:\n")
        code, out, _ = plumb("rename", "--prefix", "servers.web7.", "servers.web9.", "--yes", "--json", server=server,
                             env=home)
        assert code == 0 and json.loads(out)["names"][1] == {"from": "servers.web7.net.in", "to": "servers.web9.net.in"}
        assert find(server, "servers.*") == ["servers.web70.", "servers.web9."]
        server.kill()
    with server:
        assert names(server) == ["servers.web70.cpu", "servers.web9.cpu", "servers.web9.net.in"]
        assert values(server, "servers.web9.net.in") == [1, 11, 21]
        assert server.stats()["store.files_corrupt"] == 0


# -- find in a range --

def test_find_takes_a_range(server):
    fill(server, "web.a", n=1)
    server.wait_points(1)
    for more in ({}, {"from": "-1h"}, {"from": str(T0 - 100), "until": str(T0)}, {"from": "-1"}, {"until": "-1h"}):
        assert find(server, "web.*", **more) == ["web.a"], more
    assert server.get("/metrics/find", {"query": "web.*", "from": "garbage"}).status == 400


@pytest.mark.parametrize("value, is_good", [("2d", True), ("off", True), ("90", True), ("soon", False), ("1d2", False)])
def test_hide_idle_after_is_a_time_or_off(tmp_path, value, is_good):
    path = tmp_path / "plumb.conf"
    path.write_text("[storage]\nhide-idle-after = %s\n" % value)
    if is_good:
        with Server(tmp_path, "--config", path):
            return
    code, _, err = plumb("serve", "--config", path, "--data", tmp_path / "data")
    assert code == 2 and "hide-idle-after = '%s'" % value in err
