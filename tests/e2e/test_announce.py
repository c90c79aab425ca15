"""Changes are told where people and programs are: in order, once, soon or not at all."""
import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import random
import re
import threading
import time

import pytest

from kit.server import ROOT, Server, wait_until
from peers import HttpPeer, LinePeer, MailPeer, certificate

SECRET = b"a secret of the test"
NOW = time.time


NO_JUDGE = "[impact]\ncpu-share = off\n"  # a verdict is one more thing to tell, or to skip


def config(folder, *sections, more=""):
    """A plumb.conf: [(name, {key: value})], and what else is to be in it."""
    path = os.path.join(str(folder), "plumb.conf")
    with open(path, "w") as f:
        f.write("[collect]\nhost = off\nself = off\n[serve]\nurl = https://plumb.example/\n" + more)
        for name, keys in sections:
            f.write("[announce %s]\n" % name)
            f.writelines("%s = %s\n" % item for item in keys.items())
    return path


def hook(peer, **more):
    return ("hook", {"type": "webhook", "url": peer.url + "/in", "allow": "127.0.0.0/8", **more})


def start(folder, *sections, more=""):
    return Server(folder, "--config", config(folder, *sections, more=more))


def channel(server, name="hook"):
    return next(c for c in server.get("/api/v1/announce").ok().json if c["name"] == name)


def ids(asked):
    return [a.headers["webhook-id"] for a in asked]


def taken(peer):
    return [a for a in peer.asked if a.answered == 200]


def kinds(asked):
    return [a.json["type"] for a in asked]


def is_signed(asked, secret, place=0):
    text = b"%s.%s." % (asked.headers["webhook-id"].encode(), asked.headers["webhook-timestamp"].encode())
    want = base64.b64encode(hmac.new(secret, text + asked.body, hashlib.sha256).digest()).decode()
    return asked.headers["webhook-signature"].split()[place] == "v1," + want


def test_a_signed_webhook_tells_start_and_end(tmp_path):
    coded = "whsec_" + base64.b64encode(SECRET).decode()
    with HttpPeer() as peer, start(tmp_path, hook(peer, secret="old-one, " + coded)) as server:
        server.post("/deploy/website/start?by=nora&rev=4f2c1e9", "fix login").ok()
        peer.wait(1)
        server.post("/deploy/website/ok", "").ok()
        first, second = peer.wait(2)
        assert kinds([first, second]) == ["change.start", "change.end"]
        change = first.json["data"]
        assert (change["service"], change["by"], change["status"]) == ("website", "nora", "running")
        assert second.json["data"]["status"] == "succeeded"
        assert ids([first, second]) == [change["id"] + ".start", change["id"] + ".end"]
        assert first.json["link"] == "https://plumb.example/c/" + change["id"]
        assert server.get("/c/" + change["id"]).ok().json["id"] == change["id"]
        assert first.headers["content-type"] == "application/json" and first.path == "/in"
        assert abs(int(first.headers["webhook-timestamp"]) - NOW()) < 60
        for asked in (first, second):
            assert is_signed(asked, b"old-one", 0) and is_signed(asked, SECRET, 1)
        state = wait_until(lambda: (lambda c: c if c["told"] == 2 else None)(channel(server)))
        assert (state["type"], state["state"], state["waiting"]) == ("webhook", "ok", 0)


def test_a_point_of_a_line_waits_for_other_doors(tmp_path):
    with HttpPeer() as peer, start(tmp_path, hook(peer)) as server:
        at = NOW()
        server.send("events.deploy.website 1 %d" % at, "events.deploy.website 1 %d" % at)  # UDP sends twice
        asked, = peer.wait(1)
        assert NOW() - at >= 3 - 1.001  # whole seconds are sent
        assert kinds([asked]) == ["change.end"]
        # What names more than a moment is told at once, and nothing is told twice.
        server.post("/deploy/search/start", "").ok()
        server.post("/deploy/search/ok", "").ok()
        asked = peer.wait(3)
        assert len(set(ids(asked))) == 3


def test_one_change_told_twice_is_announced_once(tmp_path):
    with HttpPeer() as peer, start(tmp_path, hook(peer)) as server:
        for _ in range(3):
            server.post("/api/v1/changes", {"kind": "deploy", "service": "web", "key": "ci-7", "rev": "a1"}).ok()
        server.post("/note", "the end").ok()
        asked = peer.wait(2)
        wait_until(lambda: channel(server)["waiting"] == 0)
        assert sorted(a.json["data"]["kind"] for a in asked) == ["deploy", "note"]
        assert len(peer.asked) == 2


def test_failed_after_all_is_told_again(tmp_path):
    with HttpPeer() as peer, start(tmp_path, hook(peer)) as server:
        told = {"kind": "deploy", "service": "web", "key": "ci-8", "start": NOW() - 60, "end": NOW() - 1}
        server.post("/api/v1/changes", dict(told, status="succeeded")).ok()
        peer.wait(1)
        server.post("/api/v1/changes", dict(told, status="failed", end=NOW())).ok()
        assert kinds(peer.wait(2)) == ["change.end", "change.again"]


def test_filters(tmp_path):
    keys = {"services": "web, !web/test", "kinds": "deploy incident", "envs": "prod*", "moments": "end"}
    with HttpPeer() as peer, start(tmp_path, hook(peer, **keys)) as server:
        for path in ("/deploy/search", "/deploy/web/test", "/config/web", "/deploy/web?env=staging",
                     "/deploy/web/start", "/deploy/web/checkout/start", "/deploy/web/checkout/ok", "/deploy/web/ok"):
            server.post(path, "").ok()
        asked = peer.wait(2)
        wait_until(lambda: channel(server)["waiting"] == 0)
        assert sorted((a.json["data"]["service"], a.json["type"]) for a in peer.asked) == [
            ("web", "change.end"), ("web/checkout", "change.end")], asked


def test_a_peer_that_fails_gets_it_later_and_in_order(tmp_path):
    fails = [True]
    with HttpPeer(lambda asked: 503 if fails[0] else 200) as peer, start(tmp_path, hook(peer)) as server:
        server.post("/deploy/website/start", "").ok()
        peer.wait(1)
        server.post("/deploy/website/ok", "").ok()
        state = wait_until(lambda: (lambda c: c if c["failed"] else None)(channel(server)))
        assert state["state"] == "failing" and "503" in state["error"] and state["waiting"] == 1
        fails[0] = False
        wait_until(lambda: len(taken(peer)) == 2)
        assert kinds(taken(peer)) == ["change.start", "change.end"]
        assert ids(peer.asked)[0] == ids(taken(peer))[0]  # a retry has the same id
        wait_until(lambda: channel(server)["state"] == "ok")


def test_a_retry_survives_a_restart(tmp_path):
    fails = [True]
    with HttpPeer(lambda asked: 500 if fails[0] else 200) as peer:
        server = start(tmp_path, hook(peer))
        with server:
            server.post("/deploy/website/start", "").ok()
            peer.wait(1)
            wait_until(lambda: channel(server)["failed"] >= 1)
        fails[0] = False
        with server:
            wait_until(lambda: taken(peer))
            assert ids(taken(peer)) == ids(peer.asked)[:1]
            wait_until(lambda: channel(server)["waiting"] == 0)


def test_retry_after_holds_the_channel(tmp_path):
    def answer(asked):
        return (429, "slow down", {"Retry-After": "1"}) if len(peer.asked) == 1 else 200
    with HttpPeer(answer) as peer, start(tmp_path, hook(peer)) as server:
        server.post("/note", "one").ok()
        first, = peer.wait(1)
        server.post("/note", "two").ok()
        asked = peer.wait(3)
        assert asked[1].at - first.at >= 0.9


def test_a_talkative_peer_has_taken_it(tmp_path):
    with HttpPeer(lambda asked: (200, "x" * 300000)) as peer, start(tmp_path, hook(peer)) as server:
        server.post("/deploy/website/start", "").ok()
        wait_until(lambda: channel(server)["told"] == 1)
        assert len(peer.asked) == 1 and channel(server)["failed"] == 0


def test_gone_ends_the_channel_and_a_test_mends_it(tmp_path):
    status = [410]
    with HttpPeer(lambda asked: status[0]) as peer, start(tmp_path, hook(peer)) as server:
        server.post("/deploy/website/start", "").ok()
        wait_until(lambda: channel(server)["state"] == "gone")
        server.post("/deploy/website/ok", "").ok()
        assert server.post("/api/v1/announce/test?channel=hook").status >= 400
        assert len(peer.asked) == 2
        status[0] = 200
        server.post("/api/v1/announce/test?channel=hook").ok()
        wait_until(lambda: channel(server)["waiting"] == 0 and channel(server)["told"] == 2)


def test_what_is_refused_is_a_dead_letter(tmp_path):
    slack = ("room", {"type": "slack", "allow-private": "on"})
    with HttpPeer(lambda asked: (400, "invalid_payload")) as peer:
        slack[1]["url"] = peer.url
        with start(tmp_path, slack) as server:
            change = server.post("/deploy/website/start", "").ok().json["id"]
            state = wait_until(lambda: (lambda c: c if c["dead"] else None)(channel(server, "room")))
            assert state["waiting"] == 0
            dead, = state["dead_letters"]
            assert dead["message"] == change + ".start" and "400: invalid_payload" in dead["reason"]


def test_a_test_message_says_what_is_wrong(tmp_path):
    status = [200]
    with HttpPeer(lambda asked: status[0]) as peer, start(tmp_path, hook(peer)) as server:
        server.post("/api/v1/announce/test?channel=hook").ok()
        asked, = peer.wait(1)
        assert "test message" in asked.json["text"]
        status[0] = 401
        answer = server.post("/api/v1/announce/test?channel=hook")
        assert answer.status == 503 and "401" in answer.text, (answer.status, answer.text)
        answer = server.post("/api/v1/announce/test?channel=hok")
        assert answer.status == 404 and "did you mean 'hook'" in answer.text
        assert server.post("/api/v1/announce/test").status == 400
        assert server.changes() == []  # nothing of it is a change


def test_a_slow_channel_holds_up_nobody(tmp_path):
    release = threading.Event()

    def slow(asked):
        release.wait(8)
        return 200
    with HttpPeer(slow) as peer, HttpPeer() as quick:
        both = hook(peer), ("quick", dict(hook(quick)[1]))
        with start(tmp_path, *both) as server:
            began = NOW()
            for i in range(5):
                server.post("/note/n%d" % i, "").ok()
            assert NOW() - began < 3
            quick.wait(5)
            assert len(peer.asked) <= 1
            release.set()
            peer.wait(5)


def test_stopping_does_not_wait_for_a_slow_peer(tmp_path):
    release = threading.Event()
    with HttpPeer(lambda asked: release.wait(12) and None) as peer:
        server = start(tmp_path, hook(peer))
        with server:
            server.post("/deploy/website/start", "").ok()
            peer.wait(1)
            began = NOW()
        assert NOW() - began < 6
        release.set()


def test_a_private_address_is_refused_unless_allowed(tmp_path):
    with HttpPeer() as peer:
        refused = start(tmp_path, ("hook", {"type": "webhook", "url": peer.url}))
        with pytest.raises(AssertionError) as e:
            refused.start()
        assert "127.0.0.1 is not a public address" in str(e.value) and "[announce hook]" in str(e.value)
        # A name shows where it leads only when it is looked up. 2130706433 is 127.0.0.1.
        port = peer.url.rsplit(":", 1)[1]
        with start(tmp_path, ("hook", {"type": "webhook", "url": "http://2130706433:%s/" % port})) as server:
            server.post("/deploy/website/start", "").ok()
            state = wait_until(lambda: (lambda c: c if c["dead"] else None)(channel(server)))
            assert "127.0.0.1 is not a public address" in state["dead_letters"][0]["reason"]
        assert peer.asked == []


def test_redirects_are_not_followed(tmp_path):
    with HttpPeer() as inside:
        with HttpPeer(lambda asked: (302, "", {"Location": inside.url})) as peer, start(tmp_path, hook(peer)) as server:
            server.post("/note", "hello").ok()
            state = wait_until(lambda: (lambda c: c if c["failed"] else None)(channel(server)))
            assert "redirects are not followed" in state["error"]
        assert inside.asked == []


@pytest.mark.parametrize("text, wanted", [
    ("type = webhok\nurl = https://a.example/", "webhook"),
    ("url = https://a.example/", "type is missing"),
    ("type = webhook", "url is missing"),
    ("type = webhook\nurl = ftp://a.example/", "no http:// or https://"),
    ("type = webhook\nurl = https://a.example/\nsecrt = x", "did you mean 'secret'"),
    ("type = webhook\nurl = https://a.example/\nmoments = middle", "neither start nor end"),
    ("type = webhook\nurl = https://a.example/\nkinds = deploi", "no kind of change"),
    ("type = webhook\nurl = https://a.example/\nsecret = whsec_!!", "not base64"),
    ("type = mail\nserver = mail:587\nfrom = a@b.example\nto = nobody", "no mail address"),
    ("type = mail\nserver = mail:25\nuser = a\nfrom = a@b.example\nto = c@d.example", "in clear"),
    ("type = graphite", "to is missing"),
    ("type = graphite\nto = relay:2003\ntemplate = a.{stack}", "{kind}"),
])
def test_a_mistake_in_the_section_is_told_with_its_place(tmp_path, text, wanted):
    path = tmp_path / "plumb.conf"
    path.write_text("[collect]\nhost = off\n[announce x]\n%s\n" % text)
    server = Server(tmp_path, "--config", path)
    with pytest.raises(AssertionError) as e:
        server.start()
    assert wanted in str(e.value) and "plumb.conf:" in str(e.value), str(e.value)
    assert not server.is_alive()


def test_the_sections_of_the_documentation_work(tmp_path):
    with open(os.path.join(ROOT, "docs", "announce.md"), encoding="utf-8") as f:
        text = f.read()
    sections = re.findall(r"^    \[announce (\w+)\]\n((?:    \S+ = .*\n)+)", text, re.M)
    assert len(sections) == 11
    path = tmp_path / "plumb.conf"
    path.write_text("[collect]\nhost = off\nself = off\n" + "".join(
        "[announce %s%d]\n%s" % (name, i, re.sub("^    ", "", keys, flags=re.M))
        for i, (name, keys) in enumerate(sections)))
    with Server(tmp_path, "--config", path) as server:
        listed = server.get("/api/v1/announce").ok().json
        assert {c["type"] for c in listed} == {"slack", "mattermost", "discord", "teams", "mail", "webhook", "graphite",
                                               "grafana", "cdevents"}


# ---- the rooms -------------------------------------------------------------------------------------------

NASTY = "<!channel> @here *bold* `x` [a](http://evil.example) & \x1b[31m\u202e"


def deploy(server, msg="fix login"):
    server.post("/deploy/website/start?by=nora&rev=4f2c1e9&diff=https://git.example/d?a%3D1%26b", msg).ok()
    server.post("/deploy/website/ok", "").ok()


def test_slack(tmp_path):
    with HttpPeer() as peer, start(tmp_path, ("s", {"type": "slack", "url": peer.url, "allow-private": "on"})) as server:
        deploy(server, NASTY)
        first, second = [a.json for a in peer.wait(2)]
        text = first["blocks"][0]["text"]["text"]
        assert text.startswith("*website* PROD deploy started by nora: ") and "(4f2c1e9)" in text
        assert "<!" not in text and "@here" not in text and "&lt;!channel&gt;" in text and "\x1b" not in text
        assert "\u202e" not in text and first["text"] == "website PROD 4f2c1e9 nora: started"
        text = second["blocks"][0]["text"]["text"]
        assert re.fullmatch(r"\*website\* PROD deployed by nora build: 4f2c1e9( took: \d+ seconds?)? "
                            r"diff: <https://git.example/d\?a=1&amp;b>", text), text


def test_a_slack_bot_answers_in_a_thread(tmp_path):
    keys = {"type": "slack", "allow-private": "on", "token": "xoxb-1", "channel": "#deploys"}
    with HttpPeer(lambda asked: (200, json.dumps({"ok": True, "ts": "17.42"}))) as peer:
        with start(tmp_path, ("s", dict(keys, url=peer.url))) as server:
            deploy(server)
            first, second = peer.wait(2)
            assert first.headers["authorization"] == "Bearer xoxb-1" and first.json["channel"] == "#deploys"
            assert "thread_ts" not in first.json and second.json["thread_ts"] == "17.42"
            peer.answer = lambda asked: (200, '{"ok":false,"error":"channel_not_found"}')
            answer = server.post("/api/v1/announce/test?channel=s")
            assert answer.status >= 400 and "channel_not_found" in answer.text


def test_mattermost_discord_and_teams(tmp_path):
    rooms = ("mattermost", "discord", "teams")
    with HttpPeer() as peer:
        sections = [(r, {"type": r, "url": peer.url + "/" + r, "allow-private": "on"}) for r in rooms]
        with start(tmp_path, *sections) as server:
            server.post("/deploy/website/start?by=nora", NASTY).ok()
            asked = {a.path[1:]: a.json for a in peer.wait(3)}
    texts = {"mattermost": asked["mattermost"]["attachments"][0]["text"],
             "discord": asked["discord"]["embeds"][0]["description"],
             "teams": asked["teams"]["attachments"][0]["content"]["body"][0]["text"]}
    for text in texts.values():
        assert text.startswith("**website** PROD deploy started by nora: "), text
        assert "@here" not in text and "*bold*" not in text.replace("\\*", "") and "\x1b" not in text
        assert "\\[a\\](http" in text and "https://plumb.example/c/" in text
    assert asked["discord"]["allowed_mentions"] == {"parse": []} and asked["discord"]["embeds"][0]["color"] > 0
    card = asked["teams"]["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive" and card["content"]["version"] == "1.4"
    assert card["content"]["actions"][0]["url"].startswith("https://plumb.example/c/")


def test_grafana_draws_a_region(tmp_path):
    with HttpPeer(lambda asked: (200, '{"message":"Annotation added","id":17}')) as peer:
        with start(tmp_path, ("g", {"type": "grafana", "url": peer.url + "/", "token": "glsa_1"})) as server:
            server.post("/deploy/website/start?by=nora", "").ok()
            first, = peer.wait(1)
            server.post("/api/v1/changes", {"kind": "note", "service": "db", "start": NOW() - 9, "end": NOW()}).ok()
            peer.wait(2)
            server.post("/deploy/website/ok", "").ok()
            _, whole, last = peer.wait(3)
    assert (first.method, first.path) == ("POST", "/api/annotations")
    assert first.headers["authorization"] == "Bearer glsa_1"
    assert first.json["tags"] == ["deploy", "website", "env:production"] and "timeEnd" not in first.json
    assert abs(first.json["time"] / 1000 - NOW()) < 60
    assert (last.method, last.path) == ("PATCH", "/api/annotations/17")
    assert last.json["timeEnd"] >= first.json["time"] or "timeEnd" not in last.json
    assert "succeeded" in last.json["tags"]
    assert whole.method == "POST" and whole.json["timeEnd"] - whole.json["time"] == pytest.approx(9000, abs=10)


def test_graphite_lines(tmp_path):
    with LinePeer() as peer:
        sections = [("end", {"type": "graphite", "to": peer.addr}),
                    ("start", {"type": "graphite", "to": peer.addr, "at": "start", "tags": "on",
                               "template": "started.{env}.{kind}.{service}"})]
        with start(tmp_path, *sections) as server:
            server.send("events.deploy.echo 1 %d" % NOW())  # it came from a relay, and does not go back
            server.post("/deploy/web/checkout/start?rev=4f;2c&by=nora", "").ok()
            server.post("/deploy/web/checkout/ok", "").ok()
            server.post("/deploy/web/rollback", "").ok()
            wait_until(lambda: len(peer.lines) >= 4, what="4 lines")
            wait_until(lambda: all(c["waiting"] == 0 for c in server.get("/api/v1/announce").ok().json))
        names = sorted(line.rsplit(" ", 1)[0] for line in peer.lines)
    assert names == ["events.deploy.web -1", "events.deploy.web.checkout 1",
                     "started.production.deploy.web.checkout;by=nora;env=production;rev=4f_2c 1",
                     "started.production.deploy.web;env=production -1"]
    assert all(abs(int(line.rsplit(" ", 1)[1]) - NOW()) < 60 for line in peer.lines)


def test_cdevents(tmp_path):
    keys = {"type": "cdevents", "allow-private": "on", "source": "/plumb/test"}
    with HttpPeer(lambda asked: 202) as peer, start(tmp_path, ("c", dict(keys, url=peer.url))) as server:
        server.post("/deploy/website?rev=a1", "").ok()
        peer.wait(1)
        server.post("/deploy/website?rev=b2", "").ok()
        peer.wait(2)
        server.post("/deploy/website/start", "").ok()
        server.post("/deploy/website/fail", "").ok()  # CDEvents has no word for it
        server.post("/incident/website/start", "logins fail").ok()
        server.post("/incident/website/ok", "").ok()
        asked = peer.wait(4)
        wait_until(lambda: channel(server, "c")["waiting"] == 0)
        assert len(peer.asked) == 4
    types = [a.headers["ce-type"].split(".", 2)[2] for a in asked]
    assert types == ["service.deployed.0.3.0", "service.upgraded.0.3.0", "incident.detected.0.3.0",
                     "incident.resolved.0.3.0"]
    body = asked[1].json
    assert body["context"]["id"] == asked[1].headers["ce-id"] and asked[1].headers["ce-specversion"] == "1.0"
    assert body["subject"]["content"]["artifactId"] == "pkg:generic/website@b2"
    assert body["subject"]["content"]["environment"] == {"id": "production"}
    assert asked[1].headers["ce-source"] == "/plumb/test" and body["customData"]["rev"] == "b2"


# ---- mail ------------------------------------------------------------------------------------------------

def parsed(letter):
    return email.message_from_bytes(letter.data, policy=email.policy.default)


def test_mail_over_starttls_is_one_thread(tmp_path):
    pem = certificate(tmp_path)
    with MailPeer(pem) as peer:
        keys = {"type": "mail", "server": peer.addr, "ca": pem, "user": "plumb", "password": "p&w",
                "from": "Zoë's plumb <plumb@example.org>", "to": "ops@example.org, nora@example.org"}
        with start(tmp_path, ("m", keys)) as server:
            server.post("/deploy/website/start?by=nora&rev=4f2c1e9", ".\r\nfix login über alles =\r\nBcc: x@y.z".encode()).ok()
            server.post("/deploy/website/ok", "").ok()
            wait_until(lambda: len(peer.letters) == 2, what="2 letters")
        first, second = peer.letters
    assert first.was_secure and first.user == ["plumb", "p&w"]
    assert first.sender == "<plumb@example.org>" and first.to == ["<ops@example.org>", "<nora@example.org>"]
    a, b = parsed(first), parsed(second)
    assert a["Subject"] == "[plumb] website PROD 4f2c1e9 nora: started"
    assert b["Subject"] == "[plumb] website PROD 4f2c1e9 nora: succeeded"
    assert a["From"].addresses[0].addr_spec == "plumb@example.org"
    assert a["From"].addresses[0].display_name == "Zoë's plumb"
    assert a["In-Reply-To"] is None and b["In-Reply-To"] == a["Message-ID"] == b["References"]
    assert re.fullmatch(r"<\w{26}\.start@example\.org>", a["Message-ID"])
    assert a["Bcc"] is None and "über alles =" in a.get_content() and "https://plumb.example/c/" in a.get_content()
    assert all(len(line) <= 78 and line.isascii() for line in first.data.decode("ascii").split("\r\n"))


def test_mail_without_tls_and_a_server_that_refuses(tmp_path):
    with MailPeer() as peer:
        keys = {"type": "mail", "server": peer.addr, "tls": "off", "from": "p@example.org", "to": "ops@example.org"}
        with start(tmp_path, ("m", keys)) as server:
            peer.refuse = lambda letter: "554 no mail like that"
            server.post("/note", "naïve: {}".format("ü" * 100)).ok()
            state = wait_until(lambda: (lambda c: c if c["dead"] else None)(channel(server, "m")))
            assert "554" in state["dead_letters"][0]["reason"]
            peer.refuse = lambda letter: "451 not now"
            server.post("/note", "later").ok()
            wait_until(lambda: channel(server, "m")["failed"] == 2)
            peer.refuse = lambda letter: None
            wait_until(lambda: len(peer.letters) == 1, 20, "the letter")
            assert "later" in parsed(peer.letters[0]).get_content()
    assert not peer.letters[0].was_secure


def test_a_letter_is_not_sent_in_clear_when_tls_is_wanted(tmp_path):
    with MailPeer() as peer:  # it has no STARTTLS
        keys = {"type": "mail", "server": peer.addr, "from": "p@example.org", "to": "ops@example.org"}
        with start(tmp_path, ("m", keys)) as server:
            answer = server.post("/api/v1/announce/test?channel=m")
            assert answer.status >= 400 and "STARTTLS" in answer.text, answer.text
    assert peer.letters == []


def test_one_address_that_is_wrong_keeps_nobody_else_from_it(tmp_path):
    with MailPeer() as peer:
        keys = {"type": "mail", "server": peer.addr, "tls": "off", "from": "p@example.org",
                "to": "nobody@example.org ops@example.org"}
        with start(tmp_path, ("m", keys)) as server:
            server.post("/api/v1/announce/test?channel=m").ok()
    assert [letter.to for letter in peer.letters] == [["<ops@example.org>"]]


# ---- restarts, kills, age --------------------------------------------------------------------------------

def test_a_new_channel_begins_with_what_comes_after_it(tmp_path):
    with HttpPeer() as peer:
        with start(tmp_path) as server:
            server.post("/deploy/website/start", "").ok()
        with start(tmp_path, hook(peer)) as server:
            assert channel(server)["told"] == 0
            server.post("/note", "hello").ok()
            assert [a.json["data"]["kind"] for a in peer.wait(1)] == ["note"]
            wait_until(lambda: channel(server)["waiting"] == 0)
            assert len(peer.asked) == 1


def test_history_is_not_announced(tmp_path):
    with HttpPeer() as peer, start(tmp_path, hook(peer)) as server:
        old = NOW() - 20 * 60
        server.send(*["events.deploy.s%d 1 %d" % (i, old - i) for i in range(50)])
        server.post("/api/v1/changes", {"kind": "deploy", "service": "web", "start": old, "status": "running"}).ok()
        server.post("/api/v1/changes", {"kind": "deploy", "service": "web", "start": old, "end": old + 60}).ok()
        state = wait_until(lambda: (lambda c: c if c["skipped"] >= 52 else None)(channel(server)))
        assert state["skipped"] >= 52 and (state["told"], state["waiting"]) == (0, 0)  # a verdict passes its end over again
        server.post("/deploy/web/ok", "").ok()  # began long ago, but ends now: that is news
        assert kinds(peer.wait(1)) == ["change.end"]
        assert os.path.getsize(os.path.join(server.data, "announce", "hook.state")) < 2000


def test_nothing_old_is_told_after_a_long_silence(tmp_path):
    """What was recorded before the server went away for 20 minutes is no news when it is back."""
    with HttpPeer() as peer:
        with start(tmp_path, hook(peer), more=NO_JUDGE) as server:
            server.post("/note", "first").ok()
            peer.wait(1)
            wait_until(lambda: channel(server)["told"] == 1)
        state = os.path.join(server.data, "announce", "hook.state")
        with open(state) as f:
            told = f.read()
        with start(tmp_path, more=NO_JUDGE) as quiet:  # no channel: what comes now waits in the ledger alone
            old = NOW() - 20 * 60
            quiet.post("/api/v1/changes", {"kind": "deploy", "service": "web", "start": old, "end": old + 100}).ok()
            quiet.post("/api/v1/changes", {"kind": "deploy", "service": "fresh", "start": NOW() - 30, "end": NOW()}).ok()
        with open(state) as f:
            assert f.read() == told
        with start(tmp_path, hook(peer), more=NO_JUDGE) as server:
            asked = peer.wait(2)
            assert asked[1].json["data"]["service"] == "fresh"
            wait_until(lambda: channel(server)["skipped"] == 1 and channel(server)["waiting"] == 0)
            assert len(peer.asked) == 2


def acknowledged(server, number, answered, stop):
    """Records changes until it is told to stop, or the server is gone."""
    i = 0
    while not stop.is_set():
        try:
            answer = server.post("/deploy/k%d-%d" % (number, i), "")
        except OSError:
            return
        if answer.status == 200:
            answered.append(answer.json["id"])
        i += 1
        time.sleep(0.005)


def test_kills_lose_nothing_and_repeat_nothing(tmp_path):
    """kill -9 in a stream of changes: all that was acknowledged is told, and nothing twice that the server knew to be
    told: it notes that before it tells the next one."""
    seed = os.environ.get("ANNOUNCE_SEED") or "%d" % (time.time_ns() % 10**9)
    print("ANNOUNCE_SEED=%s" % seed)
    rng = random.Random(seed)
    answered, lives = [], []  # lives: from when until when each server surely told of what it could

    def answer(asked):
        time.sleep(rng.choice([0, 0, 0.01, 0.05]))
        return rng.choice([200, 200, 200, 200, 500, None])
    with HttpPeer(answer) as peer:
        server = start(tmp_path, hook(peer))
        for number in range(6):
            began = NOW()
            server.start()
            stop = threading.Event()
            thread = threading.Thread(target=acknowledged, args=(server, number, answered, stop))
            thread.start()
            time.sleep(rng.uniform(0.05, 0.8))  # the moment of the kill
            lives.append((began, NOW()))
            server.kill()
            stop.set()
            thread.join()
        peer.answer = lambda asked: 200
        began = NOW()
        with server:
            wanted = {i + ".end" for i in answered}

            def missing():
                return wanted - set(ids(taken(peer)))
            wait_until(lambda: not missing(), 60, "all %d to be told (seed %s)" % (len(wanted), seed), every=0.2)
            wait_until(lambda: channel(server)["waiting"] == 0, 60)
            lives.append((began, NOW()))
    told = {}
    for asked in peer.asked:
        told.setdefault(asked.headers["webhook-id"], []).append(asked)
    assert len(answered) > 20
    for began, until in lives:
        asked = [a for a in peer.asked if began <= a.at < until]
        for before in asked[:-1]:  # after each of them the same server told another one
            if before.answered == 200:
                tries = told[before.headers["webhook-id"]]
                assert before is tries[-1], "%s came again (seed %s)" % (before.headers["webhook-id"], seed)


def test_a_damaged_state_is_no_reason_not_to_start(tmp_path):
    with HttpPeer() as peer:
        with start(tmp_path, hook(peer)) as server:
            server.post("/deploy/website/start", "").ok()
            peer.wait(1)
            wait_until(lambda: channel(server)["told"] == 1)
        state = os.path.join(server.data, "announce", "hook.state")
        with open(state, "ab") as f:
            f.write(b"c 01ZZ half a li")
        with start(tmp_path, hook(peer)) as server:
            server.post("/deploy/website/ok", "").ok()
            assert kinds(peer.wait(2)) == ["change.start", "change.end"]
        assert "1 lines could not be read" in server.said()
