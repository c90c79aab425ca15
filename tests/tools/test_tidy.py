"""tools/tidy.py runs clang-tidy where something has changed since nothing was found, and nowhere else."""
import os
import stat
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NINJA = """#!/bin/sh
cat deps
"""
# Finds the word BAD, and notes whom it was asked about.
TIDY = """#!/bin/sh
[ "$1" != --version ] || { echo "version $(cat version)"; exit 0; }
for file; do :; done
echo "$file" >>asked
! grep -n BAD "$file" || { echo "$file:1:1: warning: BAD [bad]"; exit 1; }
"""


@pytest.fixture
def project(tmp_path):
    class Project:
        def write(self, name, text):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return path

        def tidy(self):
            """(exit code, what was found, the files that clang-tidy was asked about)"""
            env = dict(os.environ, PATH="%s/bin:%s" % (tmp_path, os.environ["PATH"]), XDG_CACHE_HOME=str(tmp_path / "cache"))
            (tmp_path / "asked").write_text("")
            done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "tidy.py")], cwd=tmp_path, env=env,
                                  capture_output=True, text=True)
            assert done.stderr == ""
            return done.returncode, done.stdout, sorted((tmp_path / "asked").read_text().split())

    p = Project()
    for name, text in (("ninja", NINJA), ("clang-tidy", TIDY)):
        p.write("bin/" + name, text).chmod(stat.S_IRWXU)
    p.write("deps", "".join("%s.o: #deps 2, deps mtime 1 (VALID)\n    ../../src/%s.c\n    ../../src/a.h\n\n" % (n, n)
                            for n in "ab"))
    p.write("version", "14")
    p.write(".clang-tidy", "Checks: '*'\n")
    p.write("build/lint/compile_commands.json", "[%s]" % ",".join(
        '{"directory": "%s/build/lint", "command": "cc -c ../../src/%s.c", "file": "../../src/%s.c", "output": "%s.o"}'
        % (tmp_path, n, n, n) for n in "ab"))
    for name in ("a.c", "b.c", "a.h", "a_test.c"):
        p.write("src/" + name, "int x;\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return p


def test_what_is_unchanged_is_passed_over(project):
    assert project.tidy() == (0, "", ["src/a.c", "src/b.c"])
    assert project.tidy() == (0, "", [])


@pytest.mark.parametrize("name, text, asked", [
    ("src/a.c", "int y;\n", ["src/a.c"]),
    ("src/a.h", "int y; /* NOLINT */\n", ["src/a.c", "src/b.c"]),
    (".clang-tidy", "Checks: 'bugprone-*'\n", ["src/a.c", "src/b.c"]),
    ("version", "15", ["src/a.c", "src/b.c"]),
])
def test_what_has_changed_is_looked_at_again(project, name, text, asked):
    project.tidy()
    project.write(name, text)
    assert project.tidy() == (0, "", asked)


def test_another_command_of_the_compiler_is_a_change(project):
    project.tidy()
    path = project.write("x", "").parent / "build/lint/compile_commands.json"
    path.write_text(path.read_text().replace("cc -c ../../src/a.c", "cc -O2 -c ../../src/a.c"))
    assert project.tidy() == (0, "", ["src/a.c"])


def test_a_finding_is_told_each_time(project):
    project.write("src/b.c", "BAD\n")
    for asked in (["src/a.c", "src/b.c"], ["src/b.c"]):
        code, out, got = project.tidy()
        assert code == 1 and "src/b.c:1:1: warning: BAD [bad]" in out and got == asked


@pytest.mark.parametrize("deps", ["", "a.o: #deps 1, deps mtime 1 (STALE)\n    ../../src/a.c\n\n"])
def test_without_knowing_the_headers_nothing_is_passed_over(project, deps):
    project.write("deps", deps)
    assert project.tidy()[2] == ["src/a.c", "src/b.c"]
    assert project.tidy()[2] == ["src/a.c", "src/b.c"]
