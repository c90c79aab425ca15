"""The day of the picture that began it, judged: a deploy makes PHP warn, the next two mend it, sixteen do no harm.

Eight days of minutes come in as old points, the day's deploys as lines; it is evening in the office, so that all of
them were told late and are judged at once, by what came in the hour after each."""
import json
import time

import etsy
import pytest
from kit.irc import Ngircd, Person
from kit.server import plumb, wait_until
from office import HOUR, MINUTE, VITAL, Office, minutes

DAYS = 8
CLOCK = {"bad": "16:00:20", "better": "16:31:50", "fixed": "16:56:10"}
OFFSETS = {name: etsy.at(clock) - etsy.MIDNIGHT for name, clock in CLOCK.items()}
OTHERS = [t - etsy.MIDNIGHT for t in etsy.DEPLOYS if t not in (etsy.JUMP, etsy.BETTER, etsy.FIXED)] + [
    etsy.at(clock) - etsy.MIDNIGHT for clock in ("8:25", "15:20", "19:30")]
QUIET = "6:30"  # no deploy for hours, and a cache misses for 25 minutes


class Day:
    def __init__(self):
        self.office = Office()
        self.bad, self.better, self.fixed = (self.office.midnight + OFFSETS[name] for name in CLOCK)
        self.others = [self.office.midnight + offset for offset in OTHERS]
        self.quiet = self.office.at(QUIET)

    def bend(self, name, t):
        """As the picture has it."""
        if name == "cdn.misses" and self.quiet <= t < self.quiet + 25 * MINUTE:
            return 900
        if name != "php.warnings" or t < self.bad or t >= self.fixed + 120:
            return 0
        if t < self.better:
            return 250 * min(1.0, (t - self.bad + 40) / 160)  # one server after the other has the new code
        return 90 * min(1.0, 1 - (t - self.fixed) / 120)


@pytest.fixture(scope="module")
def no_process_left():
    """The module's server outlives one test."""


@pytest.fixture(scope="module")
def day():
    return Day()


@pytest.fixture(scope="module")
def server(day, tmp_path_factory):
    lines = list(minutes(day.office, "etsy", DAYS, day.office.now, day.bend))
    times = sorted([day.bad, day.better, day.fixed] + day.others)
    with day.office.server(tmp_path_factory.mktemp("etsy")) as s:
        s.send(*lines)
        s.wait_points(len(lines), 60)
        s.send(*("events.deploy.website 1 %d" % t for t in times))
        wait_until(lambda: len(s.changes(service="website")) == len(times), what="all deploys")
        wait_until(lambda: not s.changes(service="website", verdict="pending"), 120, "all verdicts", 0.2)
        yield s


@pytest.fixture(scope="module")
def verdicts(server):
    """By when the deploy was."""
    return {round(c["start"]): c for c in server.changes(service="website")}


def whole(server, change):
    return server.get("/api/v1/changes/%s/impact" % change["id"]).ok().json


def ask(day, server, *words):
    code, out, err = plumb(*words, server=server, env={"TZ": day.office.zone})
    assert code == 0, err
    return out


def test_the_bad_one_is_harm(day, server, verdicts):
    verdict = whole(server, verdicts[day.bad])
    assert (verdict["stage"], verdict["state"]) == ("1h", "harm")
    moved, = verdict["moved"]
    assert (moved["metric"], moved["direction"], moved["harm"], moved["vital"]) == ("php.warnings", "up", "bad", True)
    assert 3 < moved["after"] / moved["before"] < 10 and moved["rank"][0] == 1
    assert verdict["checked"] == 14 and verdict["say"].startswith("harm: php.warnings x")


@pytest.mark.parametrize("which", ["better", "fixed"])
def test_those_that_mend_it_are_improvements(day, server, verdicts, which):
    verdict = whole(server, verdicts[getattr(day, which)])
    assert verdict["state"] == "improved"
    moved, = verdict["moved"]
    assert (moved["metric"], moved["direction"], moved["harm"]) == ("php.warnings", "down", "good")
    assert abs(moved["since"] - getattr(day, which)) < 4 * MINUTE


def test_sixteen_did_no_harm_and_say_what_would_have_been_seen(day, server, verdicts):
    states = {t: verdicts[t]["verdict"]["state"] for t in day.others}
    assert len(states) == 16 and set(states.values()) == {"no_harm"}, states
    for t in day.others:
        verdict = whole(server, verdicts[t])
        powers = {m["metric"]: m["would_see"] / m["before"] for m in verdict["unmoved"] if m["vital"]}
        assert sorted(powers) == sorted(VITAL) and verdict["checked"] == 14
        assert 0 < powers["logins.ok"] < 0.25 and all(0 < power < 1 for power in powers.values()), powers
        assert verdict["say"].startswith("no harm: 14 metrics checked, would have seen ")


def test_the_day_in_the_log(day, server):
    out = ask(day, server, "log", "--oneline")
    assert out.count(" no harm ") >= 16 and out.count(" HARM ") == 1
    line = next(line for line in out.splitlines() if " HARM " in line)
    assert line.rstrip().split("succeeded ")[1].startswith("HARM") and "(php.warnings x" in line
    assert "(saw >= " in out


def test_why_finds_what_mended_it(day, server):
    answer = json.loads(ask(day, server, "why", "php.warnings", "--at", "16:57", "--json"))
    first = answer["suspects"][0]
    assert round(first["change"]["start"]) == day.fixed and first["score"] > 0.5 > answer["none"]
    assert answer["direction"] == "down"


def test_why_names_the_bad_one(day, server, verdicts):
    first = ask(day, server, "why", "php.warnings", "--at", "16:05").splitlines()[0].split("\t")
    assert first[1] == verdicts[day.bad]["id"] and float(first[0]) > 0.5
    answer = json.loads(ask(day, server, "why", "php.warnings", "--at", "16:05", "--json"))
    assert abs(answer["onset"] - day.bad) < 4 * MINUTE


def test_a_jump_with_no_deploy_near_it_is_none_of_ours(day, server):
    rows = ask(day, server, "why", "cdn.misses", "--at", QUIET).splitlines()
    assert rows == ["1\tnone\t\t\t\t\t\t"] or rows == ["1.0\tnone\t\t\t\t\t\t"], rows
    answer = json.loads(ask(day, server, "why", "cdn.misses", "--at", QUIET, "--json"))
    assert answer["moved"] and answer["direction"] == "up" and answer["none_in_window"]


def test_what_did_not_move_is_told_so(day, server):
    answer = json.loads(ask(day, server, "why", "logins.ok", "--at", "16:05", "--json"))
    assert answer["data"] and not answer["moved"] and answer["suspects"] == []


def test_it_is_told_in_the_channel(tmp_path):
    """A deploy that ended a quarter of an hour ago, and what it did: the verdict is news, and so are the sentences
    of whoever asks."""
    office = Office()
    office.midnight = office.now - office.now % MINUTE - 21 * HOUR  # the same data at any minute of the hour
    end = office.now - 17 * MINUTE
    bend = lambda name, t: 250 if name == "php.warnings" and t >= end - 30 else 0  # noqa: E731
    lines = list(minutes(office, "irc", DAYS, office.now, bend))
    with Ngircd(tmp_path / "irc") as ngircd, Person(ngircd, "nora") as nora, office.server(
            tmp_path / "s", "[announce ops]\ntype = irc\nserver = 127.0.0.1:%d\ntls = off\nchannel = #ops\n"
            % ngircd.port) as server:
        nora.sees("plumb")
        server.send(*lines)
        server.wait_points(len(lines), 60)
        server.post("/api/v1/changes", {"kind": "deploy", "service": "website", "rev": "4f2c1e9", "by": "nora",
                                        "start": end - 40, "end": end, "status": "succeeded"}).ok()
        told = nora.hears("HARM", timeout=60)
        assert told.startswith("website 4f2c1e9 (nora): HARM, php.warnings x")
        assert "(1 of 14 moved) http" in told
        since = told.partition(" since ")[2][:5]
        clock = [time.strftime("%H:%M", time.gmtime(end - HOUR * office.west + k * MINUTE)) for k in range(-1, 6)]
        assert since in clock, (told, clock)  # by the office's clock
        nora.say(".why php.warnings at " + clock[1])
        line = nora.hears("nora: php.warnings rose ")
        assert "website 4f2c1e9 by nora " in line, line
