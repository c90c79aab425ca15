"""plumb export and import: all of one ledger into another, and the lists of Graphite and Grafana."""
import json
import time

import pytest

from kit.server import Server, plumb

NOW = int(time.time())
DIFFERS = ("seq",)
NO_JUDGE = "[collect]\nhost = off\nself = off\n[impact]\ncpu-share = off\n"  # a verdict is a row of its own


@pytest.fixture
def server_args(tmp_path):
    path = tmp_path / "no_judge.conf"
    path.write_text(NO_JUDGE)
    return "--config", path


@pytest.fixture
def other(tmp_path, server_args):
    with Server(tmp_path / "other", *server_args) as server:
        yield server


def export(server, *args):
    code, out, err = plumb("export", *args, server=server)
    assert (code, err) == (0, ""), err
    return [json.loads(line) for line in out.splitlines()]


def without(changes):
    return [{k: v for k, v in c.items() if k not in DIFFERS} for c in changes]


def fill(server):
    post = lambda **c: server.post("/api/v1/changes", c).ok().json["id"]
    first = post(service="web", rev="aaaaaaa", start=NOW - 9000, end=NOW - 8990, msg="ünï \"q\"", key="k1", source="ci")
    post(kind="flag", service="web/x", start=NOW - 8000, old="off", new={"pct": 5}, tags={"team": "a"}, msg="flag")
    post(service="web", rev="bbbbbbb", start=NOW - 7000, action="rollback", of=first)
    post(kind="incident", start=NOW - 6000, status="running", ttl=7200, caused_by=first, url="http://x/1")
    gone = post(service="web", start=NOW - 5000, msg="never was")
    server.post("/api/v1/changes/%s/retract?why=typo&by=nora" % gone).ok()
    server.post("/events/", {"what": "posted <b>", "tags": "a b", "data": "line\nline", "when": NOW - 4000}).ok()
    server.send("events.deploy.search;rev=ccccccc 1 %d" % (NOW - 3000))
    server.flush()


def test_a_round_trip_changes_nothing(server, other, tmp_path):
    fill(server)
    was = export(server)
    assert [c["start"] for c in was] == sorted(c["start"] for c in was) and len(was) == 7
    assert sum(c["retracted"] for c in was) == 1
    path = tmp_path / "changes.jsonl"
    path.write_text("".join(json.dumps(c) + "\n" for c in was))
    for expected in ("7 new, 0 known already, 0 refused\n", "0 new, 7 known already, 0 refused\n"):
        assert plumb("import", str(path), server=other) == (0, expected, "")
        assert without(export(other)) == without(was)
    # and it is all there: lists, events, graphs, and what hangs on the ids
    assert len(other.changes()) == 6
    assert other.get("/api/v1/dora", {"service": "web"}).ok().json["failed"] == 1
    assert "line\\nline" in other.get("/events/get_data", {"from": NOW - 9999}).text
    row, = other.render("events.deploy.search", NOW - 3060, NOW - 2900)
    assert [v for v, _ in row["datapoints"] if v is not None] == [1]
    again = export(other, "--since", str(NOW - 7500), "--service", "web")
    assert [c["start"] for c in again] == [NOW - 7000, NOW - 5000]


def test_many_of_one_millisecond_go_over_pages(server, other):
    lines = "".join(json.dumps({"id": "01K0000000%016d" % i, "service": "s%d" % (i % 7), "start": NOW - 100,
                                "end": NOW - 90, "status": "succeeded", "source": "t", "msg": "m" * 500}) + "\n"
                    for i in range(3500))
    code, out, err = plumb("import", "-", server=server, input=lines, timeout=60)
    assert (code, out, err) == (0, "3500 new, 0 known already, 0 refused\n", "")
    was = export(server)
    assert len({c["id"] for c in was}) == 3500 and len(was) == 3500
    code, out, _ = plumb("import", "-", "--json", server=other, input="".join(json.dumps(c) + "\n" for c in was),
                         timeout=60)
    assert code == 0 and json.loads(out) == {"new": 3500, "merged": 0, "refused": 0}


def test_refused_lines_are_told_and_the_rest_goes_on(server):
    good = '{"service":"web","start":%d,"key":"a","source":"x"}' % (NOW - 50)
    lines = [good, "nonsense", "", '{"kind":"party","start":1}', '{"service":"web","id":"short","start":%d}' % NOW,
             '{"service":"web"}', good.replace('"a"', '"b"').replace("web", "api")]
    code, out, err = plumb("import", "-", server=server, input="\n".join(lines))
    assert (code, out) == (1, "2 new, 0 known already, 4 refused\n")
    for part in ("line 2: the body is not JSON", "line 4: kind 'party'", "line 5: id 'short'", "line 6: "):
        assert part in err, err
    assert len(server.changes()) == 2
    code, out, err = plumb("import", "-", server=server, input="[1,")
    assert code == 2 and "not JSON" in err
    assert plumb("import", "/nowhere", server=server)[0] in (1, 5)
    assert plumb("import", server=server)[0] == 2
    code, _, err = plumb("import", "-", server="http://127.0.0.1:1", input=good)
    assert code == 7 and "plumb import: " in err


def test_graphites_events_and_grafanas_annotations(server, other):
    server.post("/events/", {"what": "deploy it", "tags": ["deploy", "website"], "data": "d", "when": NOW - 60}).ok()
    server.post("/events/", {"what": "deploy it", "tags": ["deploy", "website"], "data": "d", "when": NOW - 60}).ok()
    listed = server.get("/events/get_data").ok().text
    for expected in ("2 new, 0 known already", "0 new, 2 known already"):
        code, out, err = plumb("import", "-", server=other, input=listed)
        assert code == 0 and out.startswith(expected), (out, err)
    keep = lambda s: [(e["what"], e["when"], e["tags"], e["data"]) for e in s.get("/events/get_data").json]
    assert keep(other) == keep(server)
    assert other.changes()[0]["kind"] == "deploy" and other.changes()[0]["service"] == "website"
    annotations = [{"id": 1, "time": (NOW - 30) * 1000, "timeEnd": (NOW - 10) * 1000, "text": "hi", "login": "nora",
                    "tags": ["ops"]}]
    for expected in ("1 new", "0 new, 1 known"):
        assert plumb("import", "-", server=other, input=json.dumps(annotations))[1].startswith(expected)
    got = [c for c in other.changes() if c["source"] == "grafana"][0]
    assert (got["msg"], got["by"], got["start"], got["end"]) == ("hi", "nora", NOW - 30, NOW - 10)


def test_export_says_when_nobody_answers():
    code, out, err = plumb("export", server="http://127.0.0.1:1")
    assert (code, out) == (7, "") and err
