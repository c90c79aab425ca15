"""plumb watch against a server that answers as told, dies and comes back: what it says, and the exit code."""
import http.server
import json
import os
import pty
import signal
import subprocess
import threading

import pytest

from kit.server import PLUMB, ended, plumb, spawn, wait_until

ID = "01KB1234ABCDEFGHJKMNPQRSTV"
CHANGE = {"id": ID, "kind": "deploy", "service": "website", "env": "production", "rev": "4f2c1e9", "prev": "b81d002",
          "start": 1763837886.0, "end": 1763837991.4, "status": "succeeded"}


def metric(name, before, after):
    return {"metric": name, "direction": "up" if after > before else "down", "harm": "bad", "vital": True,
            "before": before, "after": after, "delta": after - before, "usual": [before, before], "p": 0.004,
            "rank": [1, 280], "share": 0.9, "since": 1763837940, "would_see": 0.04 * before, "spark": [],
            "spark_change": 0}


def look(state, left=60, checked=42, moved=(), reasons=()):
    return {"id": ID, "change": CHANGE, "stage": "live", "state": state, "made": 1763838000.0,
            "windows": {"before": [1763834391, 1763837991], "after": [1763837991, 1763838000]}, "checked": checked,
            "revised": 0, "moved": list(moved), "unmoved": [], "nodata": [], "overlaps": [], "reasons": list(reasons),
            "false_alarms_per_1000": 2.9, "method": "1", "left": left, "every": 1}


PENDING = look("pending")
NO_HARM = look("no_harm", left=0)
HARM = look("harm", moved=[metric("php.warnings", 1.2, 44.0), metric("logins.ok", 412.0, 284.0)])
BLIND = look("inconclusive", left=0, checked=0, reasons=["No metric has a day of history."])


class Scripted:
    """Answers looks with one after the other, the last one for ever. A status instead of a look is a refusal."""

    def __init__(self, *looks):
        self.looks, self.asked, self.bodies, self.n = list(looks), [], [], 0
        self.http, self.port = None, 0
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                outer.asked.append(self.path)
                if "/impact" in self.path:
                    item = outer.looks[min(outer.n, len(outer.looks) - 1)]
                    outer.n += 1
                    if isinstance(item, int):
                        self.answer(item, {"error": "not now"})
                    else:
                        self.answer(200, item)
                elif self.path.startswith("/api/v1/can"):
                    self.answer(200, {"can": True, "rev": "b81d002"})
                elif self.path.startswith("/api/v1/changes?"):
                    self.answer(200, [] if "service=other" in self.path else [dict(CHANGE, kind="note", id=ID[:-1] + "X"), CHANGE])
                elif self.path.startswith("/api/v1/changes/01KB"):
                    self.answer(200, CHANGE)
                else:
                    self.answer(404, {"error": "there is nothing at %s" % self.path})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.bodies.append(json.loads(body))
                self.answer(200, {"id": ID, "seq": 1, "merged": False})

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if self.http:
            self.http.shutdown()
            self.http.server_close()
        self.http = None


def watch(server, *args):
    return plumb("watch", *args, server=server.url)


@pytest.mark.parametrize("looks, args, code, said", [
    ([PENDING, PENDING, NO_HARM], [], 0, "no harm: 42 metrics checked"),
    ([PENDING, HARM], [], 1, "harm: php.warnings x37, logins.ok -31%"),
    ([BLIND], [], 4, "nothing to judge by: No metric has a day of history."),
    ([BLIND], ["--fail-on", "harm"], 0, "nothing to judge by"),
    ([BLIND], ["--fail-on", "inconclusive"], 1, "nothing to judge by"),
    ([look("moved", left=0, moved=[metric("a.b", 1.0, 2.0)])], [], 0, "moved: a.b +100%"),
    ([look("improved"), HARM], [], 1, "harm: "),  # there was time left: it could still turn
])
def test_the_exit_code_is_the_verdict(looks, args, code, said):
    with Scripted(*looks) as server:
        got, out, err = watch(server, "website", *args)
        lines = [json.loads(line) for line in out.splitlines()]
        assert (got, len(lines)) == (code, len(looks)), (out, err)
        assert said in lines[-1]["say"] and lines[-1]["say"].startswith("website 4f2c1e9 ")
        assert [line["state"] for line in lines] == [item["state"] for item in looks]
        assert set(lines[0]) == {"t", "state", "checked", "moved", "left", "say"}


def test_what_is_asked_for():
    with Scripted(NO_HARM) as server:
        assert watch(server, ID[:10], "--for", "10m", "--vital", "logins.ok:down", "--vital", "a b")[0] == 0
        path, = [path for path in server.asked if "/impact" in path]
        assert path == "/api/v1/changes/%s/impact?stage=live&for=600&vital=logins.ok%%3Adown&vital=a%%20b" % ID
        assert plumb("watch", server=server.url, env={"PLUMB_CHANGE": ID})[0] == 0


def test_a_dry_run_tells_and_exits_0():
    with Scripted(HARM) as server:
        code, _, err = watch(server, "website", "--dry-run")
        assert code == 0 and "dry run: harm, it would have been exit code 1" in err


def test_quiet_says_nothing():
    with Scripted(HARM) as server:
        assert watch(server, "website", "--quiet") == (1, "", "")


def test_a_server_that_is_restarted_in_the_middle():
    with Scripted(PENDING) as server:
        process = spawn([PLUMB, "watch", "website"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        env={"PLUMB_URL": server.url})
        try:
            wait_until(lambda: server.n >= 1, what="a look")
            server.stop()
            said = process.stderr.readline().decode()
            assert "no answer" in said and "asking on until" in said
            server.looks, server.n = [503, PENDING, HARM], 0
            server.start()
            out, err = process.communicate(timeout=30)
            assert process.returncode == 1
            assert json.loads(out.splitlines()[-1])["state"] == "harm"
            assert err.decode().count("no answer") == 0 and "the server answers again" in err.decode()
        finally:
            ended(process)


def test_a_server_that_never_answers():
    with Scripted(PENDING) as server:
        server.stop()
        code, out, err = watch(server, "website", "--for", "1s", "--every", "1s")
        assert (code, out) == (7, "") and "no answer" in err


def test_a_verdict_that_never_comes():
    with Scripted(look("pending", left=0)) as server:
        code, _, err = watch(server, "website", "--for", "1s", "--every", "1s")
        assert code == 124 and "the server has no verdict yet" in err


@pytest.mark.parametrize("args, code, said", [
    (["other"], 5, "no change of 'other'"),
    ([], 2, "a change, or a service"),
    (["website", "--for", "soon"], 2, "--for"),
    (["website", "--fail-on", "rain"], 2, "--fail-on"),
])
def test_what_is_asked_wrongly(args, code, said):
    with Scripted(PENDING) as server:
        got, out, err = watch(server, *args)
        assert (got, out) == (code, "") and said in err, err


def test_a_terminal_gets_sentences():
    with Scripted(PENDING, PENDING, HARM) as server:
        master, slave = pty.openpty()
        process = spawn([PLUMB, "watch", "website"], stdout=slave, stderr=subprocess.PIPE,
                        env={"PLUMB_URL": server.url, "TERM": "dumb", "TZ": "UTC"})
        try:
            os.close(slave)
            shown = b""
            try:
                while True:
                    shown += os.read(master, 4096)
            except OSError:
                pass  # its end
            assert process.wait(10) == 1
            lines = shown.decode().replace("\r", "").splitlines()
            assert len(lines) == 2, lines  # the second look was no news
            assert lines[0].endswith("website 4f2c1e9 pending: nothing has moved so far, 42 metrics checked, 1m00s left")
            assert "harm: php.warnings x37" in lines[1]
            assert b"plumb rollback website" in process.stderr.read()
        finally:
            ended(process)
            os.close(master)


def test_a_signal_ends_it():
    with Scripted(PENDING) as server:
        process = spawn([PLUMB, "watch", "website"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                        env={"PLUMB_URL": server.url})
        try:
            wait_until(lambda: server.n >= 1, what="a look")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 128 + signal.SIGINT
        finally:
            ended(process)


# ---- plumb deploy --gate ----

def deploy(server, *args, command=("sh", "-c", "echo deployed"), **options):
    return plumb("deploy", "website", *args, "--", *command, server=server.url, **options)


@pytest.mark.parametrize("looks, args, code, state, harm", [
    ([PENDING, NO_HARM], [], 0, "no_harm", False),
    ([PENDING, HARM], [], 1, "harm", True),
    ([BLIND], [], 4, "inconclusive", False),
    ([BLIND], ["--fail-on", "harm"], 0, "inconclusive", False),
    ([BLIND], ["--fail-on=inconclusive"], 1, "inconclusive", True),
])
def test_the_gate_has_the_last_word(looks, args, code, state, harm, tmp_path):
    result = tmp_path / "result"
    with Scripted(*looks) as server:
        got, out, err = deploy(server, "--gate=10m", "--result", result, "--on-harm",
                               "echo back to $PLUMB_PREV of $PLUMB_SERVICE $PLUMB_CHANGE at $PLUMB_URL", *args)
        assert got == code, err
        assert out == "deployed\n" + ("back to b81d002 of website %s at %s\n" % (ID, server.url) if harm else "")
        assert "website 4f2c1e9 " in err
        told = json.loads(result.read_text())
        assert (told["code"], told["status"], told["recorded"]) == (0, "succeeded", "yes")
        assert told["gate"] == {"state": state, "harm": harm, "code": code}
        assert any("for=600" in path for path in server.asked)
        assert [body["status"] for body in server.bodies] == ["running", "succeeded"]


def test_a_command_that_fails_is_not_watched(tmp_path):
    with Scripted(HARM) as server:
        assert deploy(server, "--gate", "--result", tmp_path / "result", command=["sh", "-c", "exit 9"])[0] == 9
        assert server.n == 0
        assert json.loads((tmp_path / "result").read_text())["gate"] is None


def test_what_runs_on_harm_may_fail():
    with Scripted(HARM) as server:
        code, _, err = deploy(server, "--gate", "--on-harm", "exit 3")
        assert code == 1 and "it ended with exit code 3" in err


def test_the_gate_opens_when_a_dead_server_is_back(tmp_path):
    """It was away when the deploy ended: it learns of it then."""
    with Scripted(NO_HARM) as server:
        server.stop()
        process = spawn([PLUMB, "deploy", "website", "--gate", "--every", "1s", "--", "true"], stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE, env={"PLUMB_URL": server.url, "XDG_STATE_HOME": str(tmp_path)})
        try:
            while b"asking on until" not in process.stderr.readline():
                assert process.poll() is None
            server.start()
            assert process.wait(30) == 0
            assert server.bodies[-1]["status"] == "succeeded" and server.n >= 1
        finally:
            ended(process)


def test_ctrl_c_ends_the_waiting_and_not_the_record(tmp_path):
    with Scripted(PENDING) as server:
        process = spawn([PLUMB, "deploy", "website", "--gate", "--result", tmp_path / "result", "--", "true"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PLUMB_URL": server.url})
        try:
            wait_until(lambda: server.n >= 1, what="a look")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 128 + signal.SIGINT
            assert [body["status"] for body in server.bodies] == ["running", "succeeded"]
            assert json.loads((tmp_path / "result").read_text())["gate"]["state"] == "signalled"
        finally:
            ended(process)


@pytest.mark.parametrize("args, said", [
    (["--on-harm", "true"], "--on-harm says nothing without --gate"),
    (["--gate=soon"], "--gate"),
    (["--gate", "--fail-on", "rain"], "--fail-on"),
])
def test_a_gate_that_is_wrong_runs_nothing(args, said, tmp_path):
    with Scripted(HARM) as server:
        code, out, err = deploy(server, *args, command=["touch", str(tmp_path / "ran")])
        assert code == 2 and said in err and not (tmp_path / "ran").exists()


# ---- plumb impact, plumb diff ----

def test_impact_in_a_pipe_and_as_json():
    with Scripted(HARM) as server:
        code, out, _ = plumb("impact", "website", "--metrics", "php.*", "--for", "1h", "--moved", server=server.url)
        assert (code, [line.split("\t")[:2] for line in out.splitlines()]) == (
            0, [["moved", "php.warnings"], ["moved", "logins.ok"]])
        assert server.asked[-1].endswith("/impact?for=3600&metrics=php.%2A")
        code, out, _ = plumb("impact", ID, "--json", server=server.url)
        assert (code, json.loads(out)["state"]) == (0, "harm")
        assert plumb("impact", "other", server=server.url)[0] == 5


def test_diff_of_two_changes():
    with Scripted(HARM, NO_HARM) as server:
        code, out, _ = plumb("diff", "website", ID, server=server.url)
        assert (code, out.splitlines()[0]) == (0, "php.warnings\tmoved\t1.2\t44.0\t42.8\t\t\t\t")
        server.n = 0
        code, out, _ = plumb("diff", "website", ID, "--json", server=server.url)
        assert (code, json.loads(out)["a"]["state"], json.loads(out)["b"]["state"]) == (0, "harm", "no_harm")
        assert plumb("diff", "website", server=server.url)[0] == 2


def test_why_asks_for_the_time_and_takes_no_for_an_answer(server):
    """The real server: what it cannot say, it says."""
    code, out, err = plumb("why", "no.such.metric", "--at", "10m", "--window", "1h", server=server)
    assert (code, out) in [(5, ""), (7, "")] and err.startswith("plumb why: ")
    assert plumb("why", server=server)[0] == 2
    assert plumb("why", "a", "--at", "yesterdya", server=server)[0] == 2
    assert server.get("/api/v1/why").status == 400
    answer = server.post("/gate/website", {"name": "podinfo"})
    assert answer.status == 200 and "no change of website is known" in answer.json["say"]
