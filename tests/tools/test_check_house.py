"""tools/check_house.py: for each rule an example that fails and one that passes."""
import importlib.util
import os
import subprocess
import sys

import pytest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHECK = os.path.join(ROOT, "tools", "check_house.py")
spec = importlib.util.spec_from_file_location("check_house", CHECK)
house = importlib.util.module_from_spec(spec)
spec.loader.exec_module(house)

LAYERS = house.read_layers("# a comment\nbase:\nos: base\nmodel: base\nstore: base os model\nquery: base model\n"
                           "app: base os model store query\n")


def found(path, text):
    return list(house.check_file(path, text, LAYERS, {}))


def body(text):
    return "static bool f(int a)\n{\n    %s\n}\n" % text.replace("; ", ";\n    ").replace("{ C", "{\n    C")


def function(n_lines, signature="static int f(int a)"):
    return "%s\n{\n%s}\n" % (signature, "    a++;\n" * n_lines)


LONG_TEXT = 'const char *s = "%s";\n'

# rule, path, text that fails, a word of the finding, text that passes
RULES = [
    ("layer", "src/query/eval.c", '#include "store/store.h"\n', "query must not include store",
     '#include "model/source.h"\n'),
    ("layer above", "src/base/buf.c", '#include "os/file.h"\n', "base must not include os", '#include "base/mem.h"\n'),
    ("front door", "src/app/wire.c", '#include "store/wal.h"\n', "side door", '#include "store/store.h"\n'),
    ("open folder", "src/app/wire.c", '#include "query/lex.h"\n', "side door", '#include "model/name.h"\n'),
    ("own folder", "src/app/wire.c", '#include "store/wal.h"\n', "side door", '#include "app/config.h"\n'),
    ("includes start at src", "src/store/wal.c", '#include "wal.h"\n', "includes start at src/",
     '#include "store/wal.h"\n'),
    ("kit", "src/store/wal.c", '#include "kit/kit.h"\n', "only tests include the kit", "#include <stdio.h>\n"),
    ("prefix", "src/store/wal.h", "struct wal;\nbool append(struct wal *wal);\n", "should begin with 'wal_'",
     "struct wal;\nbool wal_append(struct wal *wal);\nstatic inline int f(void) { return 1; }\n"),
    ("prefix behind an attribute", "src/store/wal.h", "MUST_CHECK bool do_it(int a,\n                      int b);\n",
     "'do_it'", "MUST_CHECK bool wal_do(int a,\n                      int b);\n"),
    ("prefix of what returns a pointer", "src/store/wal.h", "const char *name_of(int id);\n", "'name_of'",
     "const char *wal_name(int id);\n"),
    ("function length", "src/store/wal.c", function(71), "function of 71 lines, at most 70", function(70)),
    ("file length", "src/store/wal.c", "int a;\n" * 801, "801 lines, at most 800", "int a;\n" * 800),
    ("header length", "src/store/wal.h", "\n" * 201, "201 lines, at most 200", "\n" * 200),
    ("parameters", "src/store/wal.c", function(1, "int f(int a, int b, int c, int d, int e, int g, int h)"),
     "7 parameters, at most 6", function(1, "int f(int a, int b, int c, int d, int e, int g)")),
    ("parameters over two lines", "src/store/wal.c",
     function(1, "static int f(int a, int b, int c, int d,\n             int e, int g, int h)"), "7 parameters",
     function(1, "static int f(int a, int b, int c, int d,\n             int e, int g)")),
    ("a function as a parameter is one", "src/store/wal.c",
     function(1, "int f(void (*g)(int, int), int a, int b, int c, int d, int e, int h)"), "7 parameters",
     function(1, "int f(void (*g)(int, int), int a, int b, int c, int d, int e)")),
    ("banned call", "src/store/wal.c", "int n = atoi(text);\n", "atoi is banned; use num_parse_i64",
     "int n = num_parse_i64(text);\n"),
    ("banned, but as a word", "src/store/wal.c", "free(p);\n", "free is banned",
     '/* free(p) */ int a = x.free(p); const char *s = "free(p)";\n'),
    ("goto", "src/store/wal.c", "    goto out;\n", "goto is banned", "    int go_to = 1; /* no goto */\n"),
    ("format", "src/store/wal.c", 'printf("%.3f\\n", x);\n', "locale", 'printf("%d of 100%%\\n", x);\n'),
    ("format %g", "src/store/wal.c", 'buf_printf(out, "a %-10.3g b", x);\n', "locale",
     'buf_printf(out, "%s %" PRId64, a, b);\n'),
    ("cleanup", "src/store/wal.c", body("CLEANUP(buf_done) struct buf b; if (a) return false; buf_init(&b, 1);"),
     "wal.c:3: 'b' may be ended before it has a value",
     body("CLEANUP(buf_done) struct buf b; buf_init(&b, 1); if (a) return false;")),
    ("cleanup of a copy", "src/store/wal.c", body("CLEANUP(buf_done) struct buf b; if (b == a) return false; b = c;"),
     "'b' may be ended", body("CLEANUP(buf_done) struct buf b; b = c; if (a) return false;")),
    ("cleanup of the second", "src/store/wal.c",
     body("CLEANUP(buf_done) struct buf b = {0}, bb; buf_init(&b, 1); return true;"), "'bb' may be ended",
     body("CLEANUP(buf_done) struct buf b, bb = f(1, 2); buf_init(&b, 1); return true;")),
    ("cleanup behind a condition", "src/store/wal.c",
     body("CLEANUP(buf_done) struct buf b; if (!a || !fill(&b)) return false;"), "'b' may be ended",
     body("CLEANUP(buf_done) struct buf b; if (!fill(&b) || !a) return false;")),
    ("cleanup of another scope", "src/store/wal.c",
     body("if (a) { CLEANUP(fd_done) int fd, b; fd = 1; return a; }"), "'b' may be ended",
     body("if (a) { CLEANUP(fd_done) int fd; fd = 1; } return a;")),
    ("cleanup by jansson", "src/store/wal.c", body("json_auto_t *r; if (a) return false; r = f();"),
     "'r' may be ended", body("json_auto_t *r; r = f(); if (a) return false;")),
    ("note", "src/store/wal.c", "/* TODO: later */\n", "a note without an owner", "/* What is left is in issue 3. */\n"),
    ("note in a header", "src/store/wal.h", "/* FIXME */\n", "a note without an owner", "/* fixed */\n"),
]


@pytest.mark.parametrize("rule, path, wrong, word, right", RULES, ids=[r[0] for r in RULES])
def test_a_rule(rule, path, wrong, word, right):
    findings = found(path, wrong)
    assert findings, "nothing found"
    assert any(word in f for f in findings), findings
    assert all(f.startswith(path + ":") for f in findings), findings
    assert found(path, right) == []


def test_a_finding_names_the_line():
    assert found("src/store/wal.c", "int a;\n\nint n = atoi(text);\n")[0].startswith("src/store/wal.c:3: ")


def test_the_layer_order():
    wrong = house.read_layers("base: os\nos: base\n")
    assert ["'base' names 'os', which comes later" in f for f in house.check_layer_order(wrong)] == [True]
    assert list(house.check_layer_order(LAYERS)) == []


def test_tests_may_use_the_kit_and_doubles():
    text = '#include "kit/kit.h"\n#include "os/file.h"\nstatic void f(void)\n{\n    printf("%f", x);\n}\n'
    assert found("src/model/name_test.c", text) == []


def test_tables_of_data_may_be_long():
    assert found("src/query/words.c", "/* data table: every name. */\n" + "int a;\n" * 900) == []


def test_banned_calls_have_a_home():
    assert found("src/base/mem.c", "void *p = malloc(1);\n") == []


def tree(root, text):
    for name, content in (("tools/layers.txt", "base:\nos: base\n"), ("tools/prefixes.txt", ""),
                          ("src/base/x.c", text)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "tests").mkdir()
    return subprocess.run([sys.executable, CHECK, str(root)], capture_output=True, text=True)


def test_the_command_prints_findings_and_fails(tmp_path):
    done = tree(tmp_path, '#include "os/file.h"\nint n = atoi("5");\n')
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["src/base/x.c:1: base must not include os (tools/layers.txt)",
                                        "src/base/x.c:2: atoi is banned; use num_parse_i64"]


def test_the_command_is_silent_on_a_clean_tree(tmp_path):
    done = tree(tmp_path, "int n;\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
