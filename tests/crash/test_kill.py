"""kill -9 at random moments under load: what the durability contract promises is there afterwards.

The promise: what the server had read more than 10 ms before the kill is kept, and so is every change whose POST
was answered. Each round starts the server on the folder that the last one was killed on. $CRASH_SEED repeats a
run's choices (not its timing, which is the kernel's), $CRASH_ROUNDS makes it longer.
"""
import os
import random
import time

import load
import pytest

from kit.server import Server, spawn, ended

ROUNDS = int(os.environ.get("CRASH_ROUNDS", 24))
PROMISE_S = 0.010
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:30d\n"
HOUR, DAY = 3600, 86400


def seed_of_run():
    return os.environ.get("CRASH_SEED") or "%d" % (time.time_ns() // 1000 % 10**9)


class Round:
    """What is sent in one round: each point has a place and a time of its own, in all rounds."""

    def __init__(self, number, now, rng):
        self.number = number
        # 2,000 s for each round, in the past, so that nothing is refused as too new
        self.live_s = now - HOUR - (ROUNDS - number) * 2000
        self.late_s = now - 5 * DAY + number * 2000
        self.jumps = rng.sample(range(2000), 2000)

    def points(self):
        n = self.number

        def live(c):
            return lambda i: ("crash.live.c%d.s%d" % (c, i % 40), self.live_s + i // 40 % 2000, i * 7 + c)

        def late(i):  # days old, in no order
            return "crash.late.s%d" % (i % 40), self.late_s + self.jumps[i // 40 % 2000], i * 3 + n

        def fresh(i):  # a new series each time: the names log
            return "crash.new.r%d.s%d" % (n, i), self.live_s + i % 2000, i + 1

        return [live(0), live(1), late, fresh]

    def targets(self):
        return [("crash.live.*.*", self.live_s), ("crash.late.*", self.late_s),
                ("crash.new.r%d.*" % self.number, self.live_s)]


def held(server, target, start):
    """{(series, time): value} of what the server answers."""
    query = [("target", target), ("from", start - 1), ("until", start + 2000), ("format", "raw")]
    out = {}
    for row in server.get("/render", query, timeout=60).ok().text.splitlines():
        head, _, values = row.rpartition("|")
        name, first, _, step = head.rsplit(",", 3)
        at = int(first)
        for v in values.split(","):
            if v != "None":
                out[name, at] = float(v)
            at += int(step)
    return out


def check(server, round_, kept, sent):
    """Everything kept is there; nothing is there that was not sent."""
    got = {}
    for target, start in round_.targets():
        got.update(held(server, target, start))
    lost = [(k, v) for k, v in kept.items() if got.get(k) != v]
    assert not lost, "round %d: %d of %d points lost or changed, as %s (got %s)" % (
        round_.number, len(lost), len(kept), lost[:3], [got.get(k) for k, _ in lost[:3]])
    odd = [(k, v) for k, v in got.items() if sent.get(k) != v]
    assert not odd, "round %d: values that nobody sent: %s" % (round_.number, odd[:3])


def kill_while_starting(server, rng):
    """The start itself is a moment like any other."""
    with open(server.log, "ab") as log:
        process = spawn(server.argv(), stdout=log, stderr=log)
    until = time.monotonic() + rng.uniform(0.0, 0.15)
    while time.monotonic() < until and process.poll() is None:
        pass
    process.kill()
    ended(process)


def one_round(server, round_, rng):
    """Load, a kill at a random moment; returns (must be kept, was sent, changes answered)."""
    lasts_s = rng.choice([rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.2)])
    work = load.Load(server, round_.points(), "r%d" % round_.number).start()
    until = time.monotonic() + lasts_s
    while time.monotonic() < until:
        work.look()
    moment = time.monotonic()
    server.kill()
    work.close()
    kept = {(s, t): v for sender in work.senders for s, t, v in sender.read_before(moment - PROMISE_S)}
    sent = {(s, t): v for sender in work.senders for s, t, v in sender.points}
    return kept, sent, work.poster.answered


def check_changes(server, answered):
    for change_id, msg in answered.items():
        got = server.get("/api/v1/changes/" + change_id)
        assert got.status == 200 and got.json["msg"] == msg, (change_id, msg, got.status)


def test_the_counting_of_read_bytes():
    load.self_check()


def test_nothing_promised_is_lost(tmp_path):
    seed = seed_of_run()
    print("CRASH_SEED=%s" % seed)
    rng = random.Random(seed)
    path = tmp_path / "schemas.conf"
    path.write_text(SCHEMAS)
    server = Server(tmp_path, "--schemas", path)
    now = int(time.time())
    rounds, n_kept, answered = [], 0, {}
    try:
        for number in range(ROUNDS):
            server.start()
            if rounds:
                check(server, *rounds[-1])
            round_ = Round(number, now, rng)
            kept, sent, changes = one_round(server, round_, rng)
            rounds.append((round_, kept, sent))
            answered.update(changes)
            n_kept += len(kept)
            if rng.random() < 0.3:
                kill_while_starting(server, rng)
        server.start()
        for r in rounds:  # also what was checked before: no later kill may take it back
            check(server, *r)
        check_changes(server, answered)
        stats = server.stats()
        server.stop()
    except AssertionError as e:
        pytest.fail("CRASH_SEED=%s: %s\n%s" % (seed, e, server.said()[-1500:]))
    finally:
        if server.process:
            ended(server.process)
    print("%d kills, %d points, %d changes; %s" % (ROUNDS, n_kept, len(answered), stats))
    assert n_kept > 1000 * ROUNDS and len(answered) > ROUNDS, (n_kept, len(answered))


def test_the_flush_barrier_keeps_all_of_it(tmp_path):
    """After POST /api/v1/flush answered, a kill the next moment loses nothing, 10 ms or not."""
    rng = random.Random(seed_of_run())
    now = int(time.time()) - HOUR
    path = tmp_path / "schemas.conf"
    path.write_text(SCHEMAS)
    server = Server(tmp_path, "--schemas", path)
    for i in range(5):
        n = rng.randrange(500, 3000)
        with server:
            server.send(*["flush.s%d %d %d" % (k % 50, k, now + i * 100 + k // 50) for k in range(n)])
            server.send("events.deploy.r%d 1 %d" % (i, now))
            server.wait_points(n)
            # the line's own change may still be on its way; the barrier waits for what was read
            server.flush()
            server.kill()
        with server:
            got = held(server, "flush.*", now + i * 100)
            for k in range(n):
                assert got.get(("flush.s%d" % (k % 50), now + i * 100 + k // 50)) == k
            server.stop()
