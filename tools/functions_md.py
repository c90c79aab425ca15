#!/usr/bin/python3
"""Writes docs/functions.md from the function table, as build/plumb tells it under /functions.

    tools/functions_md.py        rewrites the file; tests/e2e/test_docs.py fails while it is stale
"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "docs", "functions.md")

TYPES = {
    "aggFunc": "an aggregate",
    "aggOrSeriesFunc": "an aggregate, or a function of series",
    "any": "anything",
    "boolean": "true or false",
    "date": "a time",
    "float": "a number",
    "intOrInf": "a whole number or inf",
    "intOrInterval": "a number of points, or an interval",
    "integer": "a whole number",
    "interval": "an interval",
    "node": "a node",
    "nodeOrTag": "a node or a tag",
    "seriesList": "series",
    "seriesLists": "series",
    "string": "a text",
    "tag": "a tag",
}

HEAD = """# Functions

%d functions and %d other names for some of them, by group. This file is written by `tools/functions_md.py` from the table that also
checks the arguments and answers `/functions`: change the table, not the file.

Arguments come in the order given, or by name: `summarize(web.logins,'1h',func='max')`. The first series may also come through a
pipe: `web.logins|scale(60)`. A `*` before a parameter means that it may be given any number of times. Texts stand in quotes.

| a parameter that wants | takes |
| --- | --- |
| series | a path with globs, `seriesByTag(...)`, or another call |
| an aggregate | %s |
| an interval | `'10min'`, `'1h'`, `'7d'` ...: a number and a unit |
| a time | what `from` and `until` take: `'-1d'`, `'noon_yesterday'`, epoch seconds |
| a node | a position in the dotted name, from 0; negative counts from the end |
| a tag | a tag's name in quotes, such as `'host'` |
"""


def code(value):
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "`%s`" % (text or "''")


def about(function):
    """(the sentence, the example) of a description."""
    sentence, _, example = function["description"].partition("\n\nExample:")
    return " ".join(sentence.split()), example.partition("&target=")[2].strip()


def param_line(param):
    said = [TYPES[param["type"]]]
    if "default" in param:
        said.append("%s when not given" % code(param["default"]))
    elif not param.get("required"):
        said.append("may be left out")
    star = "*" if param.get("multiple") else ""
    return "- `%s%s`: %s" % (star, param["name"], ", ".join(said))


def function_part(function, other_names):
    sentence, example = about(function)
    lines = ["### " + function["name"], "", "    " + function["function"], "", sentence]
    if other_names:
        lines[-1] += " Also called %s." % ", ".join("`%s`" % n for n in other_names)
    lines += [""] + [param_line(p) for p in function["params"]]
    if function["params"]:
        lines.append("")
    return lines + ["Example: `%s`" % example, ""] if example else lines


def by_name(functions):
    """[(function, its other names)]: those that say the same of the same parameters are one function, whose own name
    is the one in its example."""
    same = {}
    for function in functions.values():
        same.setdefault((function["description"], repr(function["params"])), []).append(function)
    out = []
    for group in same.values():
        own = [f for f in group if about(f)[1].startswith(f["name"] + "(")] or group
        others = sorted(f["name"] for f in group if f is not own[0])
        out.append((own[0], others))
    return sorted(out, key=lambda entry: entry[0]["name"].lower())


def text(grouped):
    """The file's text, of what /functions?grouped=1 answers."""
    groups = {group: by_name(functions) for group, functions in sorted(grouped.items())}
    options = sorted({o for functions in groups.values() for f, _ in functions for p in f["params"]
                      for o in p.get("options", []) if p["type"] == "aggFunc"})
    n_others = sum(len(others) for functions in groups.values() for _, others in functions)
    n = sum(len(functions) for functions in grouped.values())
    lines = [HEAD % (n - n_others, n_others, ", ".join("`'%s'`" % o for o in options))]
    for group, functions in groups.items():
        lines += ["## " + group, ""]
        for function, others in functions:
            lines += function_part(function, others)
    return "\n".join(lines).rstrip("\n") + "\n"


def main():
    sys.path.insert(0, os.path.join(ROOT, "tests"))
    from kit.server import Server
    with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
        written = text(server.get("/functions?grouped=1").ok().json)
    with open(OUT, "w", encoding="utf-8") as f:
        f.write(written)


if __name__ == "__main__":
    main()
