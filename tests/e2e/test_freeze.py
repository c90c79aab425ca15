"""Freezes, and what coordinates with them: freeze, thaw, can, now, done, fail, rollback, show; HTTP and command."""
import json
import re
import time

import pytest

from kit.server import plumb, wait_until


@pytest.fixture
def home(tmp_path):
    env = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "PLUMB_BY": "nora"}
    (tmp_path / "home").mkdir()
    return env


@pytest.fixture
def cli(server, home, tmp_path):
    """Runs a command in an empty folder: (code, out, err)."""
    work = tmp_path / "work"
    work.mkdir()

    def run(*args, **options):
        return plumb(*args, server=server, env=dict(home, **options), cwd=work)
    run.work = work
    return run


def can(server, service, **more):
    return server.get("/api/v1/can", dict(more, service=service)).ok().json


def one(server, **query):
    found = server.get("/api/v1/changes", dict(query, n=1)).ok().json
    return server.get("/api/v1/changes/" + found[0]["id"]).ok().json


# -- HTTP --

def test_a_freeze_by_curl_goes_on_until_thawed(server):
    server.post("/freeze/db?by=ops", "db move").ok()
    answer = can(server, "db")
    assert answer["can"] is False and answer["why"] == "frozen"
    assert (answer["by"], answer["msg"], answer["until"], answer["service"]) == ("ops", "db move", None, "db")
    freeze, = server.get("/api/v1/freezes").ok().json
    assert freeze["frozen"] and freeze["id"] == answer["id"]
    assert server.post("/freeze/db/ok").ok().json["thawed"][0]["id"] == answer["id"]
    assert can(server, "db")["can"] is True
    assert server.get("/api/v1/freezes").ok().json == []
    change = one(server, kind="freeze")
    assert change["status"] == "succeeded" and change["end"] >= change["start"]


def test_the_words_of_deployinator(server):
    answer = can(server, "web")
    assert (answer["can_deploy"], answer["all_locked"], answer["who"]) == (True, False, None)
    server.post("/freeze?by=ops", "party").ok()
    answer = can(server, "web")
    assert (answer["can_deploy"], answer["all_locked"], answer["who"]) == (False, True, "ops")
    assert answer["method"] and abs(answer["lock_time"] - time.time()) < 60


@pytest.mark.parametrize("frozen, asked, env, is_frozen", [
    ("web", "web", None, True), ("web", "web/checkout", None, True), ("web/checkout", "web", None, False),
    ("web", "website", None, False), ("web", "web", "staging", False), ("web", "WEB", "production", True)])
def test_whom_it_concerns(server, frozen, asked, env, is_frozen):
    server.post("/freeze/" + frozen, "why").ok()
    assert can(server, asked, **({"env": env} if env else {}))["can"] is not is_frozen


def test_everywhere(server):
    server.post("/freeze/web?env=*", "why").ok()
    assert not can(server, "web", env="staging")["can"] and not can(server, "web")["can"]


def test_until_and_for(server):
    now = time.time()
    server.post("/freeze/a?until=%d" % (now + 600), "x").ok()
    server.post("/freeze/b?for=90m", "x").ok()
    server.post("/freeze/c?until=%d&at=%d" % (now - 5, now - 10), "x").ok()
    assert abs(can(server, "a")["until"] - now - 600) < 2
    assert abs(can(server, "b")["until"] - now - 5400) < 30
    assert can(server, "c")["can"]
    # The one that lasts longest is told of.
    server.post("/freeze", "y").ok()
    assert can(server, "a")["until"] is None and can(server, "a")["msg"] == "y"


def test_it_ends_by_itself(server):
    server.post("/freeze/a?until=%d" % (time.time() + 2), "x").ok()
    assert not can(server, "a")["can"]
    wait_until(lambda: can(server, "a")["can"], what="the freeze is over")


def test_a_thaw_before_its_end(server):
    server.post("/freeze/a?for=10h", "x").ok()
    freeze, = server.get("/api/v1/freezes").ok().json
    server.post("/api/v1/thaw?id=" + freeze["id"]).ok()
    assert can(server, "a")["can"]
    change = one(server, kind="freeze")
    assert change["end"] < time.time() + 60 and change["status"] == "succeeded"
    answer = server.post("/api/v1/thaw?id=" + freeze["id"])
    assert answer.status == 400 and "over" in answer.text
    assert server.post("/api/v1/thaw?service=a").status == 404


def test_one_that_is_to_come(server):
    start = int(time.time()) + 3600
    server.post("/freeze/a?at=%d&for=1h" % start, "x").ok()
    assert can(server, "a")["can"]
    freeze, = server.get("/api/v1/freezes").ok().json
    assert not freeze["frozen"] and (freeze["from"], freeze["until"]) == (start, start + 3600)
    server.post("/api/v1/thaw?service=a").ok()
    assert server.get("/api/v1/freezes").ok().json == []


def test_one_that_comes_again(server):
    minute = time.gmtime(time.time() + 7200)
    cron = "%d %d * * *" % (minute.tm_min, minute.tm_hour)
    server.post("/freeze/a?cron=%s&for=1h&tz=UTC" % cron.replace(" ", "%20"), "x").ok()
    freeze, = server.get("/api/v1/freezes").ok().json
    assert not freeze["frozen"] and can(server, "a")["can"]
    assert 7100 - 60 < freeze["from"] - time.time() < 7260 and freeze["until"] - freeze["from"] == 3600
    server.post("/freeze/b?cron=*%20*%20*%20*%20*&for=1h", "x").ok()
    assert not can(server, "b")["can"]
    server.post("/api/v1/thaw?service=b").ok()
    assert can(server, "b")["can"]


@pytest.mark.parametrize("query, word", [
    ("cron=0%2018%20*%20*%20FRI", "for"), ("cron=0%2025%20*%20*%20*&for=1h", "hour"), ("for=soon", "soon"),
    ("until=whenever", "until"), ("for=1h&until=4000000000", "one of them"), ("tz=Mars/Phobos", "Mars"),
    ("cron=0%200%2030%202%20*&for=1h", "never")])
def test_a_rule_that_cannot_be(server, query, word):
    answer = server.post("/freeze/a?" + query, "x")
    assert answer.status == 400 and word in answer.text
    assert server.get("/api/v1/freezes").ok().json == []


def test_the_calendar(server):
    server.post("/freeze/db?by=ops&for=2h", "a, b; c\\d " + "long " * 30).ok()
    server.post("/freeze?cron=0%2018%20*%20*%20FRI&for=62h&tz=Europe/Berlin", "weekend").ok()
    answer = server.get("/api/v1/freezes.ics").ok()
    assert answer.type == "text/calendar"
    text = answer.body.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n") and text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n")) and "\n" not in text.replace("\r\n", "")
    lines = text.replace("\r\n ", "").split("\r\n")
    assert "SUMMARY:Freeze: db: a\\, b\\; c\\\\d " + ("long " * 30).rstrip() in [line.rstrip() for line in lines]
    starts = [line for line in lines if line.startswith("DTSTART:")]
    assert 12 <= len(starts) <= 16  # the one, and 13 weekends in 90 days
    uids = [line for line in lines if line.startswith("UID:")]
    assert len(set(uids)) == len(uids) == len(starts)
    assert sum(line.endswith(("170000Z", "160000Z")) for line in starts) >= 12  # 18:00 there


def test_a_deploy_during_a_freeze_is_recorded_and_marked(server):
    freeze = server.post("/freeze/web", "why").ok().json["id"]
    server.post("/deploy/web/x?rev=1", "all the same").ok()
    server.post("/config/web", "no deploy").ok()
    server.post("/deploy/search?rev=1", "not frozen").ok()
    server.post("/deploy/web?rev=2&at=%d" % (time.time() - 86400), "before it").ok()
    tags = {(c["kind"], c["msg"]): c["tags"] for c in server.changes()}
    assert tags["deploy", "all the same"] == {"frozen": freeze}
    assert not any(t for k, t in tags.items() if k != ("deploy", "all the same"))


def test_the_end_by_name(server):
    server.post("/incident/pay/start", "down").ok()
    answer = server.post("/api/v1/end?what=pay&status=ok&msg=up").ok().json
    change = server.get("/api/v1/changes/" + answer["id"]).ok().json
    assert (change["status"], change["msg"]) == ("succeeded", "up") and change["end"]
    assert server.post("/api/v1/end?what=pay&status=ok").status == 404
    answer = server.post("/api/v1/end?what=%s&status=fail" % change["id"])
    assert answer.status == 400 and "over" in answer.text
    assert server.post("/api/v1/end?what=pay&status=maybe").status == 400
    assert server.post("/api/v1/end?status=ok").status == 400
    # A freeze is not ended by this: that is thaw's, and another right.
    freeze = server.post("/freeze/pay", "x").ok().json["id"]
    assert server.post("/api/v1/end?what=pay&status=ok").status == 404
    assert server.post("/api/v1/end?status=ok&what=" + freeze).status == 400
    assert not can(server, "pay")["can"]


def test_a_rollback_says_what_it_takes_back(server):
    now = int(time.time())
    first = server.post("/deploy/web?rev=aaa1111&at=%d" % (now - 300), "one").ok().json["id"]
    second = server.post("/deploy/web?rev=bbb2222&at=%d" % (now - 200), "two").ok().json["id"]
    server.post("/deploy/web/x?rev=zzz&at=%d" % (now - 100), "another service").ok()
    back = server.get("/api/v1/changes/" + server.post("/deploy/web/rollback", "oops").ok().json["id"]).ok().json
    assert (back["action"], back["of"], back["rev"], back["prev"]) == ("rollback", second, "aaa1111", "bbb2222")
    assert first != second
    # What is under way ends as failed.
    third = server.post("/deploy/web/start?rev=ccc3333", "three").ok().json["id"]
    back = server.get("/api/v1/changes/" + server.post("/deploy/web/rollback", "again").ok().json["id"]).ok().json
    assert back["of"] == third
    assert server.get("/api/v1/changes/" + third).ok().json["status"] == "failed"


# -- the command --

def test_can_freeze_thaw(server, cli):
    assert cli("can", "web") == (0, "yes\n", "")
    code, out, _ = cli("freeze", "web", "-m", "db move", "--for", "2h")
    freeze = out.strip()
    assert code == 0 and server.get("/api/v1/changes/" + freeze).ok().json["by"] == "nora"
    code, out, _ = cli("can", "web/x")
    assert code == 3 and re.match(r"web is frozen since \S+ by nora until .* left\): db move\n", out)
    assert cli("can", "search")[0] == 0
    assert freeze in cli("freeze")[1] and json.loads(cli("freeze", "--json")[1])["id"] == freeze
    assert "BEGIN:VEVENT" in cli("freeze", "--ics")[1]
    assert cli("thaw", freeze[:12].lower())[0] == 0
    assert cli("can", "web/x")[0] == 0
    assert cli("thaw", "web")[0] == 5 and cli("thaw", freeze)[0] == 2
    assert cli("freeze", "--all", "-m", "weekend", "--cron", "* * * * *", "--for", "1h")[0] == 0
    assert cli("can", "search")[0] == 3 and cli("can")[0] == 3
    assert cli("thaw", "--all")[0] == 0 and cli("can")[0] == 0


def test_a_frozen_service_is_not_deployed_but_by_force(server, cli):
    freeze = cli("freeze", "web", "-m", "db move")[1].strip()
    code, out, err = cli("deploy", "web/x", "--", "touch", "ran")
    assert code == 3 and out == "" and not (cli.work / "ran").exists()
    assert "nora" in err and "db move" in err and "--force" in err
    assert [c["kind"] for c in server.changes()] == ["freeze"]
    code, _, err = cli("deploy", "web/x", "--force", "the fix", "--", "touch", "ran")
    assert code == 0 and (cli.work / "ran").exists() and "db move" in err
    change = one(server, kind="deploy")
    assert change["tags"]["frozen"] == freeze and change["tags"]["force"] == "the fix"
    assert "the fix" in cli("show", "web/x")[1]


def test_done_and_fail(server, cli):
    cli("mark", "db", "-k", "infra", "-m", "kernel", "--from", "5m")
    code, out, _ = cli("done", "db", "-m", "all well")
    assert code == 0
    change = server.get("/api/v1/changes/" + out.strip()).ok().json
    assert (change["status"], change["msg"]) == ("succeeded", "all well")
    assert cli("done", "db")[0] == 5
    cli("mark", "db", "-k", "infra", "-m", "kernel 2", "--from", "4m")
    ident = server.changes()[0]["id"]
    assert cli("fail", ident)[0] == 0 and server.changes()[0]["status"] == "failed"
    assert cli("fail", ident)[0] == 2
    cli("mark", "x", "-k", "infra", "--from", "1m")
    assert cli("done", PLUMB_CHANGE=one(server, service="x")["id"])[0] == 0


def test_rollback(server, cli):
    cli("deploy", "web", "--rev", "aaa1111", "--", "true")
    cli("deploy", "web", "--rev", "bbb2222", "--", "true")
    bad = one(server, service="web")["id"]
    code, out, _ = cli("rollback", "web", "-m", "oops")
    back = server.get("/api/v1/changes/" + out.strip()).ok().json
    assert code == 0 and (back["of"], back["rev"], back["action"]) == (bad, "aaa1111", "rollback")
    code, out, _ = cli("rollback", "web", "--to", "aaa1111", "--", "sh", "-c", "echo $PLUMB_REV; exit 3")
    assert (code, out) == (3, "aaa1111\n")
    back = one(server, service="web")
    assert (back["status"], back["action"], back["of"]) == ("failed", "rollback", bad)


def test_show(server, cli):
    cli("deploy", "web", "--rev", "aaa1111", "--", "true")
    cli("deploy", "web", "--rev", "bbb2222", "-m", "fix", "-t", "ticket=OPS-1", "--", "sh", "-c",
        "echo starting; echo password=hunter2; exit 1")
    code, out, _ = cli("show", "web", TZ="Europe/Berlin")
    assert code == 0
    for part in ("status    failed", "ticket=OPS-1", "aaa1111 ", "bbb2222", "    starting\n", "UTC)", "told by   cli"):
        assert part in out, out
    assert "hunter2" not in json.dumps(one(server, service="web")) and "hunter2" not in out
    ident = server.changes()[0]["id"]
    assert cli("show", ident[:12])[1].splitlines()[0] == out.splitlines()[0]
    assert json.loads(cli("show", ident, "--json")[1])["id"] == ident
    assert cli("show", "nothing")[0] == 5


def test_now(server, cli):
    server.post("/incident/pay/start", "cards are refused").ok()
    server.post("/thirdparty/stripe/start", "elevated errors").ok()
    server.post("/deploy/search/start?rev=88bc12", "new index").ok()
    server.post("/freeze/db", "db move").ok()
    server.post("/deploy/web?at=%d" % (time.time() - 3600), "an hour ago").ok()
    server.post("/deploy/web?at=%d" % (time.time() - 600), "ten minutes ago").ok()
    now = server.get("/api/v1/now").ok().json
    assert [c["service"] for c in now["in_flight"]] == ["search"]
    assert [c["service"] for c in now["incidents"]] == ["pay"]
    assert [c["service"] for c in now["thirdparty"]] == ["stripe"]
    assert [c["service"] for c in now["frozen"]] == ["db"]
    assert "ten minutes ago" in json.dumps(now["recent"]) and "an hour ago" not in json.dumps(now["recent"])
    code, out, _ = cli("now")
    assert code == 0 and len(out.splitlines()) < 24
    for part in ("cards are refused", "elevated errors", "new index", "db move", "ten minutes ago"):
        assert part in out
    assert json.loads(cli("now", "--json")[1]).keys() == now.keys()


def test_log_has_forms(server, cli):
    cli("deploy", "web", "-m", "a|b", "--", "sh", "-c", "echo last words; exit 1")
    assert "    last words\n" in cli("log", "-p")[1]
    assert "| a\\|b |" in cli("log", "-o", "md")[1]
    assert cli("log", "--oneline", "--since", "today")[1].endswith("1 change today: 1 failed.\n")
    assert cli("log", "--until", "1h")[1] == ""
    assert cli("log", "--status", "nonsense")[0] == 2
