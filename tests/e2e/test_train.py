"""plumb train: the push queue, from several hands, over a restart, on a terminal."""
import json
import os
import pty
import subprocess

import pytest

from kit.server import PLUMB, Server, ended, plumb, spawn


def train(server, who, *words):
    return plumb("train", "website", *words, "--by", who, server=server)


def topic(server):
    return server.get("/api/v1/train/website").ok().json["topic"]


def test_a_train_from_join_to_done(server):
    assert train(server, "nora", "join")[:2] == (0, "website\t1\t\tnora\t\t\n")
    assert train(server, "sasha", "join", "with", "nora")[0] == 0
    assert train(server, "nassim", "join")[0] == 0
    assert train(server, "sasha", "at", "prod")[0] == 0
    assert train(server, "nora", "good")[0] == 0
    assert topic(server) == "<prod> nora* + sasha | nassim"
    code, _, err = train(server, "nassim", "at", "prod")
    assert (code, "not your turn: nora is at work, and 1 car is before you" in err) == (3, True)
    assert train(server, "ops", "hold", "db move at 15:00")[0] == 0
    code, _, err = train(server, "nora", "at", "done")
    assert code == 3 and "the train is held: db move at 15:00" in err and "unhold" in err
    assert train(server, "lee", "nevermind")[0] == 5
    assert train(server, "lee", "jion")[0] == 2
    assert topic(server) == "<prod> nora* + sasha | nassim !! db move at 15:00"
    assert train(server, "ops", "unhold")[0] == 0
    assert train(server, "nora", "done")[1] == "website\t1\t\tnassim\t\t\n"
    assert server.get("/api/v1/train/website?who=nassim").ok().json["turn"] is True


def test_a_train_is_there_after_a_restart(tmp_path):
    with Server(tmp_path) as server:
        assert train(server, "nora", "join")[0] == 0
        server.kill()
        server.start()
        assert topic(server) == "nora"
        code, out, _ = plumb("train", "--json", server=server)
        row, = [json.loads(line) for line in out.splitlines()]
        assert (code, row["name"], row["by"], row["cars"][0]["driver"]) == (0, "website", "nora", "nora")
        server.stop()
    code, out, err = plumb("verify", "--data", server.data)
    assert code == 0, out + err


def test_a_train_on_a_terminal(server):
    train(server, "x", "set", "<prod> nora* + sasha | nassim !! db move")
    master, slave = pty.openpty()
    env = dict(os.environ, PLUMB_URL=server.url, TERM="dumb", NO_COLOR="1")
    process = spawn([PLUMB, "train"], stdout=slave, stderr=subprocess.PIPE, env=env)
    try:
        os.close(slave)
        shown = b""
        try:
            while True:
                shown += os.read(master, 4096)
        except OSError:
            pass  # its end
        assert process.wait(10) == 0
    finally:
        ended(process)
        os.close(master)
    assert shown.decode().replace("\r", "").splitlines() == [
        "website  HELD: db move",
        "  now  prod      nora (drives, good), sasha",
        "  2              nassim",
    ]


@pytest.mark.parametrize("name", ["a%20b", "a%00b", "x" * 65, "%2e%2e%25"])
def test_a_name_that_is_none_is_refused(server, name):
    answer = server.get("/api/v1/train/" + name)
    assert answer.status == 400, answer.body
