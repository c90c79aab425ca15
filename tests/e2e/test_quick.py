"""plumb is two programs: a small one that starts at once and asks a server beside it, and plumb-engine, which is all of
it. Here the small one is alone, so that whatever it hands on fails, and says so."""
import os
import shutil

import pytest

from kit.server import PLUMB, Server, ended, run, spawn, wait_until


@pytest.fixture
def lone(tmp_path):
    """The small program without its engine."""
    folder = tmp_path / "lone"
    folder.mkdir()
    return shutil.copy(os.path.realpath(PLUMB), str(folder / "plumb"))


@pytest.fixture
def env(tmp_path):
    (tmp_path / "home").mkdir()
    clear = {name: "" for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")}
    return dict(clear, HOME=str(tmp_path / "home"), XDG_STATE_HOME=str(tmp_path / "state"), PLUMB_BY="nora")


def wants_engine(lone, args, env):
    """It wanted the engine, and says where it was looked for."""
    path = os.path.join(os.path.dirname(lone), "plumb-engine")
    code, out, err = run([lone, *args], env=env)
    return (code, out) == (1, "") and "cannot run '%s': No such file" % path in err and "install both" in err


def test_asks_and_records_without_the_engine(lone, env, tmp_path):
    with Server(tmp_path) as server:
        env["PLUMB_URL"] = server.url

        def say(*args):
            code, out, err = run([lone, *args], env=env)
            assert code == 0, (args, err)
            return out

        say("deploy", "website", "--rev", "4f2c1e9", "-m", "fix login", "--", "true")
        say("mark", "website", "-m", "looked at it")
        say("rollback", "website", "--rev", "1a2b3c4")
        say("can", "website")
        assert "fix login" in say("log", "website", "--since", "1h")
        assert "looked at it" in say("log", "website", "--since", "1h", "--json")
        change = server.get("/api/v1/changes").ok().json[0]["id"]
        assert change in say("show", change, "--json")
        say("now")
        say("freeze", "website", "-m", "sale")
        code, _, err = run([lone, "deploy", "website", "--", "true"], env=env)
        assert code == 3 and "sale" in err
        say("thaw", "website")
        say("train", "website", "join")
        deploys = [c for c in server.get("/api/v1/changes").ok().json if c.get("rev") == "4f2c1e9"]
        assert [c["status"] for c in deploys] == ["succeeded"]


@pytest.mark.parametrize("args", [["--version"], ["--help"], [], ["help", "log"], ["log", "--help"], ["no-such"],
                                  ["ping"], ["graph", "a"], ["serve", "--http", "off"]])
def test_all_else_takes_the_engine(lone, env, args):
    env["PLUMB_URL"] = "http://127.0.0.1:1"
    assert wants_engine(lone, args, env)


@pytest.mark.parametrize("more", [{"PLUMB_URL": "https://127.0.0.1:1"}, {"PLUMB_URL": "http://plumb.invalid:1"},
                                  {"PLUMB_URL": "http://127.0.0.1:1/ x"},
                                  {"PLUMB_URL": "http://10.0.0.1:1", "http_proxy": "http://127.0.0.1:1"}])
def test_servers_farther_off_take_the_engine(lone, env, more):
    assert wants_engine(lone, ["log"], dict(env, **more))


def test_the_address_may_stand_in_the_file(lone, env):
    folder = os.path.join(env["HOME"], ".config", "plumb")
    os.makedirs(folder)
    for url, is_near in (("http://127.0.0.1:1", True), ("https://127.0.0.1:1", False)):
        with open(os.path.join(folder, "config"), "w") as f:
            f.write("[plumb]\nurl = %s\n" % url)
        own = dict(env, PLUMB_URL="")
        assert wants_engine(lone, ["log"], own) != is_near
        assert not is_near or run([lone, "log"], env=own)[0] == 7


def test_finds_the_engine_through_links_and_stays_the_same_process(env, tmp_path):
    link = str(tmp_path / "elsewhere")
    os.symlink(PLUMB, link)
    assert run([link, "--version"], env=env)[1].startswith("plumb ")
    quiet = tmp_path / "quiet.conf"
    quiet.write_text("[collect]\nhost = off\nself = off\n")
    process = spawn([link, "serve", "--http", "127.0.0.1:0", "--line", "off", "--pickle", "off", "--statsd", "off",
                     "--data", tmp_path / "data", "--config", quiet], env=env)
    try:
        wait_until(lambda: os.readlink("/proc/%d/exe" % process.pid).endswith("/plumb-engine"), what="the engine")
    finally:
        ended(process)
