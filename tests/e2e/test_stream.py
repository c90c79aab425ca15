"""GET /api/v1/stream: changes as they come, over a restart, and nobody's thread is held."""
import http.client
import json

from kit.server import Server


class Stream:
    def __init__(self, server, last=None):
        self.connection = http.client.HTTPConnection(*server.http, timeout=20)
        self.connection.request("GET", "/api/v1/stream", headers={"Last-Event-ID": last} if last else {})
        self.answer = self.connection.getresponse()

    def event(self):
        """The next one as a dict; None at the end."""
        fields = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            if line == "\n":
                if "event" in fields:
                    return dict(fields, data=json.loads(fields["data"]))
                fields = {}
            elif not line.startswith(":"):
                key, _, value = line.rstrip("\n").partition(": ")
                fields[key] = value

    def close(self):
        self.answer.close()
        self.connection.close()


def test_changes_come_and_a_restart_loses_none(tmp_path):
    with Server(tmp_path) as server:
        stream = Stream(server)
        assert stream.answer.status == 200
        assert stream.answer.getheader("Content-Type") == "text/event-stream"
        server.post("/deploy/website", b"fix login").ok()
        event = stream.event()
        assert (event["event"], event["data"]["service"], event["data"]["msg"]) == ("change", "website", "fix login")
        server.stop()
        assert stream.event() is None  # it was ended, not cut off
        stream.close()
        server.start()
        server.post("/deploy/search", b"later").ok()
        stream = Stream(server, event["id"])
        assert stream.event()["data"]["service"] == "search"
        stream.close()


def test_a_stream_holds_no_thread(server):
    """More streams than threads that answer, and all else goes on; what is too many is told."""
    streams = [Stream(server) for _ in range(64)]
    assert {stream.answer.status for stream in streams} == {200}
    assert server.get("/api/v1/changes").ok().json == []
    refused = Stream(server)
    assert refused.answer.status == 503 and b"64 streams are open" in refused.answer.read()
    refused.close()
    server.post("/deploy/website", b"x").ok()
    assert {stream.event()["data"]["service"] for stream in streams} == {"website"}
    for stream in streams:
        stream.close()
