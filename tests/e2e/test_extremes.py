"""Whatever is asked of a picture: it comes, of the asked size, or a 400 comes that says in a sentence why not."""
import re
import struct
import urllib.parse

import pytest

from kit import server as kit

T0 = 1772409600
PIXELS_MAX = 40000000
HEBREW = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd"
ARABIC = "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645"
EMOJI = "\U0001f680\U0001f468\u200d\U0001f469\u200d\U0001f467\u2764\ufe0f\U0001f1e9\U0001f1ea"
TURNED = "\u202e\u2066abc\u2069 \u200f\u0301\u0301\u0301"

SERIES = {
    "plain": [1, 5, 3, 8, 2, 9, 4, 4, 6, 7],
    "tiny": [1e-300, 2e-300, 5e-300, 3e-300],
    "huge": [1e300, -1.7e308, 1.7e308, 3e299],
    "mixed": [1e-300, 1e300, 0, -1e-12, 5],
    "close": [1e15, 1e15 + 0.125, 1e15 + 0.25],
    "flat": [7, 7, 7],
    "zero": [0, 0, 0],
    "below": [-5, -1, -3],
    "one": [42],
}
# Series that functions make infinite, not a number or empty; and such that no point is known of.
TARGETS = ["x.plain", "x.tiny", "x.huge", "x.mixed", "x.close", "x.flat", "x.zero", "x.below", "x.one", "x.*", "x.no",
           "divideSeries(x.plain,x.zero)", "scale(x.huge,1e300)", "pow(x.huge,3)", "invert(x.zero)",
           "secondYAxis(x.huge)", "drawAsInfinite(x.plain)", "stacked(x.*)", "constantLine(1e308)"]
LOOKS = [{}, {"template": "graphite"}, {"template": "print"}, {"areaMode": "stacked"}, {"logBase": "10"},
         {"logBase": "1.0000001"}, {"graphType": "pie"}, {"lineMode": "connected", "drawNullAsZero": "true"},
         {"yUnitSystem": "binary"}, {"yUnitSystem": "sec"}, {"yUnitSystem": "msec"}, {"yUnitSystem": "none"}]
SIDES = [1, 2, 3, 7, 20, 39, 60, 101, 330, 1200, 4000, 10000]
TEXTS = ["x" * 10000, "word " * 2000, HEBREW, HEBREW * 500, ARABIC, EMOJI, EMOJI * 300, TURNED, "a\nb\nc\nd\ne\nf", " ", "\t",
         "\u4f60\u597d" * 3000, "<&>\"'", "%s%n%d"]
NUMBERS = ["nan", "inf", "-inf", "1e308", "-1e308", "1e-308", "0", "-0", "-1", "1e999", "", "x", "9" * 400, "0x10", "1,5"]
NUMERIC = ["yMin", "yMax", "yLimit", "yStep", "yMinLeft", "yMaxRight", "yStepRight", "yLimitLeft", "logBase", "minXStep",
           "lineWidth", "thickness", "areaAlpha", "fontSize", "margin", "connectedLimit", "minorY", "yDivisors",
           "valueLabelsMin", "leftWidth", "rightDashed", "width", "height"]
SIZED = [{"width": w, "height": h} for w in SIDES for h in (SIDES if w < 4000 else (1, 250, 4000, 10000))]


@pytest.fixture(autouse=True)
def no_process_left():
    """The module's server outlives one test."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extremes")
    schemas = folder / "schemas.conf"
    schemas.write_text("[all]\npattern = .*\nretentions = 60s:60y\n")
    with kit.Server(folder, "--schemas", schemas) as s:
        lines = ["x.%s %r %d" % (name, v, T0 + 60 * i) for name, values in SERIES.items() for i, v in enumerate(values)]
        s.send(*lines)
        s.wait_points(len(lines))
        yield s
        assert s.is_alive(), s.said()[-2000:]


def size_of(body, is_svg):
    """(width, height) as the picture itself says."""
    if is_svg:
        head = re.search(r'<svg [^>]*width="(\d+)(?:px)?" height="(\d+)(?:px)?"', body[:2000].decode(errors="replace"))
        assert head and body.rstrip().endswith(b"</svg>"), body[:200]
        return int(head[1]), int(head[2])
    assert body[:8] == b"\x89PNG\r\n\x1a\n" and body[-8:-4] == b"IEND", body[:40]
    return struct.unpack(">II", body[16:24])


def check(server, target, params, kind="png"):
    """A picture of the asked size, or a 400 whose text is a sentence; returns the status."""
    query = dict({"from": T0 - 60, "until": T0 + 3600, "target": target, "format": kind}, **params)
    answer = server.ask("POST", "/render", body=urllib.parse.urlencode(query),
                        headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=60)
    told = (target, {k: str(v)[:40] for k, v in params.items()}, answer.status, answer.body[:200])
    assert answer.status in (200, 400), told
    if answer.status == 400:
        text = answer.text.strip()
        assert len(text) > 10 and " " in text and len(text) < 600, told
        return 400
    if "width" not in params or str(params["width"]).isdigit():
        wanted = int(params.get("width") or 330), int(params.get("height") or 250)
        assert size_of(answer.body, kind == "svg") == wanted, told
    return 200


@pytest.mark.parametrize("target", TARGETS)
def test_any_values_in_any_look(server, target):
    for look in LOOKS:
        for size in ({}, {"width": 586, "height": 308}, {"width": 40, "height": 30}):
            assert check(server, target, dict(look, **size), "svg" if size else "png") == 200


def test_any_size(server):
    for size in SIZED:
        status = check(server, "x.*", dict(size, title="A title", vtitle="left", hideLegend="false"))
        assert status == (400 if size["width"] * size["height"] > PIXELS_MAX else 200), size


@pytest.mark.parametrize("size", [0, -1, 10001, 1e9])
def test_no_such_size(server, size):
    assert check(server, "x.plain", {"width": size}) == 400
    assert check(server, "x.plain", {"height": size}) == 400


@pytest.mark.parametrize("n", range(len(TEXTS)))
def test_any_text(server, n):
    text = TEXTS[n]
    for look in ({}, {"template": "graphite"}, {"graphType": "pie"}, {"width": 10000, "height": 250, "fontSize": 1},
                 {"width": 50, "height": 400}):
        for kind in ("png", "svg"):
            assert check(server, "x.plain", dict(look, title=text, vtitle=text, vtitleRight=text), kind) == 200
    name = text.replace("\n", " ").replace("'", "")
    assert check(server, "alias(x.plain,'%s')" % name, {}) == 200
    assert check(server, "alias(secondYAxis(x.*),'%s')" % name, {"hideLegend": "false"}, "svg") == 200
    check(server, "x.plain", {"fontName": text})
    check(server, "x.plain", {"xFormat": text})
    check(server, "x.plain", {"template": text})
    check(server, "x.plain", {"bgcolor": text, "colorList": text})


@pytest.mark.parametrize("key", NUMERIC)
def test_any_number(server, key):
    for number in NUMBERS:
        for look in ({}, {"template": "graphite"}, {"graphType": "pie"}):
            check(server, "x.plain", dict(look, **{key: number}))
        check(server, "secondYAxis(x.huge)", {key: number})


@pytest.mark.parametrize("span", [(T0, T0 + 1), (T0, T0 + 60), (-62135596800, 253402300799), (0, 1), (T0, T0),
                                  (T0 + 60, T0), (-99999999999999, 99999999999999)])
def test_any_span(server, span):
    for look in ({}, {"template": "graphite"}, {"xFormat": "%c %x %X %Z %j"}, {"tz": "Pacific/Apia"}, {"width": 10000}):
        check(server, "constantLine(3)", dict(look, **{"from": span[0], "until": span[1]}))
