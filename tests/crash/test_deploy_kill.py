"""kill -9 of the server or of `plumb deploy` at random moments.

While the wrapper lives, the exit code is the command's and the change gets its end, sooner or later. When the
wrapper is killed, its change may stay open, but not for ever: the server closes it after --ttl. $PLUMB_KILLS makes
the run longer (1000 for the long one, with -o faulthandler_timeout=0), $CRASH_SEED repeats a run's choices.
"""
import os
import random
import time

import pytest

from kit.server import PLUMB, Server, ended, plumb, spawn, wait_until

KILLS = int(os.environ.get("PLUMB_KILLS", 16))
TTL_S = 2
TTL_SLACK_S = 30  # the server looks from time to time


def seed_of_run():
    return os.environ.get("CRASH_SEED") or "%d" % (time.time_ns() // 1000 % 10**9)


@pytest.fixture
def home(tmp_path):
    env = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": str(tmp_path / "state"), "PLUMB_BY": "nora"}
    (tmp_path / "home").mkdir()
    return env


def how_long(home, url, tmp_path):
    """A deploy takes so long on this machine, now: kills fall into all of it."""
    began = time.monotonic()
    assert plumb("deploy", "warm", "--ttl", "%ds" % TTL_S, "--", "true", server=url, env=home, cwd=tmp_path)[0] == 0
    return time.monotonic() - began


def one_kill(server, home, tmp_path, rng, number, usual_s):
    """Returns (service, code of the command, did the wrapper live)."""
    service, code = "svc-%d" % number, rng.choice([0, 1, 3, 42, 255])
    script = "echo out; sleep %.3f; exit %d" % (rng.uniform(0, 0.1), code)
    whom = rng.choice(["server", "wrapper"])
    wrapper = spawn([PLUMB, "deploy", service, "--rev", "r%d" % number, "--ttl", "%ds" % TTL_S, "--", "sh", "-c", script],
                    env=dict(home, PLUMB_URL=server.url), cwd=tmp_path, stdout=-3, stderr=-3)
    until = time.monotonic() + rng.uniform(0, 1.3 * usual_s)
    while time.monotonic() < until and wrapper.poll() is None:
        time.sleep(0.001)
    lived = True
    try:
        if whom == "server":
            server.kill()
        elif wrapper.poll() is None:
            wrapper.kill()
            lived = wrapper.wait(10) != -9
        got = wrapper.wait(20)
        if lived:
            assert got == code, "%s: exit code %d instead of %d when the %s was killed" % (service, got, code, whom)
    finally:
        ended(wrapper)
    if not server.is_alive():
        server.start()
    return service, code, lived


def state(server, service):
    changes = server.get("/api/v1/changes", {"service": service, "n": 10}).ok().json
    assert len(changes) <= 1, "%s was recorded %d times" % (service, len(changes))
    return changes[0] if changes else None


def killed_deploys(tmp_path, home, server):
    """Rounds of kills; the wrappers' records have all been delivered then."""
    seed = seed_of_run()
    rng = random.Random(seed)
    print("seed %s" % seed)
    usual_s = how_long(home, server.url, tmp_path)
    rounds = [one_kill(server, home, tmp_path, rng, i, usual_s) for i in range(KILLS)]
    assert plumb("flush", server=server, env=home, cwd=tmp_path)[0] == 0
    return rounds


def test_the_code_is_the_commands_and_the_end_is_told(tmp_path, home):
    with Server(tmp_path) as server:
        rounds = killed_deploys(tmp_path, home, server)
        for service, code, lived in rounds:
            change = state(server, service)
            if not lived:
                continue
            assert change, "%s: nothing is recorded, although its wrapper lived" % service
            assert change["status"] == ("failed" if code else "succeeded"), (service, code, change)
            assert change["end"] and change["end"] >= change["start"]


def test_nothing_stays_open_for_ever(tmp_path, home):
    with Server(tmp_path) as server:
        # One for sure: killed while its command ran.
        wrapper = spawn([PLUMB, "deploy", "cut", "--ttl", "%ds" % TTL_S, "--", "cat"], stdin=-1, stdout=-3,
                        env=dict(home, PLUMB_URL=server.url), cwd=tmp_path)
        try:
            wait_until(lambda: state(server, "cut"), what="the start is recorded")
            wrapper.kill()
        finally:
            ended(wrapper)
        rounds = killed_deploys(tmp_path, home, server)
        for service in ["cut"] + [r[0] for r in rounds]:
            wait_until(lambda: not state(server, service) or state(server, service)["end"],  # noqa: B023
                       timeout=TTL_S + TTL_SLACK_S, what="%s has an end" % service)
        assert state(server, "cut")["status"] == "unknown"
