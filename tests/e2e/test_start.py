"""Starting and ending: restarts keep everything, and what cannot work says so."""
import os
import signal
import socket
import sqlite3
import struct
import time

import pytest

from kit.server import PLUMB, Server, run, spawn, ended

T0 = int(time.time()) // 3600 * 3600 - 4 * 3600

DAY = 86400


def start_fails(*flags, folder, **options):
    """(exit code, stderr) of a server that must not come up."""
    code, out, err = run([PLUMB, "serve", "--data", folder, "--http", "127.0.0.1:0", "--line", "127.0.0.1:0",
                          "--pickle", "off", "--statsd", "off", *flags], **options)
    assert code not in (0, None) and code > 0, (code, out, err)
    assert "ready" not in out
    assert len(err.split()) >= 3, "no message: %r" % err
    return code, err


def test_sigterm_and_sigint_end_it_cleanly(tmp_path):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Server(tmp_path) as server:
            server.send("a.b 1 %d" % T0)
            server.wait_points(1)
            server.process.send_signal(number)
            assert server.process.wait(10) == 0


def test_it_ends_while_clients_are_connected(tmp_path):
    with Server(tmp_path) as server:
        with server.connect() as line, socket.create_connection(server.http) as web:
            line.sendall(b"a.b 1 %d\na.half" % T0)
            web.sendall(b"GET /ren")
            server.wait_points(1)
            began = time.monotonic()
            server.stop()
            assert time.monotonic() - began < 8


def test_a_restart_keeps_everything(tmp_path):
    conf = tmp_path / "plumb.conf"  # what the judge adds when it comes to it is no loss
    conf.write_text("[impact]\ncpu-share = off\n")
    with Server(tmp_path, "--config", conf) as server:
        server.send(*["keep.s%d %d %d" % (i % 20, i, T0 + i // 20 * 10) for i in range(2000)])
        server.send("events.deploy.website;rev=1 1 %d" % T0, "keep.t;host=a 5 %d" % T0)
        server.wait_points(2001)
        change = server.post("/deploy/search", "a message").ok().json["id"]
        server.post("/deploy/open/start", "still running").ok()
        before = server.render("keep.*", T0 - 10, T0 + 1000)
        events = server.get("/events/get_data", {"from": T0 - 10, "until": T0 + DAY}).ok().json
        changes = server.changes()
        assert sum(1 for r in before for v, _ in r["datapoints"] if v is not None) == 2000
        assert len(changes) == 3
    for _ in range(2):
        with Server(tmp_path, "--config", conf) as server:
            assert server.render("keep.*", T0 - 10, T0 + 1000) == before
            assert server.values("seriesByTag('name=keep.t')", T0 - 10, T0 + 10) == {T0: 5}
            assert server.changes() == changes
            assert server.get("/events/get_data", {"from": T0 - 10, "until": T0 + DAY}).ok().json == events
            assert server.get("/api/v1/changes/" + change).ok().json["msg"] == "a message"
    with Server(tmp_path, "--config", conf) as server:
        server.post("/deploy/open/ok").ok()
        assert [c["status"] for c in server.changes(service="open")] == ["succeeded"]


def test_old_and_new_points_after_a_restart(tmp_path):
    with Server(tmp_path) as server:
        server.send("a.b 1 %d" % T0)
        server.wait_points(1)
    with Server(tmp_path) as server:
        server.send("a.b 2 %d" % (T0 + 10), "a.b 3 %d" % (T0 - 86400))
        server.wait_points(2)
        assert server.values("a.b", T0 - 86410, T0 + 20) == {T0 - 86400: 3, T0: 1, T0 + 10: 2}


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        addr = "127.0.0.1:%d" % s.getsockname()[1]
        for flag in ("--http", "--line", "--pickle", "--statsd"):
            code, err = start_fails(flag, addr, folder=tmp_path / "data")
            assert addr in err and "in use" in err.lower(), err
            if flag != "--http":
                assert flag + " off" in err, err


def test_a_port_of_another_plumb_is_in_use_too(tmp_path):
    """SO_REUSEPORT must not let a second server steal half of the lines."""
    with Server(tmp_path / "one", "--pickle", "127.0.0.1:0", "--statsd", "127.0.0.1:0") as server:
        for flag, addr in (("--line", server.line), ("--http", server.http), ("--pickle", server.pickle),
                           ("--statsd", server.statsd)):
            _, err = start_fails(flag, "%s:%d" % addr, folder=tmp_path / "two")
            assert "in use" in err.lower(), err
        assert server.get("/ping").ok()


def test_a_second_server_on_the_same_folder(tmp_path):
    with Server(tmp_path) as server:
        _, err = start_fails(folder=server.data)
        assert server.data in err, err
        server.send("a.b 1 %d" % T0)
        server.wait_points(1)


def test_a_ledger_of_a_newer_version(tmp_path):
    with Server(tmp_path) as server:
        data = server.data
    with sqlite3.connect(os.path.join(data, "ledger.db")) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    _, err = start_fails(folder=data)
    assert "newer" in err and "999" in err, err


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def test_points_of_a_newer_version(tmp_path):
    with Server(tmp_path) as server:
        server.send("a.b 1 %d" % T0)
        server.wait_points(1)
        data = server.data
    for name in ("MANIFEST", "names.log"):
        path = os.path.join(data, "store", name)
        with open(path, "r+b") as f:
            before = f.read(32)
            newer = before[:8] + struct.pack("<I", 999) + before[12:28]
            f.seek(0)
            f.write(newer + struct.pack("<I", crc32c(newer)))
        _, err = start_fails(folder=data)
        assert "newer" in err and "999" in err, err
        with open(path, "r+b") as f:
            f.write(before)
    with Server(tmp_path) as server:  # nothing was harmed by looking
        assert server.values("a.b", T0 - 10, T0 + 10) == {T0: 1}


FLAGS = [
    (["--nosuch", "x"], "nosuch"),
    (["--htpp", "127.0.0.1:0"], "--http"),
    (["--http", "nonsense:port"], "nonsense"),
    (["--line", "127.0.0.1:99999"], "99999"),
    (["--threads", "many"], "many"),
    (["--time-zone", "No/Where"], "No/Where"),
    (["--config", "/nosuch/plumb.conf"], "/nosuch/plumb.conf"),
    (["--schemas", "/nosuch/schemas.conf"], "/nosuch/schemas.conf"),
    (["--data"], "--data"),
    (["stray"], "stray"),
]


@pytest.mark.parametrize("flags, word", FLAGS, ids=[" ".join(f) for f, _ in FLAGS])
def test_bad_flags(tmp_path, flags, word):
    _, err = start_fails(*flags, folder=tmp_path / "data")
    assert word in err, err


FILES = [
    ("--config", "[serve]\nhtpp = :1\n", ["x.conf:2", "htpp", "http"]),
    ("--config", "[nosuch]\na = 1\n", ["x.conf:1", "nosuch"]),
    ("--config", "[collect]\nhost = maybe\n", ["x.conf:2", "maybe"]),
    ("--config", "[statsd]\nflush-interval = never\n", ["x.conf:2", "never", "10s"]),
    ("--schemas", "[a]\npattern = (\nretentions = 10s:1d\n", ["x.conf"]),
    ("--schemas", "[a]\npattern = .*\nretentions = 10s:1q\n", ["x.conf", "1q"]),
    ("--aggregation", "[a]\npattern = .*\naggregationMethod = most\n", ["x.conf", "most"]),
]


@pytest.mark.parametrize("flag, text, words", FILES, ids=range(len(FILES)))
def test_bad_files(tmp_path, flag, text, words):
    path = tmp_path / "x.conf"
    path.write_text(text)
    _, err = start_fails(flag, path, folder=tmp_path / "data")
    for word in words:
        assert word in err, err


def test_a_data_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    _, err = start_fails(folder=tmp_path / "file" / "data")
    assert str(tmp_path / "file") in err, err


def test_a_flag_beats_the_file(tmp_path):
    conf = tmp_path / "plumb.conf"
    conf.write_text("[serve]\ndata = %s\nhttp = 127.0.0.1:0\nline = 127.0.0.1:0\npickle = off\n"
                    "statsd = off\n[collect]\nhost = off\n"
                    "self = off\n" % (tmp_path / "from-file"))
    process = spawn([PLUMB, "serve", "--config", conf, "--line", "off"], stdout=-1, stderr=-1)
    try:
        ready = process.stdout.readline().decode()
        assert "line off, pickle off, statsd off," in ready and "from-file" in ready
        process.terminate()
        assert process.wait(10) == 0
    finally:
        ended(process)


def test_schemas_are_followed(tmp_path):
    path = tmp_path / "schemas.conf"
    path.write_text("[second]\npattern = ^fine\\.\nretentions = 1s:1d\n[all]\npattern = .*\nretentions = 60s:7d\n")
    with Server(tmp_path, "--schemas", path) as server:
        server.send("fine.a 1 %d" % (T0 + 1), "fine.a 2 %d" % (T0 + 2), "rough.a 1 %d" % (T0 + 1),
                    "rough.a 2 %d" % (T0 + 2))
        server.wait_points(4)
        assert server.values("fine.a", T0 - 60, T0 + 60) == {T0 + 1: 1, T0 + 2: 2}
        assert server.values("rough.a", T0 - 60, T0 + 60) == {T0: 2}
