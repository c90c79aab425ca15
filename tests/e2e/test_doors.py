"""One deploy through five doors at once: the wrapper around it, GitHub before and after it, a curl and Etsy's line
from inside it. It is one row and one announcement, whatever comes first."""
import json
import os
import subprocess
import time

from kit.server import PLUMB, Server, spawn, wait_until
from peers import HttpPeer

SHA = "4f2c1e9aa0c14f2c1e9aa0c14f2c1e9aa0c14f2c"


def utc(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def github(server, event, began, state=None):
    body = {"action": "created", "sender": {"login": "nora-gh"},
            "repository": {"full_name": "acme/website", "default_branch": "main"},
            "deployment": {"id": 77, "sha": SHA, "ref": "main", "task": "deploy", "environment": "production",
                           "description": "from Actions", "creator": {"login": "nora-gh"}, "created_at": utc(began),
                           "payload": {}}}
    if state:
        body["deployment_status"] = {"state": state, "description": "", "environment": "production",
                                     "created_at": utc(time.time()), "log_url": "https://ci.example/77"}
    answer = server.post("/hook/github/main", json.dumps(body).encode(), headers={
        "X-GitHub-Event": event, "X-GitHub-Delivery": "%s-%s" % (event, state), "Content-Type": "application/json"})
    assert answer.status == 202, answer.text


DEPLOY = """
curl -sS -o answer -d "by hand" "%(url)s/deploy/website?rev=4f2c1e9" &&
echo "events.deploy.website 1 $(date +%%s)" > /dev/tcp/%(host)s/%(port)d
"""


CONF = """[collect]
host = off
self = off
[announce hook]
type = webhook
url = %s/in
allow = 127.0.0.0/8
"""


def test_one_deploy_through_five_doors_is_one_change_and_one_announcement(tmp_path):
    conf = tmp_path / "plumb.conf"
    with HttpPeer() as peer:
        conf.write_text(CONF % peer.url)
        with Server(tmp_path, "--config", conf) as server:
            change = five_doors(server, tmp_path)
            peer.wait(2)
            server.post("/deploy/other", "the next one")  # told behind all that is told of the first
            told = [(a.json["type"], a.json["data"]["service"]) for a in peer.wait(3)]
            assert told == [("change.start", "website"), ("change.end", "website"), ("change.end", "other")]
            assert peer.wait(2)[1].json["data"]["id"] == change["id"]


def five_doors(server, tmp_path):
    began = time.time()
    github(server, "deployment", began)
    github(server, "deployment_status", began, "in_progress")
    script = DEPLOY % {"url": server.url, "host": server.line[0], "port": server.line[1]}
    wrapper = spawn([PLUMB, "deploy", "website", "-m", "fix login", "--by", "nora", "--", "bash", "-c", script],
                    env={"PLUMB_URL": server.url, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)},
                    cwd=tmp_path, stderr=subprocess.PIPE)
    said = wrapper.communicate(timeout=30)[1]
    assert wrapper.returncode == 0, said
    assert os.path.getsize(tmp_path / "answer") > 0
    github(server, "deployment_status", began, "success")
    wait_until(lambda: any(d["source"] == "line" for c in server.changes() for d in c["also"]), 10, "the line")
    change, = server.changes()
    assert change["status"] == "succeeded" and change["end"] >= change["start"]
    assert change["rev"] == SHA and change["source"] == "hook/github"
    assert {d["source"] for d in change["also"]} == {"cli", "http", "line"}
    values = server.render("events.deploy.website", int(began) - 60, int(time.time()) + 10)[0]["datapoints"]
    assert sum(v or 0 for v, _ in values) == 1  # one line on every graph
    return change


def test_two_deploys_in_a_row_stay_two(tmp_path):
    with Server(tmp_path) as server:
        for rev in ("aaaaaaa1", "bbbbbbb2"):
            wrapper = spawn([PLUMB, "deploy", "website", "--rev", rev, "--", "true"],
                            env={"PLUMB_URL": server.url, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)})
            assert wrapper.wait(30) == 0
            server.send("events.deploy.website;rev=%s 1 %d" % (rev, time.time()))
        wait_until(lambda: sum(len(c["also"]) for c in server.changes()) == 2, 10, "both lines")
        assert [c["rev"] for c in server.changes()] == ["bbbbbbb2", "aaaaaaa1"]
