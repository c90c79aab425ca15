#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: layers, front doors, prefixes, limits, banned calls,
what CLEANUP ends, tests next door, notes without an owner. Prints `file:line: what` for each finding; exits 1
on any."""
import os
import re
import sys

FILE_LINES_MAX = 800
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6  # beside the closing `struct err *err`, which every fallible function has
OPEN_FOLDERS = {"base", "os", "model"}

BANNED = {
    "strcpy": "buf_add_str or text_copy", "strcat": "buf_add_str", "sprintf": "buf_printf or snprintf",
    "vsprintf": "buf_vprintf", "atoi": "num_parse_i64", "atol": "num_parse_i64",
    "atof": "num_parse_f64", "strtod": "num_parse_f64", "strtof": "num_parse_f64",
    "strtol": "num_parse_i64", "strtoul": "num_parse_i64", "gmtime": "tz_civil",
    "localtime": "tz_civil", "gmtime_r": "tz_civil", "localtime_r": "tz_civil",
    "strtok": "str_split", "strerror": "FAIL with ERR_IO", "rand": "hash_key_random or a seed",
    "srand": "a seed that is handed in", "alloca": "the arena", "malloc": "mem_alloc",
    "calloc": "mem_zalloc", "realloc": "mem_resize", "free": "mem_free", "usleep": "a clock",
    "gets": "file_read_all",
}
# Where the real call has to live.
BANNED_HOME = {"src/base/mem.c": {"malloc", "calloc", "realloc", "free"},
               "tests/kit/replay.c": {"malloc", "free"},
               "tests/kit/kit.c": {"strtoull"}}


class Finding(Exception):
    pass


def strip_comments(text):
    """Blanks out comments and strings, keeping every newline and column."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def read_layers(text):
    layers = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            folder, _, rest = line.partition(":")
            layers[folder.strip()] = rest.split()
    return layers


def check_layer_order(layers):
    seen = []
    for folder, uses in layers.items():
        for used in uses:
            if used not in seen:
                yield "tools/layers.txt:1: '%s' names '%s', which comes later" % (folder, used)
        seen.append(folder)


def check_includes(path, text, layers):
    """Layers and front doors."""
    folder = path.split("/")[1]
    for number, line in enumerate(text.splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        target = m.group(1)
        if target.startswith("kit/"):
            if not re.search(r"_(test|fuzz)\.c$|_kit\.[ch]$", path):
                yield "%s:%d: only tests include the kit" % (path, number)
            continue
        other, _, name = target.partition("/")
        if not name:
            yield '%s:%d: includes start at src/: "%s/%s"' % (path, number, folder, target)
        elif other == folder:
            continue
        elif other not in layers.get(folder, []):
            is_test = re.search(r"_(test|fuzz)\.c$", path)
            if not (is_test and other == "os"):
                yield "%s:%d: %s must not include %s (tools/layers.txt)" % (path, number, folder, other)
        elif other not in OPEN_FOLDERS and name != other + ".h":
            yield "%s:%d: side door: include %s/%s.h" % (path, number, other, other)


def function_starts(lines):
    """Yields (index of the signature's first line, index of '{', index of '}') for each function."""
    for i, line in enumerate(lines):
        if line != "{":
            continue
        start = i - 1
        while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(("}", "#")) \
                and not lines[start - 1].rstrip().endswith((";", "{")):
            start -= 1
        end = i + 1
        while end < len(lines) and lines[end] != "}":
            end += 1
        yield start, i, end


def count_parameters(signature):
    open_at = signature.find("(", signature.find(")") + 1 if "__attribute__" in signature else 0)
    depth, commas, seen = 0, 0, ""
    for c in signature[open_at:]:
        depth += c == "("
        depth -= c == ")"
        commas += c == "," and depth == 1
        seen += c
        if depth == 0:
            break
    n = 0 if seen in ("(void)", "()") else commas + 1
    return n - 1 if re.search(r"struct err \*\w+\)$", seen) else n


def check_limits(path, text):
    lines = strip_comments(text).split("\n")
    limit = HEADER_LINES_MAX if path.endswith(".h") else FILE_LINES_MAX
    n_lines = len(text.splitlines())
    is_table = "data table:" in text[:400]
    if n_lines > limit and not is_table:
        yield "%s:%d: %d lines, at most %d" % (path, limit, n_lines, limit)
    for start, body, end in function_starts(lines):
        if end - body - 1 > FUNCTION_LINES_MAX:
            yield "%s:%d: function of %d lines, at most %d" % (path, start + 1, end - body - 1,
                                                             FUNCTION_LINES_MAX)
        n = count_parameters(" ".join(lines[start:body]))
        before = text.split("\n")[max(0, start - 3):start]
        is_callback = any("signature is" in line for line in before)  # a library's, named there
        if n > PARAMETERS_MAX and not is_callback:
            yield "%s:%d: %d parameters, at most %d" % (path, start + 1, n, PARAMETERS_MAX)


def check_banned(path, text):
    home = BANNED_HOME.get(path, set())
    for number, line in enumerate(strip_comments(text).split("\n"), 1):
        for m in re.finditer(r"(?<![\w.>])(\w+)\s*\(", line):
            name = m.group(1)
            if name in BANNED and name not in home:
                yield "%s:%d: %s is banned; use %s" % (path, number, name, BANNED[name])
        if re.search(r"\bgoto\b", line):
            yield "%s:%d: goto is banned; use CLEANUP" % (path, number)


def check_formats(path, text):
    """No locale-dependent %f %g %e in formats: num_* does that."""
    if re.search(r"_(test|fuzz)\.c$", path) or path.startswith("tests/"):
        return
    for number, line in enumerate(text.split("\n"), 1):
        for m in re.finditer(r'"(?:\\.|[^"\\\n])*"', line):
            is_time = re.search(r"%[HMSYbBdaApyjmI]", m.group(0))
            if re.search(r"(?<!%)(?:%%)*%[-+ #0-9.*]*[fgeFGE](?![a-zA-Z0-9_])", m.group(0)) \
                    and not is_time and "tz_format" not in line:
                yield "%s:%d: a locale may change %%f, %%g and %%e; use num_*" % (path, number)


def check_prefixes(path, text, extra):
    """Public functions of X.h begin with X_ (tools/prefixes.txt lists more)."""
    stem = os.path.basename(path)[:-2]
    allowed = [stem + "_", "fn_"] + extra.get(path, [])
    code = strip_comments(text)
    depth = 0
    for number, line in enumerate(code.split("\n"), 1):
        at_top = depth == 0
        depth += line.count("{") - line.count("}")
        if not at_top or line.startswith(("#", " ", "\t", "static", "typedef", "struct", "enum", "extern", "}")):
            m = re.match(r"(?:struct|enum) \w+ \**(\w+)\(", line) if at_top else None
        else:
            m = re.match(r"(?:MUST_CHECK |NO_RETURN |const |unsigned )*[\w ]+?[ *]+(\w+)\(", line)
        if m and m.group(1).isupper() is False and not m.group(1).startswith(tuple(allowed)) \
                and m.group(1) != stem:
            yield "%s:%d: public name '%s' should begin with '%s_'" % (path, number, m.group(1), stem)


def uninitialised(declaration):
    """The names that `T a, b = 1` leaves as they are."""
    depth, parts = 0, [""]
    for c in declaration:
        depth += (c in "({[") - (c in ")}]")
        parts = parts + [""] if c == "," and depth == 0 else parts[:-1] + [parts[-1] + c]
    return [re.search(r"(\w+)\s*(?:\[.*\]\s*)?$", part, re.S).group(1) for part in parts if "=" not in part]


def rest_of_scope(code, at):
    depth = 0
    for end in range(at, len(code)):
        depth += (code[end] == "{") - (code[end] == "}")
        if depth < 0:
            return code[at:end]
    return code[at:]


def check_cleanups(path, text):
    """What CLEANUP ends has a value by the first return: `&name` or `name =` in a statement before it, behind no
    && or ||."""
    code = strip_comments(text)
    for m in re.finditer(r"^[ \t]+(?:CLEANUP\(\w+\)|json_auto_t)([^;]*);", code, re.M):
        for name in uninitialised(m.group(1)):
            for statement in rest_of_scope(code, m.end()).split(";"):
                value = re.search(r"&%s\b|\b%s\s*=(?!=)" % (name, name), statement)
                before = statement[:value.start()] if value else statement
                if value and not re.search(r"&&|\|\|", before):
                    break
                if value or re.search(r"\breturn\b", before):
                    yield "%s:%d: '%s' may be ended before it has a value; initialise it first" % (
                        path, code.count("\n", 0, m.start()) + 1, name)
                    break


def check_notes(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            yield "%s:%d: a note without an owner: open an issue and do it, or leave it out" % (path, number)


def read_prefixes(text):
    extra = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            path, _, names = line.partition(":")
            extra[path.strip()] = names.split()
    return extra


def check_tree(root):
    def read(name):
        with open(os.path.join(root, name), encoding="utf-8") as f:
            return f.read()
    layers = read_layers(read("tools/layers.txt"))
    extra = read_prefixes(read("tools/prefixes.txt"))
    yield from check_layer_order(layers)
    for top in ("src", "tests"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                yield from check_file(path, read(path), layers, extra)


def check_file(path, text, layers, extra):
    if path.startswith("src/"):
        yield from check_includes(path, text, layers)
    yield from check_limits(path, text)
    yield from check_banned(path, text)
    yield from check_formats(path, text)
    yield from check_cleanups(path, text)
    yield from check_notes(path, text)
    if path.endswith(".h") and path.startswith("src/"):
        yield from check_prefixes(path, text, extra)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    findings = list(check_tree(os.path.abspath(root)))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
