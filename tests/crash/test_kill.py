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

from kit.server import Server, ended, spawn, wait_until

ROUNDS = int(os.environ.get("CRASH_ROUNDS", 24))
PROMISE_S = 0.010
# The 10 ms are the program's, not the scheduler's: while the senders of this test and the server share two
# processors, a thread can lose its own between a read and its record. So the receivers get theirs at once, which
# takes root; without it only what is older than this is judged.
PROMISE_BUSY_S = 0.100
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:30d\n"
SEAL_EVERY_S, SEAL_AT_S = 64, 32  # of series of 1 s: src/store/head.h
ROUNDS_MAX = 5 * ROUNDS
HOUR, DAY = 3600, 86400


def seed_of_run():
    return os.environ.get("CRASH_SEED") or "%d" % (time.time_ns() // 1000 % 10**9)


def promise_of(server):
    """10 ms if the receivers can be given a processor at once (they alone: a real-time thread is not preempted
    by its like, so the background's work would hold them up)."""
    tasks = "/proc/%d/task" % server.process.pid
    try:
        for task in os.listdir(tasks):
            with open("%s/%s/comm" % (tasks, task)) as f:
                if f.read().startswith("receive"):
                    os.sched_setscheduler(int(task), os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return PROMISE_BUSY_S
    return PROMISE_S


def promise_of_names(promise_s):
    """Creating a name wants locks that somebody without a processor may hold, so new names are judged by 10 ms only
    if $CRASH_STRICT is 1."""
    return promise_s if os.environ.get("CRASH_STRICT") == "1" else max(promise_s, PROMISE_BUSY_S)


class Round:
    """What is sent in one round: each point has a place and a time of its own, in all rounds."""

    def __init__(self, number, now, rng):
        self.number = number
        # 2,000 s for each round, in the past, so that nothing is refused as too new
        self.live_s = now - HOUR - (ROUNDS_MAX - number) * 2000
        self.late_s = now - 5 * DAY + number * 2000
        self.now_s = int(time.time()) - 20
        self.jumps = rng.sample(range(2000), 2000)

    def points(self):
        n = self.number

        def past(c):
            return lambda i: ("crash.past.c%d.s%d" % (c, i % 40), self.live_s + i // 40 % 2000, i * 7 + c)

        def late(i):  # days old, in no order
            return "crash.late.s%d" % (i % 40), self.late_s + self.jumps[i // 40 % 2000], i * 3 + n

        def current(i):  # the last seconds: what the head keeps
            return "crash.now.r%d.s%d" % (n, i // 20), self.now_s + i % 20, i + 1

        def fresh(i):  # a new series each time: the names log
            return "crash.new.r%d.s%d" % (n, i), self.live_s + i % 2000, i + 1

        return [past(0), current, late, fresh]

    def targets(self):
        return [("crash.past.*.*", self.live_s), ("crash.late.*", self.late_s),
                ("crash.new.r%d.*" % self.number, self.live_s), ("crash.now.r%d.*" % self.number, self.now_s)]


def held(server, target, start):
    """{(series, time): value} of the 2,000 s from start on."""
    rows = server.get("/render", [("target", target), ("from", start - 1), ("until", start + 1999),
                                  ("format", "json"), ("noNullPoints", "true")], timeout=60).ok().json
    return {(row["target"], at): value for row in rows for value, at in row["datapoints"]}


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


def load_lasts(rng):
    """Short and long, and, when it is near, until just about when the head's seconds are sealed into a file."""
    to_seal_s = SEAL_AT_S - time.time() % SEAL_EVERY_S
    if 0 < to_seal_s < 1.5:
        return to_seal_s + rng.uniform(0.0, 1.3)
    return rng.choice([rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.3), rng.uniform(0.3, 0.8)])


def one_round(server, round_, rng):
    """Load, a kill at a random moment; returns (must be kept, was sent, changes answered)."""
    promise_s = promise_of(server)
    until = time.monotonic() + load_lasts(rng)
    work = load.Load(server, round_.points(), "r%d" % round_.number).start()
    while time.monotonic() < until:
        work.look()
    moment = time.monotonic()
    server.kill()
    work.close()
    *known, fresh = work.senders  # as Round.points has them
    kept = {(s, t): v for sender in known for s, t, v in sender.read_before(moment - promise_s)}
    kept.update({(s, t): v for s, t, v in fresh.read_before(moment - promise_of_names(promise_s))})
    sent = {(s, t): v for sender in work.senders for s, t, v in sender.points}
    return kept, sent, work.poster.answered


def has_files(server):
    return any(name.endswith(".blk") for _, _, names in os.walk(os.path.join(server.data, "store"))
               for name in names)


def check_changes(server, answered):
    for change_id, msg in answered.items():
        got = server.get("/api/v1/changes/" + change_id)
        assert got.status == 200 and got.json["msg"] == msg, (change_id, msg, got.status)


def test_the_counting_of_read_bytes():
    load.self_check(load.Queues())
    slow = load.Queues()
    slow.netlink = None
    load.self_check(slow)


def test_nothing_promised_is_lost(tmp_path):
    seed = seed_of_run()
    print("CRASH_SEED=%s" % seed)
    rng = random.Random(seed)
    path = tmp_path / "schemas.conf"
    path.write_text(SCHEMAS)
    server = Server(tmp_path, "--schemas", path)
    now = int(time.time())
    rounds, answered, has_sealed = [], {}, False
    try:
        # At least ROUNDS, and on until the store has sealed some of it: about once a minute.
        while len(rounds) < ROUNDS or (not has_sealed and len(rounds) < ROUNDS_MAX):
            server.start()
            if rounds:
                check(server, *rounds[-1])
            round_ = Round(len(rounds), now, rng)
            kept, sent, changes = one_round(server, round_, rng)
            rounds.append((round_, kept, sent))
            answered.update(changes)
            has_sealed = has_sealed or has_files(server)
            if rng.random() < 0.3:
                kill_while_starting(server, rng)
        server.start()
        for r in rounds:  # also what was checked before: no later kill may take it back
            check(server, *r)
        check_changes(server, answered)
        server.stop()
    except AssertionError as e:
        pytest.fail("CRASH_SEED=%s: %s\n%s" % (seed, e, server.said()[-1500:]))
    finally:
        if server.process:
            ended(server.process)
    n_kept = sum(len(kept) for _, kept, _ in rounds)
    n_sent = sum(len(sent) for _, _, sent in rounds)
    print("%d kills, %d points sent, %d of them promised, %d changes" % (len(rounds), n_sent, n_kept, len(answered)))
    assert has_sealed
    assert n_kept > 0.35 * n_sent and n_kept > 500 * ROUNDS and len(answered) > ROUNDS, (n_kept, n_sent)


def test_a_burst_of_new_series(tmp_path):
    seed = seed_of_run()
    rng = random.Random(seed)
    n_kept = 0
    for i in range(max(8, ROUNDS // 3)):
        server = Server(tmp_path / str(i))
        with server:
            bursts = [load.Burst(server.line, [b"burst.c%d.host%d.metric%d 1 %d\n" % (c, k % 997, k, time.time())
                                               for k in range(100000)]) for c in range(3)]
            queues = load.Queues()
            promise_s = promise_of_names(promise_of(server))
            for burst in bursts:
                burst.start()
            while not any(burst.seen[-1][1] > 0 for burst in bursts):  # the server has begun to read
                for burst in bursts:
                    burst.look(queues)
            until = time.monotonic() + rng.uniform(0.005, 0.07) + promise_s
            while time.monotonic() < until:
                for burst in bursts:
                    burst.look(queues)
            moment = time.monotonic()
            server.kill()
            for burst in bursts:
                burst.close()
        kept = {line.split()[0].decode() for burst in bursts for line in burst.read_before(moment - promise_s)}
        n_kept += len(kept)
        with server:
            lost = kept - set(server.get("/metrics/index.json", timeout=60).ok().json)
            server.stop()
        assert not lost, "CRASH_SEED=%s, burst %d: %d of %d new series lost" % (seed, i, len(lost), len(kept))
    assert n_kept > 5000


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
            wait_until(lambda: server.stats()["ingest.changes"] == 1, what="the change was read")
            server.flush()
            server.kill()
        with server:
            got = held(server, "flush.*", now + i * 100)
            for k in range(n):
                assert got.get(("flush.s%d" % (k % 50), now + i * 100 + k // 50)) == k
            assert len(server.changes(service="r%d" % i)) == 1
