"""[impact] of plumb.conf: a mistake in it is found at the start, and the judge can be switched off."""
import os

import pytest

from kit.server import Server, wait_until


def conf(folder, text):
    path = os.path.join(str(folder), "plumb.conf")
    with open(path, "w") as f:
        f.write("[collect]\nhost = off\nself = off\n[impact]\n" + text + "\n")
    return path


@pytest.mark.parametrize("text, wanted", [
    ("vitals = web.*", "did you mean 'vital'"),
    ("vital = web.logins:left", "neither in :up nor in :down"),
    ("groups = sumSerie(web.*)", "sumSerie"),
    ("cpu-share = 5", "a share of one processor such as 5%"),
    ("metrics-max = many", "no whole number from 1"),
])
def test_a_mistake_ends_the_start(tmp_path, text, wanted):
    refused = Server(tmp_path, "--config", conf(tmp_path, text))
    with pytest.raises(AssertionError) as e:
        refused.start()
    assert wanted in str(e.value) and "plumb.conf:5: [impact] " in str(e.value), str(e.value)


def test_every_key_is_read(tmp_path):
    text = "\n".join(["vital = web.logins, shop.*.sales:down", "groups = sumSeries(web.*.errors)", "ignore = carbon.**",
                      "bad-up = a.*.ok", "bad-down = b.**", "metrics-max = 50", "cpu-share = off",
                      "scope.web/checkout = shop.cart.*"])
    with Server(tmp_path, "--config", conf(tmp_path, text)) as server:
        assert server.stats()["judge.waiting"] == 0
        server.post("/deploy/website", "fix login").ok()
        assert server.stats()["judge.waiting"] == 0


def test_a_change_waits_for_its_verdicts(tmp_path):
    with Server(tmp_path, "--config", conf(tmp_path, "cpu-share = 10%")) as server:
        server.post("/deploy/website", "fix login").ok()
        wait_until(lambda: server.stats()["judge.waiting"] == 3)
        server.post("/note", "hello").ok()
        assert server.stats()["judge.verdicts"] == 0
