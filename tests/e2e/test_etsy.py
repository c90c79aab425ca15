"""The Etsy picture, in numbers and in pixels."""
import etsy
import pytest

from kit.png import Picture, groups, is_red


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with etsy.start(tmp_path_factory.mktemp("etsy")) as s:
        etsy.feed(s)
        yield s


@pytest.fixture
def no_process_left():
    """The module's server outlives one test."""


def rows(server, name):
    return server.get("/render", etsy.query(name, format="json")).ok().json


def mean(values, start, until):
    picked = [v for t, v in values.items() if start <= t < until]
    assert picked
    return sum(picked) / len(picked)


def deploys_in(row):
    assert row["target"] == "deploy of website"
    return [t for v, t in row["datapoints"] if v is not None]


def test_warnings_jump_at_one_deploy_and_fall_at_the_next_two(server):
    row, lines = rows(server, "etsy-warnings")
    values = {t: v for v, t in row["datapoints"] if v is not None}
    normal = mean(values, etsy.JUMP - 1800, etsy.JUMP)
    high = mean(values, etsy.JUMP + 240, etsy.BETTER)
    lower = mean(values, etsy.BETTER + 60, etsy.FIXED)
    after = mean(values, etsy.FIXED + 240, etsy.FIXED + 2400)
    assert high > 5 * normal
    assert 2 * normal < lower < 0.7 * high
    assert after < 1.3 * normal
    assert len(deploys_in(lines)) == 3
    for drawn, real in zip(deploys_in(lines), (etsy.JUMP, etsy.BETTER, etsy.FIXED)):
        assert abs(drawn - real) < etsy.STEP


def test_sixteen_deploys_leave_the_logins_alone(server):
    good, bad, lines = rows(server, "etsy-logins")
    assert len(deploys_in(lines)) == 16
    for row in (good, bad):
        values = {t: v for v, t in row["datapoints"] if v is not None}
        for t in etsy.DEPLOYS:
            before, after = mean(values, t - 900, t), mean(values, t + 60, t + 960)
            assert abs(after - before) < 0.25 * before


@pytest.mark.parametrize("name, n", [("etsy-warnings", 3), ("etsy-logins", 16)])
def test_the_lines_stand_at_their_times(server, name, n):
    (start, until), _, _ = etsy.PICTURES[name]
    times = [t for t in etsy.DEPLOYS if start <= t < until]
    assert len(times) == n
    # Nothing but the plot: column and time are one.
    width = 900
    bare = Picture(server.get("/render", etsy.query(name, format="png", graphOnly="true", margin=0)).ok().body)
    drawn = groups(bare.columns(is_red), 1)
    assert len(drawn) == n, drawn
    for columns, t in zip(drawn, times):
        want = (t - start) / (until - start) * width
        assert abs(sum(columns) / len(columns) - want) <= 3, (columns, want)


@pytest.mark.parametrize("name, n", [("etsy-warnings", 3), ("etsy-logins", 16)])
def test_the_whole_picture_has_them_at_the_same_places(server, name, n):
    (start, until), _, _ = etsy.PICTURES[name]
    times = [t for t in etsy.DEPLOYS if start <= t < until]
    picture = Picture(server.get("/render", etsy.query(name, format="png")).ok().body)
    assert (picture.width, picture.height) == (900, 340)
    drawn = [sum(g) / len(g) for g in groups(picture.columns(is_red, 0.4), 1)]
    assert len(drawn) == n, drawn
    scale = (drawn[-1] - drawn[0]) / (times[-1] - times[0])
    for x, t in zip(drawn, times):
        assert abs(drawn[0] + (t - times[0]) * scale - x) <= 2, (drawn, x)
    assert 0.75 * picture.width < scale * (until - start) <= picture.width  # most of the width is plot
