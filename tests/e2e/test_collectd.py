"""Real senders: Debian's collectd (write_graphite over TCP), and nc."""
import shutil
import socket
import time

import pytest

from kit.server import run, spawn, ended, wait_until

NOW = int(time.time())
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:1d\n"
COLLECTD = """
Hostname "testhost"
FQDNLookup false
Interval 1
BaseDir "%(folder)s"
PIDFile "%(folder)s/collectd.pid"
LoadPlugin load
LoadPlugin cpu
LoadPlugin memory
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "%(folder)s/collectd.log"
</Plugin>
LoadPlugin write_graphite
<Plugin write_graphite>
  <Node "plumb">
    Host "%(host)s"
    Port "%(port)d"
    Protocol "tcp"
    Prefix "collectd."
    StoreRates true
    %(more)s
  </Node>
</Plugin>
"""


def program(name):
    path = shutil.which(name) or shutil.which("/usr/sbin/" + name)
    assert path, "%s is not installed: run tools/setup test" % name
    return path


@pytest.fixture
def seconds(tmp_path):
    """A server that keeps seconds."""
    from kit.server import Server
    path = tmp_path / "schemas.conf"
    path.write_text(SCHEMAS)
    with Server(tmp_path, "--schemas", path) as s:
        yield s


def collectd(server, folder, more=""):
    conf = folder / "collectd.conf"
    host, port = server.line
    conf.write_text(COLLECTD % {"folder": folder, "host": host, "port": port, "more": more})
    return spawn([program("collectd"), "-f", "-C", conf], stdout=-3, stderr=-3)


def shown(server, target, least):
    def there():
        rows = server.render(target, "-5min", "now")
        return rows and all(sum(1 for v, _ in r["datapoints"] if v is not None) >= least for r in rows) and rows
    return wait_until(there, 20, "%d values of %s" % (least, target), every=0.1)


def test_collectd_feeds_the_graph(seconds, tmp_path):
    process = collectd(seconds, tmp_path)
    try:
        load, = shown(seconds, "collectd.testhost.load.load.shortterm", 3)
        with open("/proc/loadavg") as f:
            now = float(f.read().split()[0])
        last = [v for v, _ in load["datapoints"] if v is not None][-1]
        assert abs(last - now) < 3
        used = shown(seconds, "collectd.testhost.memory.memory-*", 2)
        with open("/proc/meminfo") as f:
            total = int(f.readline().split()[1]) * 1024
        parts = sum([v for v, _ in r["datapoints"] if v is not None][-1] for r in used)
        assert 0.7 * total < parts < 1.3 * total
        assert process.poll() is None
        assert seconds.stats()["ingest.refused"] == 0, seconds.rejects()
        png = seconds.get("/render", {"target": "collectd.testhost.load.load.*", "from": "-5min"}).ok()
        assert png.type == "image/png"
    finally:
        process.terminate()
        process.wait(10)
        ended(process)


def test_collectd_with_tags(seconds, tmp_path):
    process = collectd(seconds, tmp_path, "UseTags true\n    ReverseHost false")
    try:
        rows = shown(seconds, "seriesByTag('plugin=load','host=testhost')", 2)
        assert rows and all(r["tags"]["plugin"] == "load" for r in rows)
        assert seconds.stats()["ingest.refused"] == 0, seconds.rejects()
    finally:
        process.terminate()
        process.wait(10)
        ended(process)


def test_nc_over_tcp(server):
    at = NOW // 10 * 10 - 60
    host, port = server.line
    code, out, err = run([program("nc"), "-q0", host, port], input="nc.logins 412 %d\n" % at)
    assert (code, out) == (0, ""), err
    server.wait_points(1)
    assert server.values("nc.logins", at - 10, at + 10) == {at: 412}


def test_nc_over_udp(server):
    at = NOW // 10 * 10 - 60
    host, port = server.line
    run([program("nc"), "-u", "-q0", "-w1", host, port], input="nc.udp 7 %d\n" % at)
    server.wait_points(1)
    assert server.values("nc.udp", at - 10, at + 10) == {at: 7}


def test_the_line_of_2010(server):
    """echo "events.deploy.site 1 `date +%s`" | nc HOST 2003, in a shell as it was."""
    host, port = server.line
    program("nc")
    script = 'echo "events.deploy.site 1 `date +%%s`" | nc -q0 %s %d' % (host, port)
    code, _, err = run(["sh", "-c", script])
    assert code == 0, err
    change, = wait_until(server.changes, what="the change")
    assert change["service"] == "site" and abs(change["start"] - time.time()) < 30


def test_a_sender_that_comes_back(server):
    """As statsd does it: one connection a flush."""
    at = NOW // 10 * 10 - 600
    for i in range(30):
        with socket.create_connection(server.line) as s:
            s.sendall(b"stats.counters.rate %d %d\n" % (i, at + i * 10))
    server.wait_points(30)
    assert len(server.values("stats.counters.rate", at - 10, at + 300)) == 30
