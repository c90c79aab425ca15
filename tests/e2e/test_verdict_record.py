"""A verdict in the ledger, and where a change shows it. Those that are there come by an import, as from another ledger."""
import json
import os
import sqlite3
import time

import pytest

from kit.server import Server, plumb, wait_until
from peers import HttpPeer, MailPeer
from test_announce import channel, hook, kinds, parsed, start

NOW = int(time.time())
HARM = {"state": "harm", "stage": "15m", "checked": 42, "moved": 3, "worst": [
    {"metric": "php.warnings", "direction": "up", "harm": "bad", "before": 1.2, "after": 44, "delta": 42.8,
     "since": NOW - 60},
    {"metric": "logins.ok", "direction": "down", "harm": "bad", "before": 412, "after": 284, "delta": -128}]}
NO_HARM = {"state": "no_harm", "stage": "1h", "checked": 42, "moved": 0, "would_see": {"logins.ok": 0.06, "carts": 0.04}}
IMPROVED = {"state": "improved", "stage": "1h", "checked": 42, "moved": 1, "worst": [
    {"metric": "search.p95", "direction": "down", "harm": "good", "before": 100, "after": 89, "delta": -11}]}
CANNOT_TELL = {"state": "inconclusive", "stage": "1h", "checked": 2, "moved": 0, "reason": "Too little traffic."}


def judged(server, service, verdict, i=0, **more):
    """A change that another ledger judged: its id."""
    change = {"id": "01K000000%017d" % i, "service": service, "start": NOW - 100, "end": NOW - 90 + i, "by": "nora",
              "status": "succeeded", "source": "t", "key": "k%d" % i, "rev": "4f2c1e%d" % i, "msg": "fix login", **more}
    if verdict:
        change["verdict"] = {"made": time.time(), **verdict}
    code, out, err = plumb("import", "-", server=server, input=json.dumps(change))
    assert (code, out) == (0, "1 new, 0 known already, 0 refused\n"), err
    return change["id"]


def day(server):
    for i, verdict in enumerate([HARM, NO_HARM, NO_HARM, IMPROVED, CANNOT_TELL, None]):
        judged(server, "website", verdict, i)


def test_nothing_is_judged_yet(server):
    told = {"service": "website", "verdict": HARM, "msg": "fix login"}
    server.post("/api/v1/changes", told).ok()
    change, = server.changes()
    assert change["verdict"] is None and "verdict" not in change["tags"]
    for state in ("harm", "no_harm", "improved", "moved", "inconclusive"):
        assert server.changes(verdict=state) == []
    assert len(server.changes(verdict="pending")) == 1
    answer = server.get("/api/v1/changes", {"verdict": "guilty"})
    assert answer.status == 400 and "guilty" in answer.text and "inconclusive" in answer.text
    assert plumb("log", "--verdict", "harm", server=server) == (0, "", "")
    code, out, err = plumb("log", "--verdict", "guilty", server=server)
    assert code == 2 and "guilty" in err and "no_harm" in err
    code, out, err = plumb("log", "--oneline", server=server)
    assert code == 0 and out.endswith("succeeded fix login\n") and out.count("\n") == 1


def test_log_show_and_now(server):
    day(server)
    code, out, err = plumb("log", "--oneline", server=server)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[-1] == "6 changes: 2 no harm, 1 improved, 1 harm, 1 cannot tell, 1 pending."
    ends = {line.split(" succeeded ")[1] for line in lines[:-1]}
    assert ends == {"HARM        fix login (php.warnings x37)", "no harm     fix login (saw >= 6%)",
                    "improved    fix login (search.p95 -11%)", "cannot tell fix login", "-           fix login"}
    code, out, _ = plumb("log", "--verdict", "harm", "-p", server=server)
    assert "HARM after 15m, 3 of 42 moved\n" in out and "logins.ok     412 \u2192 284  -31%  bad\n" in out.replace("->", "\u2192")
    assert "and 1 more\n" in out
    code, out, _ = plumb("log", "--verdict", "no_harm", server=server)
    assert [row.split("\t")[11] for row in out.splitlines()] == ["no_harm"] * 2
    assert len(server.changes(verdict="no_harm", service="website")) == 2
    code, out, _ = plumb("show", "01K000000%017d" % 4, server=server)
    assert "cannot tell after 1h, 0 of 2 moved" in out and "Too little traffic." in out
    code, out, _ = plumb("now", server=server)
    assert "DID HARM\n" in out and out.count("php.warnings x37") == 2  # there, and in the last 30 minutes
    assert [c["id"][-1] for c in server.get("/api/v1/now").ok().json["harm"]] == ["0"]


def test_what_was_judged_survives_export_edit_purge_and_restart(tmp_path):
    with Server(tmp_path / "one") as server, Server(tmp_path / "two") as other:
        day(server)
        code, lines, _ = plumb("export", server=server)
        assert plumb("import", "-", server=other, input=lines)[:2] == (0, "6 new, 0 known already, 0 refused\n")
        was, now = server.changes(), other.changes()
        assert [c["verdict"] for c in now] == [c["verdict"] for c in was]
        harm = "01K000000%017d" % 0
        server.ask("PATCH", "/api/v1/changes/" + harm, body=json.dumps({"msg": "x", "why": "a typo"})).ok()
        server.post("/api/v1/purge/%s?by=dpo&why=7" % harm).ok()
        assert server.changes(verdict="harm")[0]["verdict"]["worst"][0]["metric"] == "php.warnings"
        data = server.data
    code, out, err = plumb("verify", "--data", data, "--ledger")
    assert code == 0, err
    with Server(tmp_path / "one") as server:
        change, = server.changes(verdict="harm")
        assert change["by"] == "" and change["verdict"]["moved"] == 3


def test_an_older_ledger_is_opened(tmp_path):
    with Server(tmp_path) as server:
        judged(server, "website", None)
        path = os.path.join(server.data, "ledger.db")
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE verdicts")
        db.execute("PRAGMA user_version = 2")
    db.close()
    with Server(tmp_path) as server:
        assert len(server.changes(verdict="pending")) == 1
        judged(server, "search", HARM, 1)
        assert [c["service"] for c in server.changes(verdict="harm")] == ["search"]
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
    db.close()
    assert plumb("verify", "--data", os.path.dirname(path), "--ledger")[0] == 0


def test_harm_is_told_as_the_reply(tmp_path):
    keys = {"type": "mail", "from": "plumb@example.org", "to": "ops@example.org", "tls": "off"}
    with HttpPeer() as peer, MailPeer() as mail, \
            start(tmp_path, hook(peer), ("mail", dict(keys, server=mail.addr))) as server:
        judged(server, "website", HARM)
        judged(server, "search", NO_HARM, 1)
        asked = peer.wait(3)
        assert sorted(kinds(asked)) == ["change.end", "change.end", "change.verdict"]
        verdict = next(a.json for a in asked if a.json["type"] == "change.verdict")
        assert verdict["text"].startswith("website 4f2c1e0 (nora): HARM, php.warnings x37 since ")
        assert "logins.ok -31% (3 of 42 moved) https://plumb.example/c/" in verdict["text"]
        assert verdict["data"]["verdict"]["state"] == "harm"
        wait_until(lambda: len(mail.letters) >= 3, what="3 letters")
        letters = {l["Subject"]: l for l in map(parsed, mail.letters)}
        end, told = (letters["[plumb] website PROD 4f2c1e0 nora: " + word] for word in ("succeeded", "HARM"))
        assert told["In-Reply-To"] == end["Message-ID"] != told["Message-ID"]
        assert "php.warnings x37" in told.get_content()
        wait_until(lambda: channel(server)["waiting"] == 0)
    assert len(peer.asked) == len(mail.letters) == 3


def test_slack_shows_harm_in_the_channel_and_not_only_in_the_thread(tmp_path):
    keys = {"type": "slack", "allow-private": "on", "token": "xoxb-1", "channel": "#deploys"}
    with HttpPeer(lambda asked: (200, '{"ok":true,"ts":"17.42"}')) as peer:
        with start(tmp_path, ("s", {**keys, "url": peer.url})) as server:
            judged(server, "website", HARM)
            judged(server, "search", IMPROVED, 1)
            asked = [a.json for a in peer.wait(4)]
    replies = {json.dumps("HARM" in a["text"]): a for a in asked if "thread_ts" in a}
    assert replies["true"]["thread_ts"] == "17.42" and replies["true"]["reply_broadcast"] is True
    assert "reply_broadcast" not in replies["false"] and "improved" in replies["false"]["text"]
    assert "*website* 4f2c1e0 (nora): HARM, php.warnings x37" in replies["true"]["blocks"][0]["text"]["text"]


def test_harm_is_an_incident_to_cdevents(tmp_path):
    with HttpPeer() as peer:
        with start(tmp_path, ("c", {"type": "cdevents", "url": peer.url, "allow-private": "on"})) as server:
            change = judged(server, "website", HARM)
            judged(server, "search", IMPROVED, 1)  # for which there is no word
            wait_until(lambda: channel(server, "c")["told"] == 4)
    types = [a.headers["ce-type"].split(".")[2:4] for a in peer.asked]
    assert sorted(types) == [["incident", "detected"], ["service", "deployed"], ["service", "deployed"]]
    harm = next(a for a in peer.asked if "incident" in a.headers["ce-type"])
    assert harm.headers["ce-subject"] == change + ".harm" == harm.json["subject"]["id"]
    assert "php.warnings x37" in harm.json["subject"]["content"]["description"]
    assert harm.json["subject"]["content"]["service"]["id"] == "website"
    assert harm.json["customData"]["verdict"]["state"] == "harm"


@pytest.mark.parametrize("verdicts,verdict,is_told", [
    ("changed", NO_HARM, False), ("all", NO_HARM, True), ("all", dict(NO_HARM, stage="15m"), False),
    ("all", CANNOT_TELL, True), ("harm", IMPROVED, False), ("changed", IMPROVED, True), ("none", HARM, False),
    ("changed", dict(HARM, made=NOW - 1000), False)])
def test_which_verdicts_are_told(tmp_path, verdicts, verdict, is_told):
    with HttpPeer() as peer, start(tmp_path, hook(peer, verdicts=verdicts)) as server:
        judged(server, "website", verdict)
        judged(server, "search", None, 1)  # told after all of the other
        asked = peer.wait(2 + is_told)
        wait_until(lambda: channel(server)["waiting"] == 0)
        assert kinds(peer.asked).count("change.verdict") == is_told, asked
