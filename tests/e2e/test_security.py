"""Who may ask the real server for what: by address, by token, by browser, by line."""
import base64
import json
import os
import re
import socket
import time
import urllib.parse

import pytest

from kit.server import Server, plumb, wait_until

NOW = int(time.time())
PROXIED = {"X-Forwarded-For": "192.0.2.7"}


def own_address():
    """An address of this machine that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = s.getsockname()[0]
    return None if address.startswith("127.") else address


def config(folder, text):
    path = os.path.join(str(folder), "plumb.conf")
    with open(path, "w") as f:
        f.write("[collect]\nhost = off\nself = off\n" + text)
    return path


def bearer(token, **more):
    return dict({"Authorization": "Bearer " + token}, **more)


def make(server, name, can, *more, env=None):
    code, out, err = plumb("token", "new", name, "--can", can, *more, server=server, env=env or {})
    assert code == 0, err
    assert re.fullmatch(r"plb_[a-z2-7]{32}\n", out)
    return out.strip()


def remote(server, token=None, method="GET", path="/api/v1/changes", body=None):
    headers = dict(PROXIED, **(bearer(token) if token else {}))
    return server.ask(method, path, body=body, headers=headers)


def test_this_machine_needs_no_token(server):
    server.post("/deploy/website", "x").ok()
    assert len(server.changes()) == 1
    assert server.ask("GET", "/metrics/find?query=*", headers={"Host": "graphite:2010"}).status == 200
    code, out, _ = plumb("log", server=server)
    assert code == 0 and "website" in out


def test_what_comes_through_a_proxy_does(server):
    answer = remote(server)
    assert answer.status == 401 and "plumb token new" in answer.text
    assert "Bearer" in answer.headers["www-authenticate"]
    assert remote(server, path="/ping").status == 200
    assert remote(server, path="/-/healthy").status == 200
    token = make(server, "reader", "read")
    assert remote(server, token).status == 200
    answer = remote(server, token, "POST", "/deploy/website", b"x")
    assert answer.status == 403 and "scope write" in answer.text and server.changes() == []
    assert server.stats()["http.denied"] == 2 and server.stats()["ledger.tokens"] == 1


def test_another_machine_does(tmp_path):
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    with Server(tmp_path, "--http", "0.0.0.0:0") as server:
        assert re.search(r"other machines get 401 .* plumb token new", server.said())
        server.http = ("127.0.0.1", server.http[1])
        token = make(server, "ci", "write:deploy:website,read")
        server.http = (address, server.http[1])
        assert server.get("/render?target=x").status == 401
        assert server.get("/ping").status == 200
        env = {"PLUMB_TOKEN": token, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
        code, out, err = plumb("mark", "website", "-m", "by CI", server=server, env=env)
        assert code == 0, err
        code, _, err = plumb("mark", "search", server=server, env=env)
        assert code == 6 and "write:deploy:search" in err
        code, _, err = plumb("log", server=server, env=dict(env, PLUMB_TOKEN=""))
        assert code == 6 and "plumb token new" in err
        code, out, _ = plumb("log", server=server, env=env)
        assert code == 0 and "by CI" in out
        code, _, err = plumb("token", "list", server=server, env=env)
        assert code == 6 and "admin" in err
        code, _, err = plumb("snapshot", str(tmp_path / "copy"), server=server, env=env)
        assert code == 6 and not os.path.exists(str(tmp_path / "copy"))


def test_no_warning_where_nobody_else_can_ask(server):
    assert "token" not in server.said()


def test_open_read_is_for_reading(tmp_path):
    path = config(tmp_path, "[security]\nopen-read = on\n")
    with Server(tmp_path, "--config", path, "--http", "0.0.0.0:0") as server:
        assert "token" not in server.said()
        server.http = ("127.0.0.1", server.http[1])
        assert remote(server, path="/render?target=x&format=json").status == 200
        assert remote(server, method="POST", path="/deploy/website", body=b"x").status == 401
        assert remote(server, path="/api/v1/tokens").status == 401


def test_loopback_need_not_be_trusted(tmp_path):
    with Server(tmp_path) as server:
        admin = make(server, "root", "admin")
    path = config(tmp_path, "[security]\ntrust-loopback = off\n")
    with Server(tmp_path, "--config", path) as server:
        assert server.get("/api/v1/changes").status == 401
        assert server.get("/ping").status == 200
        assert server.get("/api/v1/changes", headers=bearer(admin)).status == 200
        code, out, _ = plumb("token", "list", server=server, env={"PLUMB_TOKEN": admin})
        assert code == 0 and out.startswith("root\tgood\tadmin\t")


def test_a_token_lives_until_it_is_revoked(tmp_path):
    with Server(tmp_path) as server:
        token = make(server, "ci", "read", "--expires", "1d")
        assert remote(server, token).status == 200
        code, _, err = plumb("token", "new", "ci", "--can", "read", server=server)
        assert code == 2 and "plumb token revoke ci" in err
        code, _, err = plumb("token", "new", "x", "--can", "reed", server=server)
        assert code == 2 and "write:KIND:SERVICE" in err
        rows = json.loads(plumb("token", "list", "--json", server=server)[1])
        assert rows[0]["expires"] - rows[0]["created"] == 86400 and rows[0]["used"] and "plb_" not in str(rows)
    data = b"".join(open(os.path.join(tmp_path, "data", n), "rb").read()
                    for n in os.listdir(os.path.join(tmp_path, "data")) if n.startswith("ledger"))
    assert b"ci" in data and token[4:].encode() not in data and token[4:] not in open(server.log).read()
    with Server(tmp_path) as server:
        assert remote(server, token).status == 200
        assert plumb("token", "revoke", "ci", server=server)[:2] == (0, "ci is revoked\n")
        answer = remote(server, token)
        assert answer.status == 401 and "'ci' has been revoked" in answer.text
        assert plumb("token", "revoke", "ci", server=server)[0] == 5
    with Server(tmp_path) as server:
        assert remote(server, token).status == 401


def test_a_token_is_taken_as_curl_and_grafana_send_it(server):
    token = make(server, "grafana", "read")
    basic = base64.b64encode((":" + token).encode()).decode()
    for header in ({"Authorization": "Basic " + basic}, {"X-Plumb-Token": token}, bearer(token)):
        assert server.get("/api/v1/changes", headers=dict(PROXIED, **header)).status == 200
    quoted = urllib.parse.quote(token)
    assert server.get("/api/v1/changes?token=" + quoted, headers=PROXIED).status == 401


def test_a_proxy_on_this_machine_reads_graphs_and_nothing_else(server, tmp_path):
    """Grafana's, which passes on for whom it asks: a fresh one works without a token."""
    assert server.get("/render?target=x&format=json", headers=PROXIED).status == 200
    assert server.get("/metrics/find?query=*", headers=PROXIED).status == 200
    for path in ("/api/v1/changes", "/api/v1/tokens", "/hook", "/api/v1/now"):
        assert server.get(path, headers=PROXIED).status == 401, path
    assert server.post("/deploy/website", "x", headers=PROXIED).status == 401
    with Server(tmp_path / "strict", "--config", config(tmp_path, "[security]\ntrust-loopback = off\n")) as strict:
        assert strict.get("/render?target=x&format=json", headers=PROXIED).status == 401


def test_pages_of_other_sites_change_nothing(server):
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Host": "evil.example:2010", "Origin": "http://evil.example:2010"}):
        assert server.post("/deploy/website", "x", headers=headers).status == 403
        body = json.dumps({"name": "x", "can": "admin"}).encode()
        assert server.post("/api/v1/tokens", body, headers=headers).status == 403
    assert server.changes() == [] and server.stats()["ledger.tokens"] == 0
    own = "http://%s:%d" % server.http
    assert server.post("/deploy/website", "x", headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}).status == 200


def test_a_rebound_name_reads_nothing(server):
    answer = server.get("/api/v1/changes", headers={"Host": "evil.example:2010", "User-Agent": "Mozilla/5.0"})
    assert answer.status == 403 and "[serve] url" in answer.text
    assert server.get("/api/v1/changes", headers={"User-Agent": "Mozilla/5.0"}).status == 200


def test_a_name_of_ones_own_is_told(tmp_path):
    path = config(tmp_path, "[serve]\nurl = https://plumb.example\n")
    with Server(tmp_path, "--config", path) as server:
        page = {"Host": "plumb.example", "Origin": "https://plumb.example", "User-Agent": "Mozilla/5.0"}
        assert server.post("/deploy/website", "x", headers=page).status == 200


def test_answers_are_what_they_say_they_are(server):
    for path, status in (("/version", 200), ("/nosuch/%1b%5B2J%3Cscript%3E", 404), ("/events/", 200)):
        answer = server.get(path)
        assert answer.status == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.type != "text/html" or "default-src 'none'" in answer.headers["content-security-policy"]
        assert status == 200 or (answer.type == "text/plain" and b"\x1b" not in answer.body)
    early = server.ask("POST", "/deploy/x", headers={"Transfer-Encoding": "gzip"})  # refused before it is a request
    assert early.status >= 400 and early.headers["x-content-type-options"] == "nosniff"


def test_a_change_that_is_too_long_is_refused(server):
    assert server.post("/deploy/website", b"x" * (256 * 1024)).status == 200
    assert server.post("/deploy/website", b"x" * (256 * 1024 + 1)).status == 413


def test_who_writes_too_fast_is_told_when_to_come_again(server):
    token = make(server, "any", "write")
    headers = dict(PROXIED, **bearer(token))
    answers = [server.post("/deploy/typo-%d" % i, "x", headers=headers) for i in range(102)]
    assert [a.status for a in answers] == [200] * 100 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 36 and "100 services an hour" in answers[-1].text
    assert server.post("/deploy/typo-1", "x", headers=headers).status == 200
    assert "plumb_http_limited 2\n" in server.get("/metrics").text
    server.post("/deploy/typo-200", "x").ok()


# -- lines -----------------------------------------------------------------------------------------------------------


def test_lines_are_taken_from_whom_the_list_names(tmp_path):
    path = config(tmp_path, "[security]\nline-allow = 10.0.0.0/8, 127.0.0.1\n")
    with Server(tmp_path, "--config", path) as server:
        server.send("web.logins 1 %d" % NOW)
        server.wait_points(1)
        server.send_udp(b"web.logins 2 %d\n" % NOW)
        server.wait_points(2)


def test_lines_of_others_are_refused_and_told(tmp_path):
    path = config(tmp_path, "[security]\nline-allow = 10.0.0.0/8\n")
    with Server(tmp_path, "--config", path) as server:
        with server.connect() as s:
            s.settimeout(15)
            try:
                assert s.recv(1) == b""  # closed at once
            except ConnectionResetError:
                pass
        server.send_udp(b"web.logins 2 %d\n" % NOW)
        wait_until(lambda: server.rejects()["counts"]["sender"] == 2, what="two senders refused")
        first = server.rejects()["rejects"][0]
        assert first["reason"] == "sender" and first["from"].startswith("127.0.0.1:") and "line-allow" in first["why"]
        assert server.stats()["ingest.points"] == 0


def test_lines_need_not_record_changes(tmp_path):
    path = config(tmp_path, "[security]\nline-changes = off\n")
    with Server(tmp_path, "--config", path) as server:
        server.send("events.deploy.website 1 %d" % NOW, "web.logins 1 %d" % NOW)
        server.wait_refused(1)
        server.wait_points(1)
        assert server.changes() == []
        assert "line-changes is off" in server.rejects()["rejects"][0]["why"]
        server.post("/deploy/website", "x").ok()


def test_a_mistake_in_the_list_ends_the_start(tmp_path):
    path = config(tmp_path, "[security]\nline-allow = 10.0.0.0/8 lan\n")
    code, _, err = plumb("serve", "--config", path, "--data", str(tmp_path / "data"))
    assert code == 2 and "'lan' is no range of addresses" in err and "plumb.conf:5" in err
