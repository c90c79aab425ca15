#!/usr/bin/env python3
"""Points per CPU-second of the pickle receiver, samples per CPU-second of StatsD (flushes included), both as plumb's whole
process. Senders are made beforehand: what they cost is not in the figures."""
import pickle
import socket
import struct
import sys
import tempfile
import time

import kit

FRAME_POINTS = 500       # as carbon-relay sends them
PACKET_BYTES = 1400      # as clients gather them
INTERVAL_S = 10


def pickles(n_series, n_points, protocol):
    names = [f"servers.web{i % 100:02}.app{i // 100}.requests" for i in range(n_series)]
    start_s = int(time.time()) - n_points * kit.STEP_S
    frames = []
    for k in range(n_points):
        for i in range(0, n_series, FRAME_POINTS):
            body = pickle.dumps([(name, (start_s + k * kit.STEP_S, (len(name) * k * 7 + i) % 1000 / 4))
                                 for name in names[i:i + FRAME_POINTS]], protocol=protocol)
            frames.append(struct.pack("!L", len(body)) + body)
    return b"".join(frames)


def packets(n_names, kind):
    lines = [f"web.app{i % 100:02}.page{i // 100}.{kind}:{i % 500}|{kind}" for i in range(n_names)]
    out, packet = [], ""
    for line in lines:
        if len(packet) + len(line) > PACKET_BYTES:
            out.append(packet.encode())
            packet = ""
        packet += line + "\n"
    return out + [packet.encode()], len(lines)


def measure_pickle(options, data, n_points):
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, \
            kit.Server(options.plumb, folder, 1, pickle=True) as server:
        before = kit.cpu_seconds(server.pid)
        sock = socket.create_connection(("127.0.0.1", server.pickle))
        sock.sendall(data)
        kit.hang_up([sock])
        return (kit.cpu_seconds(server.pid) - before) / n_points * 1e9


def measure_statsd(options, kind, is_tcp):
    work, n_lines = packets(options.series, kind)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, \
            kit.Server(options.plumb, folder, 1, statsd=True) as server:
        before, until, n_laps = kit.cpu_seconds(server.pid), time.monotonic() + 2 * INTERVAL_S, 0
        addr = ("127.0.0.1", server.statsd)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM) as s:
            s.connect(addr)
            lap = b"".join(work)
            while time.monotonic() < until:
                if is_tcp:
                    s.sendall(lap)
                else:
                    for i, packet in enumerate(work):
                        s.send(packet)
                        if i % 16 == 0:
                            time.sleep(0.0005)  # the kernel's buffer is small
                n_laps += 1
        time.sleep(0.5)
        used = kit.cpu_seconds(server.pid) - before
        n_lost = kit.stats(server)["ingest.datagrams_lost"]
    n = n_laps * n_lines - n_lost * n_lines // len(work)
    return used / n * 1e9, n


def main():
    parser = kit.arguments(__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10000)
    parser.add_argument("--points", type=int, default=200, help="of each series, pickled")
    options = parser.parse_args()
    rows, figures = [], {}
    with kit.scratch(options) as folder:
        options.folder = folder
        for protocol in (2, 4):
            data = pickles(options.series, options.points, protocol)
            n = options.series * options.points
            ns = figures[f"pickle{protocol}"] = measure_pickle(options, data, n)
            rows.append([f"pickle, protocol {protocol}", f"{1e3 / ns:.1f}", f"{ns:.0f}", f"{n}"])
        for kind, is_tcp in (("c", True), ("ms", True), ("c", False)):
            ns, n = measure_statsd(options, kind, is_tcp)
            name = f"StatsD, {kind}, {'TCP' if is_tcp else 'UDP'}"
            figures[name] = ns
            rows.append([name, f"{1e3 / ns:.1f}", f"{ns:.0f}", f"{n}"])
    kit.table(["", "M a CPU-s", "ns each", "sent"], rows)
    kit.write_json(options, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
