"""verify, dump and snapshot with the real program."""
import glob
import json
import os
import shutil
import sqlite3
import threading
import time

import pytest

from kit.server import PLUMB, Server, run, wait_until

NOW = int(time.time()) // 60 * 60 - 60  # so that what is asked for some seconds after it is past
T0 = NOW - 4 * 86400
RULES = "[all]\npattern = .*\nretentions = 10s:1d,60s:30d\n"


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rules.conf"
    path.write_text(RULES)
    return path


def fill(server):
    """Values of both archives, late and recent, some of them hard to print; enough to be in files."""
    lines = []
    for t in range(T0, NOW, 60):
        lines += ["web.h%d.load %r %d" % (h, (t // 60 * 7 + h) % 1000 / 100, t) for h in range(3)]
    for t in range(NOW - 6000, NOW, 10):
        lines += ["web.h%d.rate %d %d" % (h, t % 977 * (h + 1), t) for h in range(3)]
    lines += ["odd.zero -0.0 %d" % NOW, "odd.tiny 5e-324 %d" % NOW, "odd.third %r %d" % (1 / 3, NOW),
              "odd.big 1.7976931348623157e308 %d" % NOW, "cpu;host=a;dc=b 12 %d" % NOW]
    server.send(*lines)
    server.wait_points(len(lines))
    server.flush()
    return len(lines)


def plumb(*args, **options):
    code, out, err = run([PLUMB, *args], timeout=60, **options)
    return code, out, err


def verify(data, *args):
    code, out, err = plumb("verify", "--data", data, "--json", *args)
    assert out, (code, err)
    return code, json.loads(out)


def answers(server):
    rows = {}
    for target in ("web.*.*", "odd.*"):
        for since in (T0 - 60, NOW - 6000):
            for row in server.render(target, since, NOW + 10):
                rows[row["target"], since] = row["datapoints"]
    rows["cpu"] = server.render("seriesByTag('host=a')", NOW - 60, NOW + 10)
    return rows


def test_verify_beside_a_server_and_after_it(tmp_path, rules):
    with Server(tmp_path, "--schemas", rules) as server:
        fill(server)
        code, seen = verify(server.data)
        assert (code, seen["is_sound"], seen["is_served"]) == (0, True, True), seen
        assert seen["series"] == 11 and seen["log_points"] > 0
    code, seen = verify(server.data)
    assert (code, seen["is_sound"], seen["is_served"], seen["findings"]) == (0, True, False, [])
    code, out, err = plumb("verify", "--data", server.data)
    assert code == 0 and "sound" in out and len(out.splitlines()) < 10 and err == "", (out, err)
    assert all(len(line) <= 80 for line in out.splitlines() if "/" not in line.split()[0])


def test_verify_names_the_damage(tmp_path, rules):
    with Server(tmp_path, "--schemas", rules) as server:
        fill(server)
    [path] = glob.glob(server.data + "/store/wal/*.wal")
    with open(path, "r+b") as f:
        f.seek(2000)
        byte = f.read(1)
        f.seek(2000)
        f.write(bytes([byte[0] ^ 1]))
    code, out, err = plumb("verify", "--data", server.data)
    assert code == 1 and err == "", (code, out, err)
    damages = [line for line in out.splitlines() if line.startswith("DAMAGED")]
    assert len(damages) == 1 and "wal/" + os.path.basename(path) in damages[0], out
    assert "1 DAMAGE" in out.splitlines()[-1]
    code, out, err = plumb("verify", "--data", tmp_path / "nowhere")
    assert code == 2 and "nowhere" in err and out == "", (code, out, err)


def test_verify_under_load_gives_no_false_alarm(tmp_path, rules):
    stop = threading.Event()

    def send(server):
        i = 0
        while not stop.is_set():
            server.send(*["load.s%d.n%d %d %d" % (i % 40, k, i, NOW - 3600 + k * 10) for k in range(300)])
            i += 1

    with Server(tmp_path, "--schemas", rules) as server:
        sender = threading.Thread(daemon=True, target=send, args=[server])
        sender.start()
        try:
            for _ in range(8):
                code, seen = verify(server.data)
                assert code == 0 and seen["is_served"], seen
        finally:
            stop.set()
            sender.join(30)
    assert verify(server.data)[0] == 0


@pytest.mark.parametrize("is_served", [True, False])
def test_a_dump_fed_back_gives_the_same_answers(tmp_path, rules, is_served):
    with Server(tmp_path / "one", "--schemas", rules) as server:
        n = fill(server)
        wanted = answers(server)
        if is_served:
            code, out, err = plumb("dump", "**", "--data", server.data)
            tagged = plumb("dump", "cpu;dc=b;host=a", "--data", server.data)
    if not is_served:
        code, out, err = plumb("dump", "**", "--data", server.data)
        tagged = plumb("dump", "cpu;dc=b;host=a", "--data", server.data)
    assert code == 0 and ("a server runs" in err) == is_served, err
    assert tagged[:2] == (0, "cpu;dc=b;host=a 12 %d\n" % NOW)
    lines = out.splitlines() + tagged[1].splitlines()
    assert len(lines) == n and "odd.tiny 5e-324 %d" % NOW in lines
    with Server(tmp_path / "two", "--schemas", rules) as other:
        other.send(*lines)
        other.wait_points(n)
        assert answers(other) == wanted


def test_dump_takes_a_span_an_archive_and_json(tmp_path, rules):
    with Server(tmp_path, "--schemas", rules) as server:
        fill(server)
    code, out, err = plumb("dump", "web.h1.rate", "--data", server.data, "--from", NOW - 60, "--until", NOW - 30)
    assert code == 0 and out == "".join("web.h1.rate %d %d\n" % (t % 977 * 2, t) for t in range(NOW - 60, NOW - 30, 10))
    assert "# web.h1.rate" in err and "10s:1d,1m:30d" in err, err
    code, out, err = plumb("dump", "web.h1.rate", "--data", server.data, "--step", "60", "--json")
    [seen] = json.loads(out)
    assert code == 0 and err == "" and seen["name"] == "web.h1.rate" and seen["places"][0]["archive"] == 0
    t = NOW - 600
    assert [sum((t + k * 10) % 977 * 2 for k in range(6)) / 6, t] in seen["datapoints"]
    assert plumb("dump", "web.h1.rate", "--data", server.data, "--archive", "2")[0] == 2
    assert plumb("dump", "web.nothing", "--data", server.data)[0] == 5


def test_a_snapshot_under_load_starts_with_all_from_before(tmp_path, rules):
    stop = threading.Event()
    n_sent = 0

    def send(server):
        nonlocal n_sent
        while not stop.is_set():
            server.send(*["load.n%d %d %d" % (n_sent % 50, n_sent, NOW - 3000 + n_sent // 50 % 250 * 10)
                          for n_sent in range(n_sent, n_sent + 500)])
            n_sent += 500

    with Server(tmp_path, "--schemas", rules) as server:
        url = {"PLUMB_URL": "http://%s:%d" % server.http}
        fill(server)
        change = server.post("/deploy/web", "before").ok().json["id"]
        wanted = answers(server)
        sender = threading.Thread(daemon=True, target=send, args=[server])
        sender.start()
        copies = []
        try:
            for i in range(4):
                server.send("mark.before%d %d %d" % (i, i, NOW))
                wait_until(lambda i=i: server.render("mark.before%d" % i, NOW - 10, NOW + 1), what="the mark is there")
                code, out, err = plumb("snapshot", "copy%d" % i, env=url, cwd=tmp_path)
                assert code == 0 and str(tmp_path / ("copy%d" % i)) in out, (code, out, err)
                copies.append(tmp_path / ("copy%d" % i))
                found = verify(copies[-1])[1]["findings"]
                assert found == [], found
        finally:
            stop.set()
            sender.join(30)
        server.post("/deploy/web", "after").ok()
        assert verify(server.data)[0] == 0
    for i, copy in enumerate(copies):
        home = tmp_path / ("restored%d" % i)
        home.mkdir()
        shutil.copytree(copy, home / "data")
        with Server(home, "--schemas", rules) as restored:
            assert answers(restored) == wanted
            for k in range(i + 1):
                assert restored.values("mark.before%d" % k, NOW - 10, NOW + 1) == {NOW: k}
            assert [c["id"] for c in restored.changes()] == [change]
            assert "damaged" not in restored.said()


def test_what_a_snapshot_refuses(tmp_path, rules):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    with Server(tmp_path, "--schemas", rules) as server:
        url = {"PLUMB_URL": "http://%s:%d" % server.http}
        for where, why in (("full", "not empty"), ("data/inside", "data folder"), ("link/inside", "data folder"),
                           ("no/where", "no folder"), ("full/x", "no folder"), ("data", "data folder")):
            code, out, err = plumb("snapshot", where, env=url, cwd=tmp_path)
            assert code == 2 and why in err and out == "", (where, code, err)
        assert plumb("snapshot", "empty", env=url, cwd=tmp_path)[0] == 0
        assert sorted(os.listdir(tmp_path / "empty")) == ["ledger.db", "store"]
        assert (tmp_path / "full" / "x").read_text() == "mine"
        assert not glob.glob(str(tmp_path / "*.part"))
        body = json.dumps({"dir": str(tmp_path / "page")})
        page = server.post("/api/v1/snapshot", body, headers={"Content-Type": "application/json", "Origin": "http://x"})
        form = server.post("/api/v1/snapshot", "dir=" + str(tmp_path / "page"))
        assert page.status == 403 and form.status == 403 and not (tmp_path / "page").exists()


def test_verify_finds_an_edited_ledger(tmp_path, rules):
    with Server(tmp_path, "--schemas", rules) as server:
        server.post("/deploy/website", "fix login")
        server.post("/deploy/website", "and again")
        code, seen = verify(server.data)  # beside the server
        assert (code, seen["ledger_rows"], seen["ledger_changes"]) == (0, 2, 2)
    handle = sqlite3.connect(os.path.join(server.data, "ledger.db"))
    handle.execute("DROP TRIGGER rows_stay")
    handle.execute("UPDATE rows SET body = replace(body, 'again', 'never') WHERE seq = 2")
    handle.commit()
    handle.close()
    code, out, err = plumb("verify", "--ledger", "--data", server.data)
    assert code == 1
    assert "ledger row 2 was changed after it was written" in out
