"""All render threads are busy: what is answered all the same, and what is given up."""
import os
import select
import socket
import time
import urllib.parse

import pytest

from kit import server as kit

# A target of a tenth of a second, as many times as no test waits for.
HEAVY = urllib.parse.urlencode([("target", "movingMedian(randomWalk('x'),'1d')")] * 600
                               + [("from", "-30d"), ("until", "now"), ("format", "json"), ("maxDataPoints", "1")])
N_HEAVY = 2 * max(2, os.cpu_count()) + 4  # more than there are threads
SOON_S = 15


def ask_heavy(server):
    s = socket.create_connection(server.http, timeout=SOON_S)
    s.sendall(("POST /render HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
               "Content-Length: %d\r\n\r\n%s" % (len(HEAVY), HEAVY)).encode())
    return s


def leave(clients):
    for client in clients:
        client.close()


QUICK = [("/ping", ""), ("/-/ready", ""), ("/-/healthy", ""), ("/version", "1.1"), ("/functions", "sumSeries"),
         ("/functions/scale", "scale"), ("/", "Plumbline"), ("/nowhere", "there is nothing")]


def test_what_costs_nothing_is_answered_beside_the_queue(server):
    clients = [ask_heavy(server) for _ in range(N_HEAVY)]
    for path, part in QUICK:
        assert part in server.get(path, timeout=SOON_S).text, path
    # No heavy render has ended yet: all threads were busy all the time.
    assert not select.select(clients, [], [], 0)[0]
    leave(clients)


def test_a_render_is_given_up_when_its_client_leaves(server):
    clients = [ask_heavy(server) for _ in range(N_HEAVY)]
    server.get("/ping").ok()
    assert not select.select(clients, [], [], 0.2)[0]
    leave(clients)
    # It stands behind all of them, those that run and those that wait.
    rows = server.get("/render", {"target": "constantLine(5)", "format": "json"}, timeout=SOON_S).ok().json
    assert rows[0]["datapoints"][0][0] == 5


def test_those_who_stay_are_answered_though_others_leave(server):
    leave([ask_heavy(server) for _ in range(N_HEAVY)])
    stays = [("target", "movingMedian(randomWalk('x'),'1d')")] * 3 + [("from", "-30d"), ("format", "json")]
    rows = server.get("/render", stays, timeout=SOON_S).ok().json
    assert len(rows) == 3


def test_a_change_is_kept_though_its_sender_did_not_wait(server):
    clients = [ask_heavy(server) for _ in range(N_HEAVY)]
    with socket.create_connection(server.http, timeout=SOON_S) as s:
        s.sendall(b"POST /deploy/website HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nv7")
    leave(clients)
    kit.wait_until(lambda: server.changes(service="website"), what="the change")


def test_the_time_limit_is_named(tmp_path):
    conf = tmp_path / "short.conf"
    conf.write_text("[query]\nmax-time = 300\n[collect]\nhost = off\nself = off\n")
    with kit.Server(tmp_path, "--config", conf) as server:
        answer = server.post("/render", HEAVY, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 413
        for part in ("query.max-time", "300 ms", "raise max-time in [query]"):
            assert part in answer.text
        server.get("/render", {"target": "constantLine(5)", "format": "json"}).ok()


def page_faults(server):
    with open("/proc/%d/stat" % server.process.pid) as f:
        return int(f.read().rsplit(")", 1)[1].split()[7])


def is_sanitized(server):
    with open("/proc/%d/maps" % server.process.pid) as f:
        return "libasan" in f.read()


def test_a_wide_render_uses_the_memory_of_the_one_before(server):
    if is_sanitized(server):
        pytest.skip("the sanitizer's own heap keeps nothing")
    now = int(time.time())
    server.send(*["wide.s%d 1 %d" % (i, now) for i in range(2000)])
    server.wait_points(2000)
    wide = {"target": "highestMax(wide.*,1)", "from": now - 3600, "until": now, "format": "json"}
    for _ in range(4 * max(2, os.cpu_count())):  # every render thread has had some
        server.get("/render", wide).ok()
    before = page_faults(server)
    for _ in range(10):
        server.get("/render", wide).ok()
    pages = 2000 * 60 * 8 // 4096  # of the values alone, at a point a minute
    faults = page_faults(server) - before
    assert faults < 5 * pages, "ten renders took their memory from the kernel again: %d page faults" % faults
