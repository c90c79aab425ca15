"""storage-schemas.conf and storage-aggregation.conf change between one start and the next."""
import time

import pytest

from kit import server as kit

# A round hour, inside every retention here.
T0 = int(time.time()) // 3600 * 3600 - 2 * 3600


def schemas(retentions):
    return "[load]\npattern = \\.load$\nretentions = %s\n[all]\npattern = .*\nretentions = 10s:1d\n" % retentions


def aggregation(method, factor=0):
    return "[load]\npattern = load\nxFilesFactor = %s\naggregationMethod = %s\n" % (factor, method)


@pytest.fixture
def start(tmp_path):
    """start(retentions, method): a server on the same data with these rules, until the next one."""
    running = []

    def stop():
        while running:
            running.pop().stop()

    def begin(retentions, method, factor=0):
        stop()
        (tmp_path / "schemas.conf").write_text(schemas(retentions))
        (tmp_path / "aggregation.conf").write_text(aggregation(method, factor))
        running.append(kit.Server(tmp_path, "--schemas", tmp_path / "schemas.conf",
                                  "--aggregation", tmp_path / "aggregation.conf").start())
        return running[0]

    yield begin
    stop()


def send_run(server, n=12):
    """1, 2, 3 ... every ten seconds from T0 on, of two series."""
    server.send(*["web.%s %d %d" % (name, i + 1, T0 + 10 * i) for i in range(n) for name in ("load", "rest")])
    server.wait_points(2 * n)


def step_and_points(server, name, until):
    row, = server.render(name, T0 - 1, until)
    times = [at for _, at in row["datapoints"]]
    return times[1] - times[0], row["datapoints"]


def test_a_coarser_step_aggregates_what_is_there(start):
    server = start("10s:1d", "sum")
    send_run(server)
    assert step_and_points(server, "web.load", T0 + 119)[0] == 10
    server = start("60s:30d", "sum")
    assert step_and_points(server, "web.load", T0 + 119) == (60, [[21, T0], [57, T0 + 60]])
    assert step_and_points(server, "web.rest", T0 + 19) == (10, [[1, T0], [2, T0 + 10]])
    assert "12 series" not in server.said()
    assert "a rule has changed: 1 series go from 10s:1d sum 0 to 1m:30d sum 0" in server.said()
    assert server.stats()["store.series_moved"] == 1


def test_a_finer_step_shows_points_at_their_times(start):
    server = start("60s:1d", "average")
    server.send("web.load 5 %d" % T0, "web.load 6 %d" % (T0 + 60))
    server.wait_points(2)
    server = start("30s:1d", "average")
    assert step_and_points(server, "web.load", T0 + 119) == \
        (30, [[5, T0], [None, T0 + 30], [6, T0 + 60], [None, T0 + 90]])
    server.send("web.load 7 %d" % (T0 + 30))
    server.wait_points(1)
    assert server.values("web.load", T0 - 1, T0 + 119) == {T0: 5, T0 + 30: 7, T0 + 60: 6}


def test_another_method_holds_for_old_points(start):
    server = start("10s:1d,60s:30d", "average")
    send_run(server)
    assert step_and_points(server, "web.load", T0 + 19) == (10, [[1, T0], [2, T0 + 10]])
    server = start("10s:1h,60s:30d", "average")
    assert step_and_points(server, "web.load", T0 + 119) == (60, [[3.5, T0], [9.5, T0 + 60]])
    server = start("10s:1h,60s:30d", "max")
    assert step_and_points(server, "web.load", T0 + 119) == (60, [[6, T0], [12, T0 + 60]])
    server.kill()
    server.start()
    assert step_and_points(server, "web.load", T0 + 119) == (60, [[6, T0], [12, T0 + 60]])


def test_the_same_rules_move_nobody(start):
    server = start("10s:1d", "sum")
    send_run(server)
    server = start("10s:1d", "sum")
    assert server.stats()["store.series_moved"] == 0
    assert "a rule has changed" not in server.said()
