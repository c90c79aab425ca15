"""Completion scripts and manual pages: whole, and without complaints of those who read them."""
import os
import re
import shutil
import socket
import time

import pytest

from kit.server import PLUMB, ROOT, plumb, run


def commands():
    code, out, _ = plumb("--help")
    assert code == 0
    names = [m.group(1) for m in re.finditer(r"^  ([a-z]+) +\S", out.split("\nHelp\n")[0], re.M)]
    assert "log" in names and "serve" in names
    return names


def options(name):
    part = plumb("help", name)[1].partition("\nOptions\n")[2].partition("\n\n")[0]
    return re.findall(r"^ +(?:-\w, )?--([a-z-]+)", part, re.M)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_completed(shell):
    code, script, err = plumb("completion", shell)
    assert (code, err) == (0, "")
    for name in commands():
        assert re.search(r"\b%s\b" % name, script), name
        for option in options(name):
            assert re.search(r"(--|-l )%s\b" % option, script), (name, option)
    if shutil.which(shell):
        assert run([shell, "-n"], input=script)[::2] == (0, "")
    assert plumb("completion", "csh")[0] == 2


def complete(words, env):
    """What bash offers for the last of words."""
    text = 'source <("%s" completion bash); COMP_WORDS=(%s); COMP_CWORD=%d; _plumb; printf "%%s\\n" "${COMPREPLY[@]}"' % (
        PLUMB, " ".join("'%s'" % w for w in words), len(words) - 1)
    env = dict(env, PATH=os.path.dirname(PLUMB) + ":" + os.environ["PATH"])
    code, out, err = run(["bash", "-c", text], env=env)
    assert err == "", err
    return out.split()


def test_bash_offers_what_fits(server):
    at = int(time.time()) - 60
    for service in ("website", "web/checkout", "search"):
        server.post("/api/v1/changes", {"service": service, "start": at}).ok()
    env = {"PLUMB_URL": server.url}
    assert complete(["plumb", "lo"], env) == ["log"]
    assert complete(["plumb", "log", "--si"], env) == ["--since"]
    assert complete(["plumb", "log", "-k", "thi"], env) == ["thirdparty"]
    assert sorted(complete(["plumb", "log", "web"], env)) == ["web/checkout", "website"]
    assert complete(["plumb", "help", "comp"], env) == ["completion"]
    assert "true" in complete(["plumb", "deploy", "web", "--", "tru"], env)


def test_services_are_silent_and_quick_when_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as hole:
        start = time.monotonic()
        got = plumb("completion", "--services", server="http://127.0.0.1:%d" % hole.getsockname()[1])
    assert got == (7, "", "") and time.monotonic() - start < 2


def test_pages_for_all_without_warnings(tmp_path):
    assert plumb("man", "--to", str(tmp_path / "man1")) == (0, "", "")
    names = commands()
    assert sorted(os.listdir(tmp_path / "man1")) == sorted(["plumb.1"] + ["plumb-%s.1" % n for n in names])
    for name in names:
        page = (tmp_path / "man1" / ("plumb-%s.1" % name)).read_text()
        assert plumb("man", name) == (0, page, "")
        for option in options(name):
            assert "\\-\\-" + option.replace("-", "\\-") in page, (name, option)
    if shutil.which("groff"):
        pages = sorted(str(p) for p in (tmp_path / "man1").iterdir())
        for page in pages:
            code, out, err = run(["groff", "-man", "-Tutf8", "-wall", "-b", page])
            assert (code, err) == (0, ""), (page, err)
        assert "--since" in run(["groff", "-man", "-Tascii", "-P-c", str(tmp_path / "man1" / "plumb-log.1")])[1]
    assert plumb("man", "nothing")[0] == 2
    assert plumb("man", "log", "mark")[0] == 2


def test_installed_beside_the_program(tmp_path):
    env = {"MESON_INSTALL_DESTDIR_PREFIX": str(tmp_path)}
    assert run([os.path.join(ROOT, "tools", "install_texts"), PLUMB], env=env) == (0, "", "")
    for path in ("man/man1/plumb.1", "man/man1/plumb-deploy.1", "bash-completion/completions/plumb",
                 "zsh/site-functions/_plumb", "fish/vendor_completions.d/plumb.fish"):
        assert (tmp_path / "share" / path).stat().st_size > 500, path


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
def test_fish_offers_what_fits(server):
    server.post("/api/v1/changes", {"service": "website", "start": int(time.time()) - 60}).ok()
    env = {"PLUMB_URL": server.url, "PATH": os.path.dirname(PLUMB) + ":" + os.environ["PATH"], "HOME": "/nonexistent"}
    ask = "plumb completion fish | source; complete -C 'plumb %s'"
    offer = lambda line: [row.split("\t")[0] for row in run(["fish", "-c", ask % line], env=env)[1].splitlines()]
    assert offer("lo") == ["log"]
    assert offer("log --si") == ["--since"]
    assert "website" in offer("log web")
    assert offer("log -k thi") in (["-kthirdparty"], ["thirdparty"])
