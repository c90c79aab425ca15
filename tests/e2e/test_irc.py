"""IRC, against a real ngircd: what people in the channel see, what they may ask for, and what happens when the
server goes away."""
import json
import os
import re
import time

import pytest

from kit.irc import Ngircd, Person
from kit.server import Server, plumb, wait_until


class Bot:
    """A plumb with a channel in IRC."""

    def __init__(self, folder, section):
        conf = os.path.join(str(folder), "plumb.conf")
        with open(conf, "w") as f:
            f.write("[collect]\nhost = off\nself = off\n" + section)
        self.server = Server(folder, "--config", conf)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *exc):
        self.server.__exit__(*exc)

    def start(self, service, rev, by, msg):
        self.server.post("/deploy/%s/start?rev=%s&by=%s" % (service, rev, by), msg).ok()

    def end(self, service):
        self.server.post("/deploy/%s/ok" % service).ok()

    def point(self, service):
        self.server.post("/deploy/%s?rev=r&by=nora" % service, "x").ok()

    def train(self, who, *words):
        code, _, err = plumb("train", "website", *words, "--by", who, server=self.server)
        assert code == 0, err

    def notes(self):
        code, out, err = plumb("log", "-k", "note", "--json", server=self.server)
        assert code == 0, err
        rows = [json.loads(line) for line in out.splitlines()]
        return [(r["by"], r["service"], r["msg"]) for r in reversed(rows)]


@pytest.fixture
def bot(tmp_path):
    """Makes a bot; more lines for its section may be given."""
    def make(server, more="", address=None):
        section = "[announce ops]\ntype = irc\nserver = %s\ntls = %s\nchannel = #ops\n%s" % (
            address or "127.0.0.1:%d" % server.port, "on" if address else "off", more)
        return Bot(tmp_path, section)
    return make


@pytest.fixture
def ngircd(tmp_path):
    with Ngircd(tmp_path / "irc") as server:
        yield server


def test_a_deploy_is_told_in_the_channel(ngircd, bot):
    with Person(ngircd, "nora") as nora, bot(ngircd) as plumb_bot:
        nora.sees("plumb")
        plumb_bot.start("website", "4f2c1e9", "nora", "fix login")
        assert re.match(r"website PROD deploy started by nora: fix login \(4f2c1e9\) http://\S+/c/\S+$", nora.hears("started"))
        plumb_bot.end("website")
        assert re.match(r"website PROD deployed by nora build: 4f2c1e9 .*http://\S+/c/\S+$", nora.hears("deployed"))
        assert {h[1:3] for h in nora.heard} == {("NOTICE", "plumb")}


def test_what_people_log_is_a_change(ngircd, bot):
    with Person(ngircd, "nora") as nora, bot(ngircd) as plumb_bot:
        nora.sees("plumb")
        nora.say("!log website: restarted \x0304memcached\x03")
        nora.say("!log not for me", "NOTICE")
        assert re.match(r"nora: logged [0-9A-Z]{26} for website$", nora.hears("logged"))
        nora.say(".last 1")
        assert "website PROD note by nora: restarted memcached" in nora.hears("ago")
        assert plumb_bot.notes() == [("nora", "website", "restarted memcached")]


def test_the_topic_is_the_train(ngircd, bot):
    with Person(ngircd, "nora") as nora, bot(ngircd, "train = website\n") as plumb_bot:
        nora.sees("plumb")
        nora.hears("clear", "TOPIC")
        nora.say(".join")
        wait_until(lambda: nora.read() or "nora" in nora.texts("TOPIC"), what="the topic says nora")
        plumb_bot.train("lee", "join")
        nora.hears("nora | lee", "TOPIC")
        nora.topic("<prod> nora* | lee !! db move")
        nora.hears("the train is held: db move")
        nora.say(".at next")
        nora.hears("nora: the train is held: db move")
        nora.topic("lunch till two")
        nora.hears("I cannot read this topic")
        plumb_bot.train("ops", "unhold")
        nora.hears("you are up")
        assert nora.texts("TOPIC")[-1] == "lunch till two"
        nora.say(".fix")
        nora.hears("<prod> nora* | lee", "TOPIC")
        wait_until(lambda: nora.read() or nora.texts("TOPIC")[-1] == "<prod> nora* | lee", what="the topic")


def test_it_comes_back_when_the_server_does(ngircd, bot):
    with bot(ngircd) as plumb_bot:
        with Person(ngircd, "nora") as nora:
            nora.sees("plumb")
        ngircd.stop()
        plumb_bot.point("website")
        ngircd.start()
        with Person(ngircd, "nora") as nora:
            nora.sees("plumb", 40)
            nora.hears("website PROD deployed by nora", timeout=40)


def test_a_nick_that_is_taken_is_taken_back(ngircd, bot):
    with Person(ngircd, "nora") as nora, Person(ngircd, "plumb"), bot(ngircd) as plumb_bot:
        nora.sees("plumb_")
        plumb_bot.point("website")
        nora.hears("website PROD deployed by nora")


def test_who_is_kicked_out_stays_out_for_a_while(ngircd, bot):
    with Person(ngircd, "nora") as nora, bot(ngircd):
        nora.sees("plumb")
        nora.send("KICK #ops plumb :out")
        nora.wait(lambda: any(" KICK " in line for line in nora.lines), "the kick")
        kicked_at = time.monotonic()
        with pytest.raises(AssertionError):
            nora.sees("plumb", 2)
        assert time.monotonic() - kicked_at >= 2


def test_tls_with_an_authority_of_ones_own(tmp_path, bot):
    with Ngircd(tmp_path / "irc", tls=True) as server, Person(server, "nora") as nora:
        with bot(server, "ca = %s\n" % server.ca, "localhost:%d" % server.tls_port) as plumb_bot:
            nora.sees("plumb")
            plumb_bot.point("website")
            nora.hears("website PROD deployed by nora")


@pytest.mark.parametrize("name, names, with_ca", [
    ("the system's authorities do not know it", ("localhost",), False),
    ("its certificate is for another name", ("irc.example.org",), True),
])
def test_a_server_that_cannot_be_trusted_hears_nothing(tmp_path, bot, name, names, with_ca):
    with Ngircd(tmp_path / "irc", tls=True, names=names) as server, Person(server, "nora") as nora:
        more = "ca = %s\n" % server.ca if with_ca else ""
        with bot(server, more, "localhost:%d" % server.tls_port) as plumb_bot:
            plumb_bot.point("website")
            wait_until(lambda: "certificate" in plumb_bot.server.get("/api/v1/announce").ok().text, what="it says why")
            nora.send("NAMES #ops")
            nora.wait(lambda: any(" 366 " in line for line in nora.lines[-3:]), "NAMES")
            assert not nora.heard and not any("plumb" in line for line in nora.lines if " 353 " in line)
