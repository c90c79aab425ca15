"""A full disk: nothing taken is lost, reading goes on, and so does receiving once there is room again."""
import os
import resource
import subprocess
import threading
import time

import pytest

from kit.server import Server, wait_until

T0 = int(time.time()) // 3600 * 3600 - 4 * 3600
DISK = "12m"


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + DISK, "tmpfs", path], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no mounting here: %s" % mounted.stderr.decode().strip())
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


class Filler:
    """Takes all the room but some, and gives it back."""

    def __init__(self, disk):
        self.path = disk / "filler"

    def fill(self, leave=0):
        with open(self.path, "ab", buffering=0) as f:
            for size in (1 << 20, 4096, 512):
                try:
                    while True:
                        f.write(b"x" * size)
                except OSError:
                    pass
            if leave:
                f.truncate(max(0, f.tell() - leave))

    def empty(self):
        os.unlink(self.path)


def name(i):
    return "full.%s.s%d" % ("n" * 150, i)


def test_points_wait_for_room_and_none_is_lost(disk, tmp_path):
    n = 12000
    server = Server(disk, log=tmp_path / "server.log")
    with server:
        server.send("before.it 1 %d" % T0)
        server.wait_points(1)
        server.flush()
        kept = server.post("/deploy/before", "still room").ok().json["id"]
        filler = Filler(disk)
        filler.fill(leave=200 * 1024)
        sender = threading.Thread(daemon=True, target=server.send,
                                  args=["%s %d %d" % (name(i), i, T0) for i in range(n)])
        sender.start()
        wait_until(lambda: "disk refuses" in server.said(), what="the full disk is noticed and logged")
        # It lives, reads what it has, and says that it cannot take more.
        assert server.get("/ping").ok()
        assert server.values("before.it", T0 - 10, T0 + 10) == {T0: 1}
        assert server.get("/render", {"target": "before.it", "from": T0 - 60, "until": T0}).ok().type == "image/png"
        flushed = server.post("/api/v1/flush", timeout=30)
        assert flushed.status >= 500 and len(flushed.text.split()) >= 3, flushed.text
        refused = server.post("/deploy/during", "x" * 60000)
        is_taken = refused.status == 200  # a page of the database may have been free
        assert is_taken or len(refused.text.split()) >= 3, refused.text
        # Room again: all of it arrives, by itself.
        filler.empty()
        sender.join(30)
        assert not sender.is_alive()
        server.wait_points(1 + n, 30)
        server.flush()
        assert server.post("/deploy/after", "room again").ok()
        assert server.stats()["ingest.refused"] == 0
    with server:
        rows = server.render("full.*.*", T0 - 10, T0)
        assert {r["target"]: r["datapoints"][-1][0] for r in rows} == {name(i): i for i in range(n)}
        assert server.values("before.it", T0 - 10, T0 + 10) == {T0: 1}
        services = {c["service"] for c in server.changes()}
        assert {"before", "after"} <= services and ("during" in services) == is_taken
        assert server.get("/api/v1/changes/" + kept).ok().json["msg"] == "still room"


def test_points_of_known_series_wait_too(disk, tmp_path):
    """The log is full, not the names: the same promise."""
    n_series, n_each = 500, 600
    server = Server(disk, log=tmp_path / "server.log")
    with server:
        server.send(*["known.s%d 0 %d" % (k, T0) for k in range(n_series)])
        server.wait_points(n_series)
        filler = Filler(disk)
        filler.fill(leave=100 * 1024)
        lines = ["known.s%d %d.25 %d" % (k, i * 7919 % 1000003, T0 + i * 10)
                 for i in range(1, n_each) for k in range(n_series)]
        sender = threading.Thread(daemon=True, target=server.send, args=lines)
        sender.start()
        wait_until(lambda: "disk refuses" in server.said(), what="the full disk is noticed and logged")
        assert server.get("/ping").ok()
        filler.empty()
        sender.join(30)
        server.wait_points(n_series * n_each, 30)
        server.flush()
        server.kill()  # what the barrier answered for is there after a kill as well
    with server:
        for k in (0, 7, n_series - 1):
            assert server.values("known.s%d" % k, T0 + 1, T0 + n_each * 10) == {
                T0 + i * 10: i * 7919 % 1000003 + 0.25 for i in range(1, n_each)}


def test_ending_while_the_disk_is_full(disk, tmp_path):
    """SIGTERM ends it although points still wait; they were never taken, and are counted as refused."""
    server = Server(disk, log=tmp_path / "server.log")
    with server:
        server.send("before.it 1 %d" % T0)
        server.wait_points(1)
        server.flush()
        filler = Filler(disk)
        filler.fill()
        with server.connect() as s:
            s.setblocking(False)
            try:
                while True:
                    s.send("".join("%s 1 %d\n" % (name(i), T0) for i in range(500)).encode())
            except BlockingIOError:
                pass
            wait_until(lambda: "disk refuses" in server.said(), what="the full disk is noticed and logged")
            server.stop()
        filler.empty()
    with server:
        assert server.values("before.it", T0 - 10, T0 + 10) == {T0: 1}


def test_a_limit_on_the_size_of_files_is_a_full_disk_too(tmp_path):
    """`ulimit -f`: needs no root, and its signal must not end the server."""
    n = 12000
    with Server(tmp_path) as server:
        server.send("before.it 1 %d" % T0)
        server.wait_points(1)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (500000, resource.RLIM_INFINITY))
        sender = threading.Thread(daemon=True, target=server.send,
                                  args=["%s %d %d" % (name(i), i, T0) for i in range(n)])
        sender.start()
        wait_until(lambda: "disk refuses" in server.said() or not server.is_alive(), what="the limit is met")
        assert server.is_alive(), "ended by signal %d" % -server.process.wait()
        assert server.values("before.it", T0 - 10, T0 + 10) == {T0: 1}
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        sender.join(30)
        server.wait_points(1 + n, 30)
        server.flush()
    with server:
        assert len(server.render("full.*.*", T0 - 10, T0)) == n


def test_starting_on_a_full_disk_says_so(disk, tmp_path):
    from kit.server import PLUMB, run
    Filler(disk).fill()
    code, out, err = run([PLUMB, "serve", "--data", disk / "data", "--http", "127.0.0.1:0", "--line", "127.0.0.1:0",
                          "--pickle", "off", "--statsd", "off"])
    assert code > 0 and "No space left" in err, (code, err)
