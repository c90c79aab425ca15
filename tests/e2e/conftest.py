import os
import sys

import pytest

sys.dont_write_bytecode = True
from kit import server as kit  # noqa: E402


# What waits the longest begins first, so that nothing is left to wait for at the end.
FIRST = ("test_verdict_gate.py", "test_irc_flood.py", "test_irc.py", "test_announce.py", "test_shell.py", "test_command.py")


def pytest_collection_modifyitems(items):
    order = {name: i for i, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(FIRST)))


def pytest_sessionstart(session):
    if not os.path.exists(kit.PLUMB):
        pytest.exit("there is no %s; run make first" % kit.PLUMB, 2)


@pytest.fixture
def server_args():
    """Further flags of `server`; a module may have its own."""
    return ()


@pytest.fixture
def server(tmp_path, server_args):
    """A fresh server; at the end it still runs and ends cleanly."""
    with kit.Server(tmp_path, *server_args) as s:
        yield s
        assert s.is_alive(), "the server died: " + s.said()[-2000:]


@pytest.fixture(autouse=True)
def no_process_left():
    yield
    left = [p.args for p in kit._running if p.poll() is None]
    kit._kill_all()
    assert not left, "left running: %s" % left
