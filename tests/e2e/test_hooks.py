"""What other programs' webhooks deliver, over real sockets: signatures, the deliveries page, one change of many tellings."""
import base64
import hashlib
import hmac
import itertools
import json
import os
import time
import urllib.parse
import uuid

import pytest

from kit import server as kit

GOLDEN = os.path.join(kit.ROOT, "tests", "golden", "hooks")
SECRET = "It's a Secret to Everybody"
OLD_SECRET = "the one before"

CONF = """[collect]
host = off
self = off
[hook github/main]
secret =
  file:%(dir)s/secrets
services =
  acme/web-* = web
  acme/docs = -
push-refs = main
[hook gitlab/main]
secret = %(secret)s
  whsec_%(key)s
[hook jenkins/ci]
secret = %(secret)s
[hook launchdarkly/main]
secret = %(secret)s
[hook github/open]
[hook alertmanager/main]
secret = %(secret)s
services =
  search = -
[hook argocd/main]
secret = %(secret)s
[hook cdevents/main]
secret = %(secret)s
[hook pagerduty/main]
secret = first
  %(secret)s
[hook statuspage/main]
secret = %(secret)s
services =
  vendor.com/* = cdn
"""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "secrets").write_text("%s\n%s\n" % (OLD_SECRET, SECRET))
    conf = tmp_path / "plumb.conf"
    key = base64.b64encode(SECRET.encode()).decode()
    conf.write_text(CONF % {"dir": tmp_path, "secret": SECRET, "key": key})
    with kit.Server(tmp_path, "--config", conf) as s:
        yield s
        assert s.is_alive(), "the server died: " + s.said()[-2000:]


def payload(path):
    with open(os.path.join(GOLDEN, path), "rb") as f:
        return f.read()


def hex_mac(body, secret=SECRET, algorithm=hashlib.sha256):
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def github(server, event, body, secret=SECRET, delivery=None, name="main", **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    given = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
             "Content-Type": "application/json"}
    if secret:
        given["X-Hub-Signature-256"] = "sha256=" + hex_mac(body, secret)
    return server.post("/hook/github/" + name, body, headers=dict(given, **headers))


def deployment(number=17, created="2026-11-22T14:00:00Z", **more):
    return dict({"id": number, "sha": "4f2c1e9" + "0" * 33, "ref": "main", "task": "deploy", "environment": "production",
                 "description": "fix login", "creator": {"login": "nora"}, "created_at": created, "payload": {}}, **more)


def told(state=None, at="2026-11-22T14:00:00Z", repo="acme/web-shop", **more):
    body = {"action": "created", "deployment": deployment(**more), "sender": {"login": "nora"},
            "repository": {"full_name": repo, "html_url": "https://github.com/" + repo, "default_branch": "main"}}
    if state:
        body["deployment_status"] = {"state": state, "description": "", "environment": "production", "created_at": at,
                                     "log_url": "https://github.com/acme/web-shop/actions/runs/1"}
    return "deployment_status" if state else "deployment", body


def ms(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


STORY = [told(), told("in_progress", "2026-11-22T14:00:05Z"), told("success", "2026-11-22T14:02:00Z")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_deployment_and_its_statuses_are_one_change(server, order):
    ids = set()
    for i in order:
        answer = github(server, *STORY[i])
        assert answer.status == 202, answer.text
        ids.update(answer.json["changes"])
    change, = server.changes()
    assert ids == {change["id"]}
    assert (change["kind"], change["service"], change["env"], change["by"]) == ("deploy", "web", "production", "nora")
    assert change["status"] == "succeeded" and change["source"] == "hook/github" and change["key"] == "gh:17"
    assert change["start"] == ms("2026-11-22T14:00:00Z") and change["end"] == ms("2026-11-22T14:02:00Z")
    assert change["msg"] == "fix login" and change["rev"].startswith("4f2c1e9")
    assert change["url"].endswith("/actions/runs/1") and change["tags"]["repo"] == "acme/web-shop"


def standard(body, secret=SECRET, at=None, number=None):
    number, at = number or str(uuid.uuid4()), at or int(time.time())
    mac = hmac.new(secret.encode(), b"%s.%d." % (number.encode(), at) + body, hashlib.sha256).digest()
    return {"webhook-id": number, "webhook-timestamp": str(at), "webhook-signature": "v1," + base64.b64encode(mac).decode()}


LD = payload("launchdarkly/flag_on.json")
GL = payload("gitlab/deployment_running.json")
JK = payload("jenkins/completed.json")
GH = payload("github/status_success.json")
GH_HEADERS = {"X-GitHub-Event": "deployment_status"}
PD = payload("pagerduty/resolved.json")
BEARERS = {"alertmanager": payload("alertmanager/group.json"), "argocd": payload("argocd/succeeded.json").replace(b"2026-", b"2025-"),
           "cdevents": payload("cdevents/service_upgraded_0.5_structured.json"), "jenkins": JK,
           "statuspage": payload("statuspage/component_update.json")}
QUOTED = urllib.parse.quote(SECRET)


def by_token(source, body):
    """The ways of a source that cannot sign: the header, the address, the end of the path."""
    path = source + ("/ci" if source == "jenkins" else "/main")
    return [(path, body, {"Authorization": "Bearer " + SECRET}, 202),
            (path + "?token=" + QUOTED, body, {}, 202),
            (path + "/" + QUOTED, body, {}, 202),
            (path, body, {"Authorization": "Bearer " + SECRET + "x"}, 401),
            (path, body, {"Authorization": "Bearer plb_" + "x" * 32}, 401),
            (path + "?token=guess", body, {}, 401),
            (path + "/guess", body, {}, 401),
            (path, body, {}, 401)]


@pytest.mark.parametrize("path, body, headers, status", [
    ("github/main", GH, dict(GH_HEADERS, **{"X-Hub-Signature-256": "sha256=" + hex_mac(GH)}), 202),
    ("github/main", GH, dict(GH_HEADERS, **{"X-Hub-Signature-256": "sha256=" + hex_mac(GH, OLD_SECRET)}), 202),
    ("github/main", GH, dict(GH_HEADERS, **{"X-Hub-Signature-256": "sha256=" + hex_mac(GH, "wrong")}), 401),
    ("github/main", GH + b" ", dict(GH_HEADERS, **{"X-Hub-Signature-256": "sha256=" + hex_mac(GH)}), 401),
    ("github/main", GH, dict(GH_HEADERS, **{"X-Hub-Signature": "sha1=" + hex_mac(GH, SECRET, hashlib.sha1)}), 401),
    ("github/main", GH, GH_HEADERS, 401),
    ("github/open", GH, GH_HEADERS, 202),
    ("github/anything", GH, GH_HEADERS, 202),
    ("github/open", GH, dict(GH_HEADERS, **{"X-Forwarded-For": "198.51.100.7"}), 401),
    ("github/anything", GH, dict(GH_HEADERS, **{"X-Forwarded-For": "198.51.100.7"}), 401),
    ("gitlab/main", GL, {"X-Gitlab-Token": SECRET}, 202),
    ("gitlab/main", GL, {"X-Gitlab-Token": SECRET + "x"}, 401),
    ("gitlab/main", GL, {}, 401),
    ("gitlab/main", GL, lambda: standard(GL), 202),
    ("gitlab/main", GL, lambda: standard(GL, "wrong"), 401),
    ("gitlab/main", GL, lambda: standard(GL, at=int(time.time()) - 3600), 401),
    ("launchdarkly/main", LD, {"X-LD-Signature": hex_mac(LD)}, 202),
    ("launchdarkly/main", LD, {"X-LD-Signature": hex_mac(LD, "wrong")}, 401),
    ("launchdarkly/main", LD, {}, 401),
    ("pagerduty/main", PD, {"X-PagerDuty-Signature": "v1=%s,v1=%s" % ("0" * 64, hex_mac(PD))}, 202),
    ("pagerduty/main", PD, {"X-PagerDuty-Signature": "v1=" + hex_mac(PD, "first")}, 202),
    ("pagerduty/main", PD, {"X-PagerDuty-Signature": "v1=" + hex_mac(PD, "wrong")}, 401),
    ("pagerduty/main", PD + b" ", {"X-PagerDuty-Signature": "v1=" + hex_mac(PD)}, 401),
    ("pagerduty/main", PD, {"Authorization": "Bearer " + SECRET}, 401),
    ("pagerduty/main", PD, {}, 401),
] + [way for source, body in BEARERS.items() for way in by_token(source, body)])
def test_only_the_right_signature_gets_in(server, path, body, headers, status):
    if callable(headers):  # what is signed with a time is signed now
        headers = headers()
    answer = server.post("/hook/" + path, body, headers=headers)
    assert answer.status == status, answer.text
    assert len(server.changes()) == (status == 202)
    page = server.get("/hook/" + "/".join(path.split("?")[0].split("/")[:2])).ok().text
    assert "  %s  " % ("taken" if status == 202 else "refused") in page, page
    for text in (answer.text, page, server.said()):
        assert "Everybody" not in text and OLD_SECRET not in text  # no answer and no log tells a secret


FAR = {"X-Forwarded-For": "198.51.100.7"}  # what a proxy passes on is from elsewhere


@pytest.mark.parametrize("source", sorted(BEARERS))
def test_a_hooks_own_secret_is_enough_from_elsewhere(server, source):
    for path, body, headers, status in by_token(source, BEARERS[source]):
        assert server.post("/hook/" + path, body, headers=dict(headers, **FAR)).status == status, path
    page = server.get("/hook/%s/%s" % (source, "ci" if source == "jenkins" else "main"), headers=dict(FAR, Authorization="Bearer " + SECRET))
    assert page.status == 401  # delivering is not reading


def test_the_test_has_every_source(server):
    sources = {s["name"] for s in server.get("/hook?format=json").ok().json["sources"]}
    assert sources == set(BEARERS) | {"github", "gitlab", "launchdarkly", "pagerduty"}


def test_maps_hold_for_names_with_dots_and_what_does_not_count(server):
    page = server.post("/hook/statuspage/main?token=" + QUOTED, BEARERS["statuspage"])
    assert page.status == 202 and server.changes()[0]["service"] == "cdn"
    alerts = server.post("/hook/alertmanager/main?token=" + QUOTED, BEARERS["alertmanager"])
    assert len(alerts.json["changes"]) == 1  # of two: search is '-'
    assert "search" not in {c["service"] for c in server.changes()}


def test_batches_that_end_with_the_same_event_are_not_one(server):
    def event(number):
        return {"context": {"type": "dev.cdevents.service.deployed.0.3.0", "id": str(number), "source": "/s",
                            "timestamp": "2025-11-22T14:0%d:00Z" % number}, "subject": {"id": "web%d" % number}}

    def send(*numbers):
        body = [event(n) for n in numbers] if len(numbers) > 1 else event(numbers[0])
        return server.post("/hook/cdevents/main?token=" + QUOTED, json.dumps(body).encode()).json["fate"]
    assert [send(1, 3), send(2, 3), send(3), send(3)] == ["taken", "taken", "taken", "seen before"]
    assert sorted(c["service"] for c in server.changes()) == ["web1", "web2", "web3"]


def test_what_was_told_of_a_secret_parameter_is_not_kept(server):
    server.post("/hook/jenkins/ci?token=" + urllib.parse.quote(SECRET), payload("jenkins/started.json"))
    server.post("/hook/jenkins/ci?token=" + urllib.parse.quote(SECRET), payload("jenkins/finalized.json"))
    change, = server.changes()
    assert change["status"] == "succeeded" and change["end"] - change["start"] == pytest.approx(60.93)
    assert "hunter2" not in json.dumps(change) and "sesame" not in json.dumps(change)
    assert change["tags"]["REPLICAS"] == "3"


def test_a_delivery_that_comes_again_has_no_effect(server):
    event, body = told("success")
    first = github(server, event, body, delivery="d-1")
    again = github(server, event, dict(body, deployment=deployment(18)), delivery="d-1")
    assert again.status == 202 and again.json["fate"] == "seen before" and again.json["changes"] == []
    assert [c["id"] for c in server.changes()] == first.json["changes"]
    other = github(server, event, dict(body, deployment=deployment(18)), delivery="d-2")
    assert other.json["fate"] == "taken" and len(server.changes()) == 2


def test_what_is_no_change_is_answered_200_and_says_why(server):
    ping = github(server, "ping", {"zen": "Anything added dilutes everything else.", "hook_id": 1})
    assert ping.status == 200 and ping.json == {"fate": "ignored", "reason": "pong", "event": "ping", "changes": [],
                                                "commits": 0}
    event, body = told(transient_environment=True)
    assert "previews = on" in github(server, event, body).json["reason"]
    event, body = told(repo="acme/docs")
    assert "'-'" in github(server, event, body).json["reason"]
    assert server.changes() == []


def test_a_push_that_deploys_and_its_commits(server):
    body = {"ref": "refs/heads/main", "before": "a" * 40, "after": "c" * 40, "deleted": False, "forced": False,
            "compare": "https://github.com/acme/web-shop/compare/aaa...ccc", "sender": {"login": "nora"},
            "pusher": {"name": "nora", "email": "nora@example.org"},
            "repository": {"full_name": "acme/web-shop", "default_branch": "main", "pushed_at": 1795356000},
            "head_commit": {"id": "c" * 40, "message": "fix login\n\nfor good", "timestamp": "2026-11-22T13:00:00Z"},
            "commits": [{"id": x * 40, "message": "commit " + x, "timestamp": "2026-11-22T12:00:00Z"} for x in "bc"]}
    answer = github(server, "push", body)
    assert answer.status == 202 and answer.json["commits"] == 2, answer.text
    change, = server.changes()
    assert change["start"] == change["end"] == 1795356000 and change["rev"] == "c" * 40 and change["prev"] == "a" * 40
    assert change["msg"] == "fix login" and "example.org" not in json.dumps(change)
    assert github(server, "push", dict(body, ref="refs/heads/other")).json["fate"] == "ignored"
    repository = dict(body["repository"], default_branch="trunk")
    only_commits = github(server, "push", dict(body, ref="refs/heads/trunk", repository=repository))
    assert only_commits.status == 202 and only_commits.json["changes"] == [] and only_commits.json["reason"] == "2 commits"


def test_a_form_is_taken_as_github_sends_it(server):
    event, body = told("success")
    form = urllib.parse.urlencode({"payload": json.dumps(body)}).encode()
    answer = github(server, event, form, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 202 and answer.json["fate"] == "taken", answer.text


def test_a_push_of_three_megabytes_is_taken(server):
    event, body = told("success")
    answer = github(server, event, dict(body, filler="x" * (3 << 20)))
    assert answer.status == 202, answer.text


def test_bad_input_says_what_and_where(server):
    broken = github(server, "deployment", b'{"action": ')
    assert broken.status == 400 and "line 1" in broken.text
    assert "deployment.id is missing" in github(server, "deployment", {"repository": {"full_name": "a/b"}}).text
    odd = server.post("/hook/gihub/main", b"{}")
    assert odd.status == 404 and "/hook/github" in odd.text
    nameless = server.post("/hook/github", b"{}")
    assert nameless.status == 400 and "/hook/github/NAME" in nameless.text
    assert server.post("/hook/github/a%20b", b"{}").status == 400


def test_the_deliveries_page(server):
    github(server, *told("success"), delivery="d-1")
    github(server, *told("success"), delivery="d-1")
    github(server, *told("success"), secret="wrong")
    github(server, "ping", {"zen": "x"})
    github(server, "push", b"nonsense")
    rows = server.get("/hook/github/main", headers={"Accept": "application/json"}).ok().json
    assert [r["fate"] for r in rows] == ["failed", "ignored", "refused", "seen before", "taken"]
    assert rows[-1]["changes"] == [server.changes()[0]["id"]] and rows[-1]["delivery"] == "d-1"
    assert rows[-1]["event"] == "deployment_status success" and rows[-1]["peer"].startswith("127.0.0.1:")
    assert abs(rows[-1]["time"] - time.time()) < 60
    assert "does not fit the body" in rows[2]["reason"] and "not JSON" in rows[0]["reason"]
    text = server.get("/hook/github/main").ok()
    assert text.type == "text/plain" and len(text.text.splitlines()) == 6 and "2 secrets" in text.text
    for _ in range(30):
        github(server, "ping", {"zen": "x"})
    assert len(server.get("/hook/github/main?format=json").ok().json) == 20

    page = server.get("/hook", headers={"Accept": "application/json"}).ok().json
    hooks = {"%s/%s" % (h["source"], h["name"]): h for h in page["hooks"]}
    assert hooks["github/main"]["taken"] == 1 and hooks["github/main"]["ignored"] == 31
    assert hooks["jenkins/ci"]["taken"] == 0 and hooks["jenkins/ci"]["signed"] and not hooks["github/open"]["signed"]
    assert [s["name"] for s in page["sources"]] == sorted(s["name"] for s in page["sources"])
    assert "github/main" in server.get("/hook").ok().text


def test_a_hook_at_which_nothing_arrived_says_what_to_do(server):
    assert "Over there: " in server.get("/hook/gitlab/other").ok().text


def test_a_wrong_section_ends_the_start(tmp_path):
    conf = tmp_path / "plumb.conf"
    conf.write_text("[hook github/main]\nsercet = x\n")
    code, _, err = kit.run([kit.PLUMB, "serve", "--config", conf, "--data", tmp_path / "data", "--http", "127.0.0.1:0",
                            "--line", "off"])
    assert code != 0 and "plumb.conf:2" in err and "'secret'" in err, err


