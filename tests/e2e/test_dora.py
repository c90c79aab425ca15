"""The delivery metrics, from the ledger: API, command, series."""
import json
import time

import pytest

from kit.server import Server, plumb, wait_until

DAY = 86400
NOW = int(time.time())


def deploy(server, service, days_ago, **more):
    at = NOW - days_ago * DAY
    change = dict({"kind": "deploy", "service": service, "start": at, "end": at + 60, "status": "succeeded"}, **more)
    return server.post("/api/v1/changes", change).ok().json["id"]


@pytest.fixture
def history(server):
    ids = [deploy(server, "web", d, rev="r%d" % d, key="k%d" % d) for d in range(10, 1, -1)]
    deploy(server, "web", 1, rev="b", status="failed", key="broken")
    deploy(server, "web", 5, env="staging", key="s")
    deploy(server, "web", 40, key="old")
    deploy(server, "search/index", 3, key="x")
    server.post("/api/v1/changes", {"kind": "incident", "service": "web", "start": NOW - DAY, "end": NOW - DAY + 1800,
                                    "status": "succeeded", "caused_by": ids[-1]}).ok()
    return ids


def test_each_number_says_of_how_many(server, history):
    got = server.get("/api/v1/dora", {"service": "web"}).ok().json
    assert (got["deploys"], got["broken"], got["env"], got["days"]) == (9, 1, "production", 30)
    assert got["fail"]["n"] == 9 and abs(got["fail"]["value"] - 1 / 9) < 1e-9
    assert 0.01 < got["fail"]["low"] < 0.03 and 0.42 < got["fail"]["high"] < 0.45
    assert got["recovery_s"]["value"] == DAY + 1800 - 60 and got["recovery_s"]["low"] is None
    assert got["lead_s"] == {"value": None, "low": None, "high": None, "n": 0} and got["unknown_lead"] == 9
    assert [r["id"] for r in got["rows"]["deploys"]] == history
    assert [r["id"] for r in got["rows"]["failures"]] == [history[-1]]
    assert all(text.endswith(".") and len(text) < 200 for text in got["definitions"].values())


def test_by_service_and_by_time(server, history):
    got = server.get("/api/v1/dora", {"by": "service"}).ok().json
    assert [(s["service"], s["deploys"]) for s in got["services"]] == [("search/index", 1), ("web", 9)]
    got = server.get("/api/v1/dora", {"service": "web", "from": "-50d", "until": "-9d"}).ok().json
    assert got["deploys"] == 3
    assert server.get("/api/v1/dora", {"env": "staging"}).ok().json["deploys"] == 1
    for wrong in ({"by": "team"}, {"from": "x"}, {"from": NOW, "until": NOW - 5}, {"from": NOW + 5000}):
        assert server.get("/api/v1/dora", wrong).status == 400, wrong


def test_lead_time_comes_from_commits(server):
    shas = ["%040x" % (i + 0xa0000000) for i in range(3)]
    commits = [{"id": sha, "message": "m%d" % i, "timestamp": time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 7200 + 600 * i))} for i, sha in enumerate(shas)]
    push = {"ref": "refs/heads/main", "before": "0" * 40, "after": shas[2], "commits": commits,
            "repository": {"name": "web", "full_name": "x/web", "default_branch": "main"}}
    r = server.post("/hook/github/main", push, headers={"X-GitHub-Event": "push", "Content-Type": "application/json"})
    assert r.status in (200, 202) and r.json["commits"] == 3, r.text
    for i in (0, 2):
        at = NOW - 3600 + 60 * i
        server.post("/api/v1/changes", {"service": "web", "rev": shas[i], "start": at, "end": at + 10,
                                        "status": "succeeded"}).ok()
    got = server.get("/api/v1/dora", {"service": "web"}).ok().json
    assert got["lead_s"]["n"] == 2 and got["unknown_lead"] == 1
    assert got["lead_s"]["value"] == pytest.approx(3600 + 120 + 10 - 900, abs=1)


def test_the_command_says_it_in_words(server, history):
    code, out, err = plumb("dora", "web", "--rows", server=server, env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
    assert (code, err) == (0, "")
    assert "change fail rate  11 %  (2–43 %, 1 of 9)" in out
    assert "lead time         unknown: no commits of 9 deploys are known; push hooks or plumb ingest git" in out
    assert "elite" not in out and out.count("  r") >= 9 and history[-1][:10] in out
    code, out, _ = plumb("dora", server=server)
    assert code == 0 and [line.split("\t")[:2] for line in out.splitlines()] == [["search/index", "1"], ["web", "9"]]
    code, out, _ = plumb("dora", "web", "--since", str(NOW - 5 * DAY + 60), "--json", server=server)
    assert code == 0 and json.loads(out)["deploys"] == 3
    code, _, err = plumb("dora", "web", "--since", "never", server=server)
    assert code == 2 and "--since" in err
    assert plumb("dora", "a", "b", server=server)[0] == 2


def test_they_are_series(tmp_path):
    conf = tmp_path / "own.conf"
    conf.write_text("[collect]\nhost = off\nself = on\n")
    with Server(tmp_path, "--config", conf) as server:
        deploy(server, "web/checkout", 2, key="k")
        server.stop()
    with Server(tmp_path, "--config", conf) as server:  # the first points come at the start
        name = "dora.web.checkout.deploys"
        points = wait_until(lambda: [v for row in server.render(name, NOW - 900, NOW + 900)
                                     for v, _ in row["datapoints"] if v is not None], what="a point of " + name)
        assert points[-1] == 1
        assert server.get("/metrics/find", {"query": "dora.web.checkout.*"}).json
