"""Changes on a picture: which are drawn, and that their signs are there."""
import json
import time

import pytest

from kit.png import Picture
from kit.server import Server, plumb

NOW = int(time.time()) // 60 * 60
START = NOW - 3600
RED, GREEN, PURPLE = (0xb3, 0x26, 0x1e), (0x00, 0x80, 0x5f), (0x7a, 0x3e, 0xa8)
NO_JUDGE = "[collect]\nhost = off\nself = off\n[impact]\ncpu-share = off\nscope.billing = money.*\n"


def moved(state, *metrics, n=0):
    return {"state": state, "stage": "15m", "made": NOW, "checked": 42, "moved": max(n, len(metrics)), "worst": [
        {"metric": m, "direction": "up", "harm": "bad", "before": 1, "after": 4, "delta": 3, "since": NOW - 600}
        for m in metrics]}


def name(i):
    return "01K000000%017d" % i


def record(server, *changes):
    """Changes, a minute apart, as another ledger had them, verdicts included."""
    lines = [{"id": name(i), "source": "t", "key": "k%d" % i, "kind": "deploy", "start": START + 600 + 60 * i,
              "end": START + 600 + 60 * i, "status": "succeeded", **c} for i, c in enumerate(changes)]
    code, out, err = plumb("import", "-", server=server, input="\n".join(json.dumps(c) for c in lines))
    assert (code, out) == (0, "%d new, 0 known already, 0 refused\n" % len(lines)), err


@pytest.fixture
def shop(tmp_path):
    """web.logins, shop.sales and money.in, and a server that judges nothing by itself."""
    conf = tmp_path / "plumb.conf"
    conf.write_text(NO_JUDGE)
    with Server(tmp_path, "--config", conf) as server:
        lines = ["%s %d %d" % (m, 5 + t // 60 % 7, t) for m in ("web.logins", "shop.sales", "money.in")
                 for t in range(START, NOW, 60)]
        server.send(*lines)
        server.wait_points(len(lines))
        yield server


def draw(server, **query):
    asked = {"target": "web.logins", "from": START, "until": NOW, "width": 600, "height": 300, **query}
    return server.get("/render", asked).ok().body


def pixels(png, colour):
    return sum(row.count(colour) for row in Picture(png).rows)


def test_the_signs_of_verdicts_are_drawn(shop):
    record(shop, {"service": "web", "verdict": moved("harm", "web.logins")},
           {"service": "web", "verdict": moved("improved", "web.logins"), "action": "rollback", "of": name(0)})
    png = draw(shop, changes="all")
    assert min(pixels(png, c) for c in (RED, GREEN, PURPLE)) > 15
    for size in ({"width": 330, "height": 250}, {"width": 330, "height": 250, "template": "graphite"},
                 {"graphOnly": "true"}):
        png = draw(shop, changes="all", **size)
        assert min(pixels(png, c) for c in (RED, GREEN, PURPLE)) > 10, size
    bare = draw(shop)
    assert [pixels(bare, c) for c in (RED, GREEN, PURPLE)] == [0, 0, 0]
    assert bare == draw(shop, changes="none")


def test_harm_is_seen_in_a_crowd(shop):
    crowd = [{"service": "web", "start": START + 900 + i, "end": START + 900 + i,
              "verdict": {"state": "no_harm", "stage": "15m", "made": NOW}} for i in range(40)]
    record(shop, *crowd)
    assert pixels(draw(shop, changes="all"), RED) == 0
    record(shop, {"service": "web", "start": START + 920, "end": START + 920, "verdict": moved("harm", "web.logins"),
                  "id": name(99), "key": "k99"})
    assert pixels(draw(shop, changes="all"), RED) > 30


# Alone in the ledger: is it drawn over that target?
@pytest.mark.parametrize("change, target, is_drawn", [
    ({"service": "web"}, "web.logins", True),
    ({"service": "team/web"}, "movingAverage(web.*, 5)", True),
    ({"service": "search"}, "web.logins", False),
    ({"service": "search"}, "group(web.logins, shop.sales)", False),
    ({"service": "billing"}, "money.in", True),
    ({"service": "money"}, "money.in", True),
    ({"service": "billing"}, "web.logins", False),
    ({"service": "search", "verdict": moved("harm", "web.logins")}, "sumSeries(web.*)", True),
    ({"service": "search", "verdict": moved("harm", "shop.sales")}, "web.logins", False),
    ({"service": "search", "verdict": moved("harm", "sumSeries(web.*)")}, "sumSeries(web.*)", True),
    ({"service": "search", "verdict": moved("harm", "a.a", "a.b", "a.c", n=9)}, "web.logins", False),
    ({"kind": "incident", "service": ""}, "web.logins", True),
    ({"kind": "incident", "service": "search"}, "web.logins", False),
    ({"kind": "note", "service": "", "msg": "all of us"}, "web.logins", True),
])
def test_relevant_changes(shop, change, target, is_drawn):
    record(shop, change)
    nothing, everything, relevant = (draw(shop, target=target, changes=c, hideLegend="true")
                                     for c in ("none", "all", "relevant"))
    assert nothing != everything
    assert relevant == (everything if is_drawn else nothing)


def test_none_is_relevant_and_the_legend_says_so(shop):
    record(shop, {"service": "search"})
    assert draw(shop, changes="relevant") != draw(shop, changes="none")
    letters = [draw(shop, changes=c, format="svg").count(b"<use ") for c in ("none", "relevant")]
    assert letters[1] - letters[0] == len("no change of these metrics' services")


def test_a_deploy_that_began_before_the_picture_is_shaded(shop):
    record(shop, {"service": "web", "start": START - 900, "end": START - 800})
    assert draw(shop, changes="all") == draw(shop, changes="none")
    record(shop, {"service": "web", "start": START - 600, "end": START + 1800, "id": name(9), "key": "k9"})
    assert draw(shop, changes="all") != draw(shop, changes="none")
    assert draw(shop, changes="relevant") == draw(shop, changes="all")


def test_a_change_that_a_target_draws_as_well_is_drawn_once(shop):
    record(shop, {"service": "web"})
    target = ["web.logins", "color(drawAsInfinite(events.deploy.web),'4a5560')"]
    query = {"hideLegend": "true", "height": 200, "graphOnly": "true"}
    assert draw(shop, target=target, changes="all", **query) == draw(shop, changes="all", **query)


def test_numbers_are_the_same_whatever_changes_says(shop):
    record(shop, {"service": "web"})
    for form in ("json", "csv", "raw"):
        assert draw(shop, format=form, changes="relevant") == draw(shop, format=form)


def test_what_changes_may_say(shop):
    answer = shop.get("/render", {"target": "web.logins", "changes": "some"})
    assert answer.status == 400 and "all, relevant, none" in answer.text


def test_the_terminal_has_the_signs(shop):
    record(shop, {"service": "web", "verdict": moved("harm", "web.logins")}, {"service": "web", "status": "failed"})
    code, out, err = plumb("graph", "web.logins", "--since", "1h", "--width", "70", server=shop)
    assert code == 0 and "2 changes, 1 failed" in out and "! 1 harm" in out, out + err
