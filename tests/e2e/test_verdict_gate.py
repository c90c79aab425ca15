"""plumb deploy --gate and plumb watch in shell scripts, against the real server and a site's real-looking metrics: a bad
deploy is stopped, a good one passes.

The deploys that are stopped have been rolled out for some minutes when the script's last step runs: a pipeline told of
their start, by their key. So nobody has to wait for minutes to pass."""
import json
import os
import subprocess
import time

import pytest

from kit.server import PLUMB, Server, ended, free_port, plumb, run, spawn, wait_until
from office import MINUTE, Office, minutes

ROLLING_S = 12 * MINUTE  # so long ago they began
SCRIPT = """set -eu
cd '%s'
plumb deploy website --rev 4f2c1e9 --by nora --every 1s --result result --on-harm 'echo "$PLUMB_SERVICE" > undone' %s -- true
touch went-on
"""
WATCH = """set -u
if plumb watch %s --every 1s --for 15m > said; then echo on; else echo "held: $?"; fi
"""


def env_of(server):
    url = server if isinstance(server, str) else server.url
    return {"PLUMB_URL": url, "PATH": os.path.dirname(PLUMB) + ":" + os.environ["PATH"]}


def script(folder, options):
    os.makedirs(str(folder), exist_ok=True)
    return ["sh", "-c", SCRIPT % (folder, options)]


def is_in(folder, *names):
    return [os.path.exists(os.path.join(str(folder), name)) for name in names]


def rolling(server, key):
    """A deploy that began some minutes ago, as its pipeline told."""
    began = int(time.time()) - ROLLING_S
    return server.post("/api/v1/changes", {"kind": "deploy", "service": "website", "key": key, "start": began,
                                           "status": "running"}).ok().json["id"], began


def feed(server, office, until, bend=None):
    lines = list(minutes(office, "gate", 5, until, bend))
    before = server.stats()["ingest.points"]
    server.send(*lines)
    server.wait_points(before + len(lines), 60)


class Live:
    """A server with five days of the site, up to this minute."""

    def __init__(self, folder, bend=None):
        self.office = Office()
        self.server = self.office.server(folder)
        self.bend = bend

    def __enter__(self):
        self.server.start()
        feed(self.server, self.office, self.office.now, self.bend)
        return self.server

    def __exit__(self, *exc):
        self.server.__exit__(*exc)


class Gates:
    """What takes its minute: a good deploy, and one without any metrics; they are waited for at the end."""

    def __init__(self, folder):
        self.good, self.bare = (os.path.join(str(folder), name) for name in ("good", "bare"))
        self.live, self.empty = Live(os.path.join(self.good, "s")), Server(os.path.join(self.bare, "s"))

    def __enter__(self):
        self.processes = [spawn(script(folder, "--gate=1m"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=env_of(server))
                          for folder, server in ((self.good, self.live.__enter__()), (self.bare, self.empty.start()))]
        return self

    def end(self, which):
        process = self.processes[which]
        out, err = process.communicate(timeout=150)
        return process.returncode, out, err

    def __exit__(self, *exc):
        for process in self.processes:
            ended(process)
        self.live.__exit__(*exc)
        self.empty.__exit__(*exc)


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    with Gates(tmp_path_factory.mktemp("gates")) as g:
        yield g


@pytest.fixture
def no_process_left():
    """The module's servers outlive one test."""


def warnings_since(at):
    return lambda name, t: 250 if name == "php.warnings" and t >= at else 0


def test_a_bad_deploy_is_stopped_and_undone(gates, tmp_path):
    with Live(tmp_path / "s", warnings_since(time.time() - ROLLING_S + MINUTE)) as server:
        change, _ = rolling(server, "ci-17")
        code, _, err = run(script(tmp_path, "--key ci-17 --gate=5m"), env=env_of(server))
        assert code == 1, err
        assert is_in(tmp_path, "undone", "went-on") == [True, False]
        said = next(line for line in err.splitlines() if " harm: " in line)
        assert "website 4f2c1e9 harm: php.warnings x" in said
        with open(tmp_path / "result") as f:
            result = json.load(f)
        assert (result["change"], result["code"], result["gate"]) == (
            change, 0, {"state": "harm", "harm": True, "code": 1})


def test_a_server_that_is_restarted_while_a_script_watches(gates, tmp_path):
    """The points of the last minutes come when it is back, as from a relay that kept them."""
    office = Office()
    server = office.server(tmp_path / "s")
    server.args += ["--http", "127.0.0.1:%d" % free_port()]
    server.start()
    process = None
    try:
        change, began = rolling(server, "ci-18")
        feed(server, office, began)
        server.post("/api/v1/changes", {"key": "ci-18", "service": "website", "end": time.time(),
                                        "status": "succeeded"}).ok()
        url = server.url
        process = spawn(["sh", "-c", "cd '%s'\n%s" % (tmp_path, WATCH % change)], stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True, env=env_of(url))
        wait_until(lambda: is_in(tmp_path, "said")[0] and '"state":"pending"' in (tmp_path / "said").read_text(),
                   what="a look")
        server.stop()
        said = process.stderr.readline()
        assert "asking on until" in said, said
        server.start()
        lines = [line for line in minutes(office, "gate", 5, office.now, warnings_since(began + MINUTE))
                 if int(line.split()[2]) >= began - MINUTE]
        server.send(*lines)
        out, err = process.communicate(timeout=60)
        assert out == "held: 1\n", (out, err)
        last = json.loads((tmp_path / "said").read_text().splitlines()[-1])
        assert (last["state"], last["moved"]) == ("harm", ["php.warnings"])
    finally:
        if process:
            ended(process)
        server.stop()


@pytest.mark.parametrize("options, code", [([], 4), (["--fail-on", "harm"], 0), (["--fail-on", "inconclusive"], 1)])
def test_nothing_to_judge_by_is_said_in_plain_words(gates, options, code):
    end = time.time() - 120
    change = gates.empty.post("/api/v1/changes", {"kind": "deploy", "service": "search", "start": end - 5, "end": end,
                                                  "status": "succeeded"}).ok().json["id"]
    got, out, _ = plumb("watch", change, "--for", "1m", *options, server=gates.empty)
    line = json.loads(out.splitlines()[-1])
    assert (got, line["state"]) == (code, "inconclusive")
    assert line["say"] == "search cannot tell: nothing to judge by: There is no metric to judge it by."


def test_a_deploy_that_is_over_passes_at_once(gates):
    end = time.time() - 120
    change = gates.live.server.post("/api/v1/changes", {"kind": "deploy", "service": "mail", "start": end - 600, "end": end,
                                                        "status": "succeeded"}).ok().json["id"]
    code, out, _ = plumb("watch", change, "--for", "1m", server=gates.live.server)
    line = json.loads(out.splitlines()[-1])
    assert (code, line["state"]) == (0, "no_harm")
    assert line["say"].startswith("mail no harm: 14 metrics checked, would have seen ")


def test_a_good_deploy_passes(gates):
    code, _, err = gates.end(0)
    assert code == 0, err
    assert is_in(gates.good, "undone", "went-on") == [False, True]
    assert "website 4f2c1e9 no harm: 14 metrics checked, would have seen " in err


def test_a_deploy_without_metrics_is_held_and_not_undone(gates):
    code, _, err = gates.end(1)
    assert code == 4, err
    assert is_in(gates.bare, "undone", "went-on") == [False, False]
    assert "website 4f2c1e9 cannot tell: nothing to judge by: There is no metric to judge it by." in err
