"""What ./run does, step by step, with the default configuration: this machine's metrics, one deploy, one picture."""
import re
import time

from kit.png import Picture, is_red
from kit.server import PLUMB, Server, plumb, wait_until


def test_the_first_picture_of_a_fresh_machine(tmp_path):
    conf = tmp_path / "empty.conf"
    conf.write_text("")
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Server(tmp_path, "--config", conf) as server:
        assert plumb("ping", server=server, env=env)[0] == 0
        code, out, err = plumb("deploy", "plumbline", "-m", "started by ./run", "--", PLUMB, "--version",
                               server=server, env=env, cwd=tmp_path)
        assert code == 0 and re.match(r"plumb \d", out) and err == ""
        assert server.changes()[0]["service"] == "plumbline"

        def found(query):
            return server.get("/metrics/find", {"query": query}).ok().json
        wait_until(lambda: found("servers.*.load.*") and found("servers.*.memory.*"), 25, "this machine's metrics")
        # A graph ends at the second before now.
        wait_until(lambda: time.time() > server.changes()[0]["start"] + 2, what="two more seconds", every=0.1)
        picture = tmp_path / "load.png"
        code, _, err = plumb("graph", "servers.*.load.*", 'alias(color(drawAsInfinite(events.deploy.*),"red"),"deploys")',
                             "--since", "3min", "--title", "Load of this machine", "--output", picture, server=server,
                             env=env)
        assert code == 0, err
        assert Picture(picture.read_bytes()).columns(is_red, 0.3), "the deploy's line"


def test_the_collector_can_be_switched_off(server):
    assert server.get("/metrics/index.json").ok().json == []
