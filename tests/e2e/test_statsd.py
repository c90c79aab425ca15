"""StatsD over real sockets, beside Etsy's own statsd: the same packets, the same names and the same numbers."""
import json
import os
import socket
import time

import pytest

from kit import statsd_peer
from kit.server import ROOT, Server, wait_until

GOLDEN = os.path.join(ROOT, "tests", "golden", "statsd.json")
HELLO = b"hello:1|c"
# Times and sizes of the program itself.
OWN = ("graphiteStats", "processing_time", "timestamp_lag")
PERCENTS = [90, 99.9, -20]

LINES = {
    "counters": "hits:1|c\nhits:2|c|@0.1\nhits:-3.5|c\nnothing:0|c\nthird:1|c|@0.3\nhits\nhits:|c\nhits:x|c\nhits:1\n"
                "hits:1|c|0.1\nodd:1|zzz\nmany:1|c:2|c:3|c|@0.5",
    "gauges": "g:10|g\ng:-4|g\ng:+0.5|g\nnew:-3|g\nplus:+3|g\nbig:1e300|g\nzero:5|g\nzero:0|g\nzero:+2|g\nbad:x|g",
    "timers": "\n".join("t:%s|ms" % v for v in (320, 11.5, 7, 7, 1000, 0.25, 3)) +
              "\none:5|ms\ntwo:1|ms\ntwo:2|ms\nsampled:5|ms|@0.1\nsampled:7|ms\nbad:-1|ms\n" +
              "\n".join("long:%d|ms" % (i * 37 % 1000) for i in range(400)),
    "sets": "s:1|s\ns:2|s\ns:1|s\ns:|s\ns:0|s\nwords:a b|s\nwords:a|s\nwords:\xc3\xa9|s",
    "names": "a b:1|c\na\t \tb:1|c\nx/y:1|c\nq(r)%s:1|c\n.lead:1|c\ntail.:1|c\nUPPER-case_9:1|g\n\n\nlast:1|c",
    "tags": "tagged:1|c|#env:prod,dc:a\ntagged:2|c|#env:prod\ntagged;env=prod:4|c\nt:5|ms|#env:prod\ng:1|g|#x:1\n"
            "s:1|s|#x:a/b c\nrate:1|c|@0.5|#x:1",
    "line ends": "a:1|c\r\nb:2|g\r\nc:3|ms\r\nd:4|c|@0.5\r\n",
}
PACKET = "\n".join(LINES.values())  # in one piece, so that no flush comes in between


@pytest.fixture
def counting(tmp_path):
    """A server that flushes every second, and keeps seconds."""
    config, schemas = tmp_path / "plumb.conf", tmp_path / "schemas.conf"
    config.write_text("[collect]\nhost = off\nself = off\n[statsd]\nflush-interval = 1s\npercent-threshold = %s\n"
                      % ", ".join(map(str, PERCENTS)))
    schemas.write_text("[all]\npattern = .*\nretentions = 1s:1d\n")
    with Server(tmp_path, "--config", config, "--schemas", schemas, "--statsd", "127.0.0.1:0") as s:
        s.began = int(time.time()) - 1
        yield s
        assert s.is_alive(), s.said()[-2000:]


def send(server, packet):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(packet, server.statsd)


def values(server, name):
    rows = server.render(name, server.began, "now")
    return {at: v for v, at in rows[0]["datapoints"] if v is not None} if rows else {}


def told(server, name, least=1):
    """{time: value} of the series, once `least` of the values are not 0."""
    def enough():
        got = values(server, name)
        return sum(1 for v in got.values() if v) >= least and got
    return wait_until(enough, what="%d values of %s" % (least, name), every=0.05)


def flushes(server):
    """Every flush so far as {name: value}, oldest first, but for the one that may be under way. Those that come while
    this asks for one name after the other are seen by none."""
    until = int(time.time())
    rows = server.render("seriesByTag('name=~.')", server.began, until)
    for name in server.get("/metrics/index.json").ok().json:
        rows += server.render(name, server.began, until)
    by_time = {}
    for row in rows:
        for value, at in row["datapoints"]:
            if value is not None:
                by_time.setdefault(at, {})[statsd_peer.canonical(row["target"])] = value
    return [by_time[at] for at in sorted(by_time)][:-1]


def after(all_flushes, n):
    """The first flush that counted the n-th packet, and the one after it."""
    packets = [flush.get("stats_counts.statsd.packets_received", 0) for flush in all_flushes]
    with_packets = [i for i, count in enumerate(packets) if count]
    if len(with_packets) < n or with_packets[n - 1] + 1 >= len(all_flushes):
        return None
    return all_flushes[with_packets[n - 1]:][:2]


def without_own(flush):
    return {name: value for name, value in flush.items() if not any(word in name for word in OWN)}


def normal(name):
    """Empty nodes are put right when a series is made."""
    path, *tags = name.split(";")
    return ";".join([".".join(node for node in path.split(".") if node)] + tags)


def asked_of_the_peer(folder, packet):
    with statsd_peer.Peer(folder, json.dumps(PERCENTS)) as peer:
        peer.send(HELLO)
        wait_until(lambda: after(peer.flushes, 1), what="two flushes of statsd")
        peer.send(packet)
        flush, idle = wait_until(lambda: after(peer.flushes, 2), what="two more of them")
    return [{normal(n): v for n, v in without_own(f).items()} for f in (flush, idle)]


def recorded():
    with open(GOLDEN) as f:
        golden = json.load(f)
    assert golden["packet"] == PACKET, "record it again: PLUMB_GOLDEN=write, with statsd installed"
    return golden["flushes"]


def test_names_and_numbers_are_etsys(counting):
    send(counting, HELLO)
    wait_until(lambda: after(flushes(counting), 1), what="two flushes", every=0.1)
    send(counting, PACKET.encode("latin-1"))
    got = wait_until(lambda: after(flushes(counting), 2), what="two more", every=0.1)
    for mine, theirs in zip(got, recorded()):
        assert without_own(mine) == pytest.approx(theirs, rel=1e-12, abs=0)


@pytest.mark.skipif(not statsd_peer.is_there(), reason="statsd is not installed: tools/setup test does so where npm is")
def test_etsys_statsd_still_says_so(tmp_path):
    """The recording is what the real one says now."""
    got = asked_of_the_peer(tmp_path, PACKET.encode("latin-1"))
    if os.environ.get("PLUMB_GOLDEN") == "write":
        with open(GOLDEN, "w") as f:
            json.dump({"statsd": statsd_peer.VERSION, "packet": PACKET, "flushes": got}, f, indent=1, sort_keys=True)
            f.write("\n")
    assert got == recorded()


def test_tcp_lines_are_cut_anywhere(counting):
    with socket.create_connection(counting.statsd) as s:
        for part in (b"hits:1|c\nhi", b"ts:2|c\nhits:4", b"|c"):
            s.sendall(part)
    assert sum(told(counting, "stats_counts.hits").values()) == 7


def test_nc_sends_a_counter(counting):
    from kit.server import run
    host, port = counting.statsd
    run(["nc", "-u", "-q0", "-w1", host, port], input="from.nc:3|c")
    assert sum(told(counting, "stats_counts.from.nc").values()) == 3


def test_a_counter_that_is_a_change(counting):
    send(counting, b"events.deploy.website:1|c")
    change, = wait_until(counting.changes, what="the change")
    assert (change["kind"], change["service"], change["value"]) == ("deploy", "website", 1)
    assert abs(change["start"] - time.time()) < 30
    send(counting, b"events.deploy.website:1|c|#rev:4f2c1e9,by:nora@example.org,env:staging")
    change = wait_until(lambda: [c for c in counting.changes() if c["rev"]], what="the change with its tags")[0]
    assert (change["rev"], change["by"], change["env"]) == ("4f2c1e9", "nora@example.org", "staging")
    send(counting, HELLO)
    told(counting, "stats_counts.hello")
    assert "events" not in json.dumps([n for n in counting.get("/metrics/index.json").json if n.startswith("stats")])


def test_an_event_is_a_change(counting):
    at = int(time.time()) - 100
    title, text = "fix login \u00e9".encode(), b"first line\\nsecond"
    event = b"_e{%d,%d}:%s|%s|d:%d|k:ab-1|t:success|#kind:deploy,service:website,version:4f2,by:nora,team:web" % (
        len(title), len(text), title, text, at)
    send(counting, event)
    change, = wait_until(counting.changes, what="the change")
    assert (change["kind"], change["service"], change["rev"], change["by"]) == ("deploy", "website", "4f2", "nora")
    assert (change["msg"], change["key"], change["source"]) == (title.decode(), "ab-1", "statsd")
    assert change["start"] == at and change["status"] == "succeeded"
    assert change["tags"] == {"alert_type": "success", "team": "web"}
    event, = counting.get("/events/get_data", {"from": at - 10, "until": at + 10}).ok().json
    assert event["data"] == "first line\nsecond"
    send(counting, b"_e{5,0}:hello|")
    wait_until(lambda: [c for c in counting.changes() if c["kind"] == "note" and c["msg"] == "hello"], what="the note")


def test_what_is_refused_is_told(counting):
    send(counting, b"hello\na:x|c\na:1|c|@0\n_e{9,9}:a|b\n_e{1,1}:a|b|#kind:deploy,service:no such\n_sc|db|0")
    counting.wait_refused(5)
    wait_until(lambda: counting.stats()["ingest.service_checks"] == 1, what="the service check")
    rejects = counting.rejects()
    assert {r["line"]: r["reason"] for r in rejects["rejects"]} == {
        "hello": "fields", "a:x|c": "value", "a:1|c|@0": "rate", "_e{9,9}:a|b": "change",
        "_e{1,1}:a|b|#kind:deploy,service:no such": "change"}
    assert all(r["why"] for r in rejects["rejects"])
    assert sum(told(counting, "stats_counts.statsd.bad_lines_seen").values()) == 5


def test_what_is_summed_up_survives_a_stop(tmp_path):
    config, schemas = tmp_path / "plumb.conf", tmp_path / "schemas.conf"
    config.write_text("[collect]\nhost = off\nself = off\n[statsd]\nflush-interval = 3s\n")
    schemas.write_text("[all]\npattern = .*\nretentions = 1s:1d\n")  # so that each flush has a point of its own
    with Server(tmp_path, "--config", config, "--schemas", schemas, "--statsd", "127.0.0.1:0") as s:
        s.began = int(time.time()) - 20
        send(s, b"hits:7|c\nevents.deploy.web:1|c")
        wait_until(s.changes, what="the packet is read")
    with s:  # told as of the end of its interval
        assert [v for v in told(s, "stats_counts.hits").values() if v] == [7]
