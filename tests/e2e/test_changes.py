"""A deploy told by any door is a change, an event, and a line on every graph."""
import time

import pytest

from kit.png import Picture, groups, is_red
from kit.server import wait_until

HOUR, DAY, YEAR = 3600, 86400, 365 * 86400
NOW = int(time.time())


def told(server, n, **query):
    """The changes, oldest first, once there are n of them."""
    rows = wait_until(lambda: (lambda r: r if len(r) >= n else None)(server.changes(**query)),
                      what="%d changes" % n)
    return sorted(rows, key=lambda r: r["start"])


def lines_of(server, target, start, until):
    """[(series, time)] of every value that is not a gap."""
    return [(row["target"], at) for row in server.render(target, start, until)
            for v, at in row["datapoints"] if v is not None]


def test_an_event_line_is_a_change(server):
    at = NOW - 600
    server.send("events.deploy.website 1 %d" % at)
    change, = told(server, 1)
    assert (change["kind"], change["service"], change["start"]) == ("deploy", "website", at)
    assert change["status"] == "succeeded"
    event, = server.get("/events/get_data", {"from": at - 60, "until": at + 60}).ok().json
    assert event["when"] == at and "deploy" in event["tags"] and "website" in event["tags"]


def test_tags_of_the_line_fill_the_fields(server):
    at = NOW - 600
    server.send("events.deploy.website;env=staging;rev=4f2c1e9;by=nora;team=accounts 1 %d" % at,
                "events.deploy.website -1 %d" % (at + 60))
    first, second = told(server, 2)
    assert (first["env"], first["rev"], first["by"]) == ("staging", "4f2c1e9", "nora")
    assert first["tags"]["team"] == "accounts"
    assert second["action"] == "rollback"


def test_unknown_kinds_are_ordinary_metrics(server):
    at = NOW // 10 * 10 - 600
    server.send("events.party.office 3 %d" % at)
    server.wait_points(1)
    assert server.values("events.party.office", at - 10, at + 10) == {at: 3}
    assert server.changes() == []


@pytest.mark.parametrize("name, span", [("1 hour", HOUR), ("1 week", 7 * DAY), ("5 years", 5 * YEAR)])
def test_the_deploy_line_is_there_at_any_zoom(server, name, span):
    # Two of them a second apart: no bucket may swallow the pair's place, and one long ago.
    recent, old = NOW - 300, NOW - span + span // 10
    server.send("events.deploy.website 1 %d" % recent, "events.deploy.search 1 %d" % old)
    told(server, 2)
    start = NOW - span
    got = lines_of(server, "drawAsInfinite(events.deploy.*)", start, NOW)
    assert sorted(n for n, _ in got) == ["drawAsInfinite(events.deploy.search)",
                                         "drawAsInfinite(events.deploy.website)"]
    step = server.render("events.deploy.website", start, NOW)[0]["datapoints"]
    step = step[1][1] - step[0][1]
    for target, at in got:
        want = recent if "website" in target else old
        assert at <= want < at + step
    assert span // step <= 100000
    # And in the picture: two red lines at the right columns.
    width = 700
    png = server.get("/render", {"target": "color(drawAsInfinite(events.deploy.*),'red')", "from": start,
                                 "until": NOW, "width": width, "height": 200, "graphOnly": "true",
                                 "bgcolor": "white", "margin": 0, "yMin": 0, "yMax": 1}).ok()
    drawn = groups(Picture(png.body).columns(is_red), 2)
    wanted = [(at - start) / span * width for at in (old, recent)]
    assert len(drawn) == 2, drawn
    for columns, want in zip(drawn, wanted):
        assert abs(sum(columns) / len(columns) - want) < 15, (drawn, wanted)


def test_coarse_graphs_of_a_day_keep_every_deploy(server):
    times = [NOW - DAY + 600 + i * 3001 for i in range(25)]
    server.send(*["events.deploy.website 1 %d" % at for at in times])
    told(server, 25)
    row, = server.render("events.deploy.website", NOW - DAY, NOW)
    assert sum(1 for v, _ in row["datapoints"] if v is not None) == 25


def test_post_with_a_message(server):
    before = time.time()
    answer = server.post("/deploy/website?rev=4f2c1e9&by=nora", "fix login\n").ok()
    change = server.get("/api/v1/changes/" + answer.json["id"]).ok().json
    assert (change["kind"], change["service"], change["msg"]) == ("deploy", "website", "fix login")
    assert (change["rev"], change["by"], change["status"]) == ("4f2c1e9", "nora", "succeeded")
    assert before - 1 <= change["start"] <= time.time() + 1
    at = int(change["start"])
    assert [t for _, t in lines_of(server, "events.deploy.website", at - 60, at + 60)] == [at]
    assert [c["id"] for c in server.changes(service="website")] == [change["id"]]


def test_start_then_ok_is_one_change(server):
    first = server.post("/deploy/website/start", "fix login").ok().json
    assert server.changes()[0]["status"] == "running"
    assert server.changes()[0]["end"] is None
    second = server.post("/deploy/website/ok").ok().json
    assert second["id"] == first["id"] and second["merged"]
    change, = server.changes()
    assert change["status"] == "succeeded" and change["end"] >= change["start"]
    assert change["msg"] == "fix login"


def test_start_then_fail(server):
    server.post("/deploy/website/start").ok()
    server.post("/deploy/website/fail", "tests were red").ok()
    change, = server.changes()
    assert change["status"] == "failed"


def test_ok_without_a_start_is_not_found(server):
    answer = server.post("/deploy/website/ok")
    assert answer.status == 404 and "website" in answer.text


def test_rollback(server):
    server.post("/deploy/website/rollback", "back to the old one").ok()
    assert server.changes()[0]["action"] == "rollback"


def test_graphite_events_both_ways(server):
    at = NOW - 600
    server.post("/events/", {"what": "deploy web v1.2", "tags": ["deploy", "website"], "data": "4f2c1e9",
                             "when": at}).ok()
    server.post("/events/", {"what": "a note", "tags": "coffee kitchen", "when": at + 5}).ok()
    rows = server.get("/events/get_data", {"from": at - 60, "until": at + 60}).ok().json
    assert [(r["when"], r["what"]) for r in rows] == [(at, "deploy web v1.2"), (at + 5, "a note")]
    assert rows[0]["data"] == "4f2c1e9" and rows[0]["tags"] == ["deploy", "website"]
    only = server.get("/events/get_data", {"from": at - 60, "until": at + 60, "tags": "coffee"}).ok().json
    assert [r["what"] for r in only] == ["a note"]
    change, = server.changes(kind="deploy")
    assert change["service"] == "website"
    assert [t for _, t in lines_of(server, "events.deploy.website", at - 60, at + 60)] == [at]
    one = server.get("/events/%d/" % rows[0]["id"]).ok().json
    assert one["what"] == "deploy web v1.2"


def test_an_event_is_there_as_soon_as_it_is_posted(server):
    for i in range(20):  # in whatever part of a second
        server.post("/events/", {"what": "note %d" % i, "tags": "x"}).ok()
        assert len(server.get("/events/get_data").ok().json) == i + 1


def test_the_same_line_twice_is_one_change(server):
    at = NOW - 600
    server.send("events.deploy.website 1 %d" % at, "events.deploy.website 1 %d" % at,
                "events.deploy.search 1 %d" % at)
    assert [c["service"] for c in told(server, 2)] and len(server.changes()) == 2


def test_json_body_and_unknown_fields(server):
    answer = server.post("/api/v1/changes", {"kind": "flag", "service": "checkout", "msg": "5%",
                                             "start": NOW - 50, "colour": "blue"}).ok()
    change = server.get("/api/v1/changes/" + answer.json["id"]).ok().json
    assert change["kind"] == "flag" and change["tags"]["colour"] == "blue"
    wrong = server.post("/api/v1/changes", {"kind": "flag", "service": 7})
    assert wrong.status == 400 and "service" in wrong.text


def test_changes_are_drawn_without_a_target(server):
    server.send("web.logins 5 %d" % (NOW - 600), "events.deploy.website 1 %d" % (NOW - 300))
    told(server, 1)
    query = {"target": "web.logins", "from": NOW - 900, "until": NOW, "format": "png"}
    without = server.get("/render", query).ok().body
    with_all = server.get("/render", dict(query, changes="all")).ok().body
    assert Picture(with_all).rows != Picture(without).rows
