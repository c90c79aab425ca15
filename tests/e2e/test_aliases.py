"""Scripts written for Grafana and Honeycomb work with another host: the requests are those that their
documentation and their clients send."""
import json
import time

import pytest

from kit.server import run

NOW = int(time.time())
MS = NOW * 1000


def curl(server, path, *args):
    """curl as people paste it: (status, body)."""
    code, out, err = run(["curl", "-sS", "-w", "\n%{http_code}", server.url + path, *args])
    assert code == 0, err
    body, _, status = out.rpartition("\n")
    return int(status), body


BEARER = ["-H", "Authorization: Bearer eyJrIjoiT0tTcG1pUlY2RnVKZTFVaDFsNFZXdE9ZWmNrMkZYbk",
          "-H", "Accept: application/json", "-H", "Content-Type: application/json"]


def annotate(server, **body):
    status, text = curl(server, "/api/annotations", "-X", "POST", *BEARER, "-d", json.dumps(body))
    assert status == 200, text
    return json.loads(text)


# -- Grafana --

def test_an_annotation_is_a_change_with_a_line_on_graphs(server):
    at = NOW - 600
    reply = annotate(server, dashboardUID="jcIIG-07z", panelId=2, time=at * 1000, timeEnd=(at + 90) * 1000,
                     tags=["deploy", "website", "env:staging"], text="Annotation Description")
    assert reply["message"] == "Annotation added" and isinstance(reply["id"], int) and "warning" not in reply
    change, = server.changes()
    assert (change["kind"], change["service"], change["env"]) == ("deploy", "website", "staging")
    assert (change["start"], change["end"], change["status"]) == (at, at + 90, "succeeded")
    assert change["msg"] == "Annotation Description" and change["source"] == "grafana"
    assert at in server.values("events.deploy.website", at - 60, at + 60)


def test_start_now_and_end_later_by_the_id(server):
    start = MS - 600000
    number = annotate(server, time=start, tags=["deploy", "website"], text="fix login")["id"]
    status, text = curl(server, "/api/annotations/%d" % number, "-X", "PATCH", *BEARER,
                        "-d", json.dumps({"timeEnd": start + 60000, "text": "fixed login"}))
    assert (status, json.loads(text)) == (200, {"message": "Annotation patched"})
    # The number still means it, although it was told of again since.
    status, text = curl(server, "/api/annotations/%d" % number, "-X", "PUT", *BEARER,
                        "-d", json.dumps({"time": start, "timeEnd": start + 90000, "text": "fixed it",
                                          "tags": ["deploy", "website"]}))
    assert (status, json.loads(text)) == (200, {"message": "Annotation updated"})
    change, = server.changes()
    assert (round(change["end"] - change["start"]), change["msg"]) == (90, "fixed it")
    event, = server.get("/events/get_data").ok().json
    assert event["id"] == number


def test_a_restarted_job_tells_it_once(server):
    body = {"time": MS - 60000, "tags": ["deploy", "website"], "text": "fix login"}
    assert annotate(server, **body) == annotate(server, **body)
    assert len(server.changes()) == 1


def test_seconds_are_recognised(server):
    reply = annotate(server, time=NOW - 60, tags=["deploy", "website"], text="in seconds")
    assert "seconds" in reply["warning"]
    assert server.changes()[0]["start"] == NOW - 60


def test_a_marker_without_a_service_never_breaks_the_deploy(server):
    annotate(server, tags=["deploy"], text="who knows what")
    annotate(server, text="no tags at all")
    assert [c["kind"] for c in server.changes()] == ["note", "note"]


def test_graphite_annotations(server):
    status, text = curl(server, "/api/annotations/graphite", "-X", "POST", *BEARER, "-d", json.dumps(
        {"what": "Event - deploy", "tags": ["deploy", "website"], "when": NOW - 60,
         "data": "deploy of master branch happened"}))
    reply = json.loads(text)
    assert status == 200 and reply["message"] == "Graphite annotation added" and reply["id"] > 0
    change, = server.changes()
    assert (change["kind"], change["service"], change["start"]) == ("deploy", "website", NOW - 60)


def test_annotations_are_read_back(server):
    annotate(server, time=MS - 600000, tags=["deploy", "website"], text="one")
    annotate(server, time=MS - 300000, tags=["deploy", "search"], text="two")
    server.post("/config/website", "by another door").ok()
    query = "?from=%d&to=%d&limit=100" % (MS - 700000, time.time() * 1000 + 60000)  # NOW may be long ago
    rows = json.loads(curl(server, "/api/annotations" + query + "&tags=deploy", *BEARER)[1])
    assert [r["text"] for r in rows] == ["two", "one"]
    assert rows[1]["time"] == rows[1]["timeEnd"] == MS - 600000
    assert {"deploy", "website"} <= set(rows[1]["tags"])
    rows = json.loads(curl(server, "/api/annotations" + query + "&tags=config&tags=website", *BEARER)[1])
    assert [r["text"] for r in rows] == ["by another door"]
    assert json.loads(curl(server, "/api/annotations?from=%d&to=%d" % (MS - 350000, MS - 250000))[1])[0]["text"] \
        == "two"


def test_nothing_is_deleted_and_other_doors_are_safe(server):
    number = annotate(server, tags=["deploy", "website"], text="one")["id"]
    status, text = curl(server, "/api/annotations/%d" % number, "-X", "DELETE", *BEARER)
    assert status == 501 and "never deleted" in text and "retract" in json.loads(text)["hint"]
    other = server.post("/deploy/search", "by hand").ok().json
    status, text = curl(server, "/api/annotations/%d" % other["seq"], "-X", "PATCH", *BEARER, "-d", '{"text":"x"}')
    assert status == 403 and other["id"] in json.loads(text)["hint"]
    assert len(server.changes()) == 2


@pytest.mark.parametrize("body, part", [
    ("{", "JSON"), ('{"time":1}', "text"), ('{"text":"x","time":"noon"}', "time"), ('{"text":"x","tags":7}', "tags"),
    ('{"text":"x","time":%d,"timeEnd":%d}' % (MS, MS - 60000), "end is before start")],
    ids=["no JSON", "no text", "a time in words", "tags that are none", "an end before the start"])
def test_what_is_wrong_is_told(server, body, part):
    status, text = curl(server, "/api/annotations", *BEARER, "-d", body)
    assert status == 400 and part in json.loads(text)["error"]
    assert server.changes() == []


def test_secrets_are_blotted_out(server):
    annotate(server, tags=["deploy", "website"], text="ran with password=hunter2")
    assert server.changes()[0]["msg"] == "ran with password=***"


# -- Honeycomb --

TEAM = ["-H", "X-Honeycomb-Team: YOUR_API_KEY"]


def mark(server, dataset, method="POST", **body):
    status, text = curl(server, "/1/markers/" + dataset, "-X", method, *TEAM, "-d", json.dumps(body))
    return status, json.loads(text)


def test_a_marker_is_a_change(server):
    status, marker = mark(server, "website", message="backend deploy #123", type="deploy", url="http://ci/123",
                          start_time=NOW - 60)
    assert status == 201
    assert (marker["message"], marker["type"], marker["start_time"]) == ("backend deploy #123", "deploy", NOW - 60)
    assert isinstance(marker["id"], str) and marker["created_at"].endswith("Z") and marker["url"] == "http://ci/123"
    change, = server.changes()
    assert (change["kind"], change["service"], change["url"]) == ("deploy", "website", "http://ci/123")
    assert change["source"] == "honeycomb"


def test_a_marker_is_ended_and_listed(server):
    # honeymarker leaves out what its flags did not say, or sends 0 and "".
    status, marker = mark(server, "website", message="deploy", type="deploys", start_time=NOW - 60, end_time=0, url="")
    assert status == 201
    status, ended = mark(server, "website/" + marker["id"], "PUT", end_time=NOW)
    assert status == 200 and (ended["id"], ended["end_time"]) == (marker["id"], NOW)
    status, text = curl(server, "/1/markers/website", *TEAM)
    listed, = json.loads(text)
    assert status == 200 and (listed["start_time"], listed["end_time"]) == (NOW - 60, NOW)
    assert listed["id"] == marker["id"]  # and not that of what was told since
    assert server.changes()[0]["end"] == NOW
    assert curl(server, "/1/markers/website/" + marker["id"], "-X", "DELETE", *TEAM)[0] == 501


def test_of_all_datasets(server):
    status, _ = mark(server, "__all__", message="cluster upgraded", type="maintenance")
    assert status == 201 and server.changes()[0]["kind"] == "note"
