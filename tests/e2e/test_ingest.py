"""plumb ingest: what kubectl, git and calendars print becomes changes and commits."""
import json
import os
import socket
import sqlite3
import subprocess
import time

import pytest

from kit.server import PLUMB, ended, plumb, run, spawn, wait_until

FORMAT = "%H%x1f%ct%x1f%P%x1f%s"


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "PLUMB_BY": "nora", "TZ": "UTC"}


@pytest.fixture
def away():
    """An address where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield "http://127.0.0.1:%d" % s.getsockname()[1]


# -- kube --

def deployment(generation, observed, updated, available, image, replicas=3):
    """As kubectl get -o json writes it: indented, over many lines."""
    return json.dumps({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"uid": "0a1b", "name": "website", "namespace": "shop", "generation": generation,
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
        "status": {"observedGeneration": observed, "replicas": 3, "updatedReplicas": updated,
                   "availableReplicas": available}}, indent=4) + "\n"


def test_a_rollout_is_told_while_it_is_watched(server, home):
    child = spawn([PLUMB, "ingest", "kube", "--env", "staging"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE, text=True, env=dict(home, PLUMB_URL=server.url))
    try:
        def say(text):
            child.stdin.write(text)
            child.stdin.flush()
        say(deployment(1, 1, 3, 3, "reg:5000/website:1.4"))
        say(deployment(2, 1, 3, 3, "reg:5000/website:1.5"))
        change = wait_until(server.changes)[0]  # before anything more comes
        assert (change["kind"], change["service"], change["env"]) == ("deploy", "website", "staging")
        assert (change["status"], change["rev"], change["key"]) == ("running", "1.5", "k8s:0a1b:2")
        assert change["tags"]["namespace"] == "shop" and change["end"] is None
        say(deployment(2, 2, 3, 3, "reg:5000/website:1.5"))
        wait_until(lambda: server.changes()[0]["status"] == "succeeded")
        out, err = child.communicate(timeout=15)
        assert child.returncode == 0 and err == ""
        assert [line.split()[1:] for line in out.splitlines()] == [
            ["deploy", "website", "running", "1.5"], ["deploy", "website", "succeeded", "1.5"]]
        assert len(server.changes()) == 1
    finally:
        ended(child)


def test_watching_again_tells_nothing_twice(server, home):
    first = deployment(1, 1, 3, 3, "website:1.4") + deployment(2, 1, 3, 3, "website:1.5")
    again = deployment(2, 2, 1, 3, "website:1.5") + deployment(2, 2, 3, 3, "website:1.5")
    for text in (first, again, again):
        code, _, err = plumb("ingest", "kube", server=server, env=home, input=text)
        assert (code, err) == (0, "")
    change, = server.changes()
    assert change["status"] == "succeeded"


def test_scaling_is_no_deploy(server, home):
    text = deployment(1, 1, 3, 3, "website:1.4") + deployment(2, 1, 3, 3, "website:1.4", replicas=5)
    assert plumb("ingest", "kube", "--no-scale", server=server, env=home, input=text)[0] == 0
    assert server.changes() == []
    assert plumb("ingest", "kube", server=server, env=home, input=text)[0] == 0
    change, = server.changes()
    assert (change["kind"], change["action"], change["old"], change["new"]) == ("infra", "scale", "3", "5")


def test_what_is_no_json_is_told(server, home):
    code, _, err = plumb("ingest", "kube", server=server, env=home, input="NAME  READY  UP-TO-DATE\n")
    assert code == 2 and "does not begin with '{'" in err and "kubectl get deploy" in err
    code, _, err = plumb("ingest", "kube", server=server, env=home, input='{"kind":')
    assert code == 2 and "cut off" in err


# -- git --

@pytest.fixture
def repo(tmp_path):
    """Three commits, the last a merge."""
    path = str(tmp_path / "repo")
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(tmp_path), "GIT_AUTHOR_NAME": "Nora",
           "GIT_AUTHOR_EMAIL": "n@x.org", "GIT_COMMITTER_NAME": "Nora", "GIT_COMMITTER_EMAIL": "n@x.org"}

    def git(*args, at=1500000000):
        dates = {"GIT_AUTHOR_DATE": "%d +0200" % at, "GIT_COMMITTER_DATE": "%d +0200" % at}
        code, out, err = run(["git", "-c", "init.defaultBranch=main", "-C", path, *args], env=dict(env, **dates))
        assert code == 0, err
        return out
    os.mkdir(path)
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first: all of it")
    git("checkout", "-q", "-b", "side")
    git("commit", "-q", "--allow-empty", "-m", "fix login\n\nIt was broken.", at=1500000100)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "Merge side", "side", at=1500000200)
    return git


def commits(server):
    path = "file:%s?mode=ro" % os.path.join(server.data, "ledger.db")
    with sqlite3.connect(path, uri=True) as db:
        return db.execute("SELECT title, at_ms, is_merge FROM commits WHERE service = 'website'"
                          " ORDER BY ordinal").fetchall()


WANTED = [("first: all of it", 1500000000000, 0), ("fix login", 1500000100000, 0), ("Merge side", 1500000200000, 1)]


@pytest.mark.parametrize("form", [["--format=" + FORMAT], [], ["--format=fuller"], ["--date=iso"],
                                  ["--date=iso-strict", "--decorate=short"], ["--reverse"]])
def test_git_log_in_its_own_forms(server, home, repo, form):
    text = repo("log", *form)
    for _ in range(2):  # twice is once
        code, out, err = plumb("ingest", "git", "--service", "website", server=server, env=home, input=text)
        assert (code, out, err) == (0, "3 commits of website\n", "")
    assert commits(server) == WANTED


def test_a_commit_from_1970_does_not_hold_up_the_others(server, home, repo):
    repo("commit", "-q", "--allow-empty", "-m", "wrong clock", at=100000000)
    code, out, err = plumb("ingest", "git", "--service", "website", server=server, env=home,
                           input=repo("log", "--format=" + FORMAT))
    assert (code, out) == (0, "3 commits of website\n") and "1 commits from before 2000" in err
    assert sorted(commits(server)) == sorted(WANTED)


def test_git_without_a_server_says_that_nothing_is_lost(home, away, repo):
    code, _, err = plumb("ingest", "git", "--service", "website", server=away, env=home, input=repo("log"))
    assert code == 7 and "nothing is lost" in err


def test_git_needs_a_service_and_a_log(server, home):
    code, _, err = plumb("ingest", "git", server=server, env=home, input="")
    assert code == 2 and "--service" in err
    code, _, err = plumb("ingest", "git", "--service", "web", server=server, env=home, input="a b c\n")
    assert code == 2 and "line 1" in err and FORMAT in err


# -- ics --

def stamp(at):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))


def calendar(*events):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *("BEGIN:VEVENT\r\n" + e + "\r\nEND:VEVENT" for e in events),
                        "END:VCALENDAR", ""])


def test_a_calendar_of_freezes(server, home):
    now = int(time.time())
    text = calendar("UID:past@x\r\nSUMMARY:Over\r\nDTSTART:%s\r\nDTEND:%s" % (stamp(now - 7200), stamp(now - 3600)),
                    "UID:xmas@x\r\nSUMMARY:No deploys\\, please\r\nDTSTART:%s\r\nDTEND:%s"
                    % (stamp(now + 86400), stamp(now + 3 * 86400)),
                    "UID:weekly@x\r\nSUMMARY:Weekly\r\nDTSTART:%s\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=3"
                    % stamp(now + 3600),
                    "UID:monthly@x\r\nSUMMARY:Monthly\r\nDTSTART:%s\r\nRRULE:FREQ=MONTHLY" % stamp(now + 3600))
    for _ in range(2):
        code, _, err = plumb("ingest", "ics", server=server, env=home, input=text)
        assert code == 0 and "'Monthly': RRULE 'FREQ=MONTHLY' is not understood" in err
    changes = {c["key"]: c for c in server.changes()}
    assert len(changes) == 5
    xmas = changes["ics:xmas@x"]
    assert (xmas["kind"], xmas["status"], xmas["msg"]) == ("freeze", "planned", "No deploys, please")
    assert (xmas["start"], xmas["end"]) == (now + 86400, now + 3 * 86400)
    assert sum(k.startswith("ics:weekly@x:") for k in changes) == 3


def test_a_vendors_calendar(server, home):
    text = calendar("UID:m@x\r\nSUMMARY:Database upgrade\r\nDTSTART:%s" % stamp(time.time() + 3600))
    code, _, err = plumb("ingest", "ics", "-k", "thirdparty", server=server, env=home, input=text)
    assert code == 2 and "a thirdparty needs a service" in err
    code, _, err = plumb("ingest", "ics", "-k", "thirdparty", "--service", "payments", server=server, env=home,
                         input=text)
    assert (code, err) == (0, "")
    change, = server.changes()
    assert (change["kind"], change["service"]) == ("thirdparty", "payments")


def test_without_a_server_the_records_are_kept(server, home, away):
    text = calendar("UID:xmas@x\r\nDTSTART:%s" % stamp(time.time() + 3600))
    code, out, err = plumb("ingest", "ics", server=away, env=home, input=text)
    assert (code, out) == (0, "") and "kept" in err
    assert plumb("flush", server=server, env=home)[1] == "1 sent, 0 refused, 0 waiting\n"
    assert [c["key"] for c in server.changes()] == ["ics:xmas@x"]


def test_a_dry_run_tells_nobody(home, away):
    text = calendar("UID:xmas@x\r\nDTSTART:%s" % stamp(time.time() + 3600))
    code, out, err = plumb("ingest", "ics", "--dry-run", server=away, env=home, input=text)
    assert (code, err) == (0, "") and json.loads(out)["key"] == "ics:xmas@x"
    code, out, err = plumb("ingest", "kube", "--dry-run", server=away, env=home,
                           input=deployment(1, 1, 3, 3, "w:1") + deployment(2, 1, 3, 3, "w:2"))
    assert (code, err) == (0, "") and json.loads(out)["status"] == "running"


@pytest.mark.parametrize("args, part", [([], "kube, git or ics"), (["helm"], "kube, git or ics"),
                                        (["kube", "git"], "kube, git or ics"), (["ics", "-k", "party"], "party"),
                                        (["kube", "--since", "yore"], "--since")])
def test_typed_wrong(home, away, args, part):
    code, _, err = plumb("ingest", *args, server=away, env=home, input="")
    assert code == 2 and part in err
