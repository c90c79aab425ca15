"""Reads PNG files into rows of (red, green, blue), so that tests can look at what was drawn."""
import struct
import zlib


def _chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG: %r" % data[:40]
    at = 8
    while at < len(data):
        n, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        crc, = struct.unpack(">I", data[at + 8 + n:at + 12 + n])
        assert crc == zlib.crc32(kind + body), "a damaged %s chunk" % kind
        yield kind, body
        at += 12 + n


def _paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def _unfilter(kind, line, above, step):
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        up = above[i]
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + up) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        elif kind == 4:
            line[i] = (line[i] + _paeth(left, up, above[i - step] if i >= step else 0)) & 255


class Picture:
    """width, height, rows[y][x] = (r, g, b)."""

    def __init__(self, data):
        palette, packed = None, b""
        for kind, body in _chunks(data):
            if kind == b"IHDR":
                self.width, self.height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            elif kind == b"PLTE":
                palette = [tuple(body[i:i + 3]) for i in range(0, len(body), 3)]
            elif kind == b"IDAT":
                packed += body
        assert interlace == 0 and colour in (0, 2, 3, 4, 6) and (depth == 8 or colour in (0, 3))
        samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        self.rows = [self._row(line, depth, colour, palette)
                     for line in self._lines(zlib.decompress(packed), depth * samples)]

    def _lines(self, raw, bits):
        n, step = (self.width * bits + 7) // 8, max(1, bits // 8)
        assert len(raw) == (n + 1) * self.height
        above = bytearray(n)
        for y in range(self.height):
            at = y * (n + 1)
            line = bytearray(raw[at + 1:at + 1 + n])
            if raw[at]:
                _unfilter(raw[at], line, above, step)
            yield line
            above = line

    def _row(self, line, depth, colour, palette):
        if colour == 2:
            return [tuple(line[i:i + 3]) for i in range(0, len(line), 3)]
        if colour == 6:
            return [tuple(line[i:i + 3]) for i in range(0, len(line), 4)]
        if colour == 4:
            return [(line[i],) * 3 for i in range(0, len(line), 2)]
        per, mask = 8 // depth, (1 << depth) - 1
        values = [line[x // per] >> (8 - depth * (x % per + 1)) & mask for x in range(self.width)]
        if colour == 3:
            return [palette[v] for v in values]
        return [(v * 255 // mask,) * 3 for v in values]

    def columns(self, is_wanted, share=0.5):
        """The x of every column in which at least that share of the pixels are wanted."""
        least = share * self.height
        return [x for x in range(self.width)
                if sum(1 for row in self.rows if is_wanted(row[x])) >= least]

    def colours(self):
        return {p for row in self.rows for p in row}


def groups(columns, gap=1):
    """Neighbouring columns make one line: [[4, 5], [9]]."""
    out = []
    for x in columns:
        if out and x - out[-1][-1] <= gap:
            out[-1].append(x)
        else:
            out.append([x])
    return out


def is_red(p):
    return p[0] > 140 and p[1] < 110 and p[2] < 110 and p[0] - max(p[1], p[2]) > 60
