"""plumb doctor: what is well, what is not, and what to do about it."""
import json
import socket

import pytest

from kit.server import plumb


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}


def doctor(server, home, *args):
    return plumb("doctor", *args, server=server, env=home)


def checks(server, home):
    code, out, err = doctor(server, home, "--json")
    assert err == ""
    return code, {c["check"]: c for c in json.loads(out)["checks"]}


def test_all_is_well(server, home):
    code, out, err = doctor(server, home)
    lines = out.splitlines()
    is_full = any(line.startswith("✗ disk") for line in lines)  # of the machine that tests
    assert (code, err) == (1 if is_full else 0, ""), out
    for name in ("server", "version", "clock", "store", "ledger", "lines", "hooks", "spool", "git"):
        assert any(line.startswith("✓ %s " % name) for line in lines), (name, out)
    assert any(" disk " in line and "% of" in line for line in lines)


def test_what_is_wrong_is_told(server, home):
    server.send("no.number here 1")
    server.wait_refused(1)
    server.post("/hook/github/main", "{}", headers={"X-GitHub-Event": "push", "X-Forwarded-For": "9.9.9.9"})
    plumb("mark", "website", "-m", "x", server="http://127.0.0.1:1", env=home)
    code, got = checks(server, home)
    assert code == 1
    assert got["lines"]["state"] == "look" and "no.number" in got["lines"]["text"]
    assert got["hooks"]["state"] == "mend" and "github/main: 1 refused or failed" in got["hooks"]["text"]
    assert got["spool"] == {"check": "spool", "state": "mend", "text": "1 records wait on this machine",
                            "todo": "plumb flush sends them"}
    assert plumb("flush", server=server, env=home)[0] == 0
    assert checks(server, home)[1]["spool"]["state"] == "fine"


def test_without_git(server, home, tmp_path):
    (tmp_path / "empty").mkdir()
    got = checks(server, dict(home, PATH=str(tmp_path / "empty")))[1]
    assert got["git"]["state"] == "look" and "PLUMB_BY" in got["git"]["todo"]


def test_nobody_there(home):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        code, out, _ = doctor("http://127.0.0.1:%d" % s.getsockname()[1], home)
    assert code == 7 and out.startswith("✗ server ") and "\n✓ spool " in out
    assert plumb("doctor", "now", env=home)[0] == 2


def test_what_it_compares_with_is_in_the_statistics(server):
    stats = server.stats()
    assert stats["disk.total_bytes"] >= stats["disk.free_bytes"] > 0
    assert stats["clock.ms"] > 1500000000000 and stats["ledger.rows"] == 0
    text = server.get("/metrics", headers={"Accept": "text/plain"}).text
    assert "version" not in text
