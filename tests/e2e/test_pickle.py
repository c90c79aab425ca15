"""Carbon's pickle protocol: Python's own pickles of every protocol, and Debian's carbon-relay in front."""
import os
import pickle
import socket
import struct
import time

import pytest

from kit.server import Server, ended, free_port, spawn, wait_until

AT = int(time.time()) // 10 * 10 - 100


@pytest.fixture
def pickling(tmp_path):
    with Server(tmp_path, "--pickle", "127.0.0.1:0", "--statsd", "127.0.0.1:0") as s:
        yield s
        assert s.is_alive(), s.said()[-2000:]


def frame(points, protocol):
    body = pickle.dumps(points, protocol=protocol)
    return struct.pack("!L", len(body)) + body


def send(server, data):
    with socket.create_connection(server.pickle) as s:
        s.sendall(data)


def is_closed(s):
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(pickling, protocol):
    points = [("p.a", (AT, 1.5)), ("p.b", (float(AT), -7)), ["p.c", [AT, 2**40]], ("p.d;host=web1", (str(AT), "0.25")),
              ("p.\u00e9\u20ac", (AT, True)), ("p.a", (AT + 10, 10**20))]
    many = [("p.many.s%d" % i, (AT, i)) for i in range(3000)]
    send(pickling, frame(points, protocol) + frame(many, protocol))
    pickling.wait_points(3006)
    assert pickling.stats()["ingest.refused"] == 0, pickling.rejects()
    for name, want in (("p.a", {AT: 1.5, AT + 10: 1e20}), ("p.b", {AT: -7}), ("p.c", {AT: 2**40}),
                       ("p.\u00e9\u20ac", {AT: 1}), ("seriesByTag('host=web1')", {AT: 0.25})):
        assert pickling.values(name, AT - 10, AT + 10) == want, name
    rows = pickling.render("p.many.*", AT - 10, AT)
    assert sorted(v for r in rows for v, _ in r["datapoints"] if v is not None) == list(range(3000))


def test_names_as_bytes(pickling):
    send(pickling, frame([(b"p.bytes", (AT, 3))], 3))
    pickling.wait_points(1)
    assert pickling.values("p.bytes", AT - 10, AT) == {AT: 3}


def test_a_change_line_is_a_change(pickling):
    send(pickling, frame([("events.deploy.website;rev=4f2", (AT, 1))], 2))
    change, = wait_until(pickling.changes, what="the change")
    assert (change["service"], change["rev"], change["start"]) == ("website", "4f2", AT)


def test_a_bad_item_harms_no_other(pickling):
    send(pickling, frame([("p.a", (AT, 1)), ("p a", (AT, 1)), ("p.b", AT), ("p.c", (AT, None)), ("p.d", (AT, 4))], 2))
    pickling.wait_points(2)
    pickling.wait_refused(3)
    assert pickling.values("p.d", AT - 10, AT) == {AT: 4}
    assert sorted(r["reason"] for r in pickling.rejects()["rejects"]) == ["fields", "name", "value"]


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/plumb-was-here",)


@pytest.mark.parametrize("data, why", [
    (frame([("p.x", (AT, Evil()))], 2), "is not taken"),
    (frame({"p.x": (AT, 1)}, 4), "is not taken"),
    (frame("p.x", 2), "not a list"),
    (b"web.logins 412 1291803600\n", "plaintext lines go to"),
    (b"GET / HTTP/1.1\r\n\r\n", "plaintext lines go to"),
    (struct.pack("!L", 2**20 + 1) + b"x" * 100, "1048577 bytes"),
], ids=["a call", "a dictionary", "a text", "a line", "a browser", "too long"])
def test_garbage_ends_the_connection(pickling, data, why):
    with socket.create_connection(pickling.pickle) as bad, socket.create_connection(pickling.pickle) as good:
        bad.settimeout(15)
        bad.sendall(data)
        assert is_closed(bad)
        good.sendall(frame([("p.good", (AT, 1))], 2))
        pickling.wait_points(1)
    reject, = pickling.rejects()["rejects"]
    assert reject["reason"] in ("pickle", "too-long") and why in reject["why"], reject
    assert not os.path.exists("/tmp/plumb-was-here")


RELAY = """
[relay]
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = %(line)d
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = %(pickle)d
RELAY_METHOD = consistent-hashing
DESTINATION_PROTOCOL = pickle
DESTINATIONS = %(destination)s
STORAGE_DIR = %(folder)s
LOG_DIR = %(folder)s
PID_DIR = %(folder)s
CARBON_METRIC_INTERVAL = 0
MAX_QUEUE_SIZE = 10000
"""
CARBON_RELAY = "/usr/bin/carbon-relay"


def can_connect(addr):
    try:
        socket.create_connection(addr, 1).close()
    except OSError:
        return False
    return True


def test_carbon_relay_forwards_to_it(pickling, tmp_path):
    """Graphite's own relay, whose default way onwards is pickle."""
    assert os.path.exists(CARBON_RELAY), "graphite-carbon is not installed: run tools/setup test"
    folder = tmp_path / "relay"
    folder.mkdir()
    line = free_port()
    conf = folder / "carbon.conf"
    conf.write_text(RELAY % {"line": line, "pickle": free_port(), "folder": folder,
                             "destination": "%s:%d:a" % pickling.pickle})
    (folder / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 10s:1d\n")
    process = spawn(["/usr/bin/python3", CARBON_RELAY, "--nodaemon", "--config=%s" % conf, "start"], cwd=folder,
                    stdout=-3, stderr=-3, env={"GRAPHITE_ROOT": str(folder), "GRAPHITE_CONF_DIR": str(folder)})
    try:
        wait_until(lambda: can_connect(("127.0.0.1", line)), 30, "carbon-relay listens", every=0.1)
        with socket.create_connection(("127.0.0.1", line)) as s:
            s.sendall(b"".join(b"relayed.s%d %d.5 %d\n" % (i, i, AT) for i in range(2000)))
        pickling.wait_points(2000, 30)
        assert pickling.stats()["ingest.refused"] == 0, pickling.rejects()
        assert pickling.values("relayed.s1234", AT - 10, AT) == {AT: 1234.5}
    finally:
        process.terminate()
        process.wait(20)
        ended(process)
