"""tools/summary.py counts what the steps left; tools/setup says nothing when nothing is missing."""
import json
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def summary(folder):
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "summary.py"), str(folder)],
                          capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def unit(folder, *runs, name="unit-release.json"):
    """runs: (result, output) of each test program."""
    (folder / name).write_text("".join(json.dumps({"name": "t", "result": result, "stdout": "", "stderr": text}) + "\n"
                                       for result, text in runs))


def junit(folder, name, tests, failures=0, errors=0, skipped=0):
    (folder / name).write_text('<testsuites><testsuite tests="%d" failures="%d" errors="%d" skipped="%d"/>'
                               '</testsuites>' % (tests, failures, errors, skipped))


def test_all_passed(tmp_path):
    unit(tmp_path, ("OK", "[  PASSED  ] 7 test(s).\n"), ("OK", "corpus: 12 files\n"))
    junit(tmp_path, "e2e.xml", 5, skipped=1)
    (tmp_path / "conformance.json").write_text('{"passed": 100, "failed": 0}')
    assert summary(tmp_path) == (0, ["112 passed, 0 failed"])


def test_failures_are_counted_where_they_are(tmp_path):
    unit(tmp_path, ("FAIL", "[  PASSED  ] 5 test(s).\n[  FAILED  ] wal: 2 test(s), listed below:\n"),
         ("OK", "[  PASSED  ] 1 test(s).\n"))
    junit(tmp_path, "crash.xml", 4, failures=1, errors=1)
    (tmp_path / "conformance.json").write_text('{"passed": 10, "failed": 3}')
    assert summary(tmp_path) == (1, ["18 passed, 7 failed"])


def test_a_program_that_crashed_is_one_failure(tmp_path):
    unit(tmp_path, ("FAIL", ""), ("TIMEOUT", ""), ("OK", "[  PASSED  ] 3 test(s).\n"))
    assert summary(tmp_path) == (1, ["3 passed, 2 failed"])


def test_a_step_that_failed_without_a_failed_test_is_one(tmp_path):
    unit(tmp_path, ("OK", "[  PASSED  ] 3 test(s).\n"))
    (tmp_path / "failed-steps").write_text("lint\n")
    assert summary(tmp_path) == (1, ["3 passed, 1 failed"])


def test_a_failed_step_whose_failures_were_counted_is_not_counted_again(tmp_path):
    unit(tmp_path, ("FAIL", "[  PASSED  ] 3 test(s).\n[  FAILED  ] wal: 1 test(s), listed below:\n"))
    junit(tmp_path, "e2e.xml", 2, failures=1)
    (tmp_path / "failed-steps").write_text("unit\ne2e\n")
    assert summary(tmp_path) == (1, ["4 passed, 2 failed"])


def test_nothing_at_all_is_a_failure(tmp_path):
    assert summary(tmp_path) == (1, ["0 passed, 0 failed"])


def test_a_damaged_report_is_told(tmp_path):
    (tmp_path / "e2e.xml").write_text("<testsuites><tests")
    (tmp_path / "failed-steps").write_text("e2e\n")
    code, lines = summary(tmp_path)
    assert code == 1 and lines[0].startswith("e2e.xml: ") and lines[-1] == "0 passed, 1 failed"


@pytest.mark.parametrize("purpose", ["build", "test"])
def test_setup_is_quiet_when_nothing_is_missing(purpose):
    for _ in range(2):
        done = subprocess.run([os.path.join(ROOT, "tools", "setup"), purpose], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_refuses_a_purpose_that_it_does_not_know():
    done = subprocess.run([os.path.join(ROOT, "tools", "setup"), "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage" in done.stderr


@pytest.fixture
def bare(tmp_path):
    """A PATH on which no package is installed, and what apt-get was asked for is written down."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "mktemp", "rm", "env", "cat"):
        os.symlink(shutil.which(name), tools / name)

    def fake(name, text):
        path = tools / name
        path.write_text("#!/bin/sh\n" + text + "\n")
        path.chmod(0o755)

    fake("dpkg-query", "exit 1")
    fake("id", "echo ${FAKE_ID:-0}")
    fake("apt-get", 'echo "$@" >>%s/asked; echo noise; exit ${FAKE_APT:-0}' % tmp_path)
    fake("tail", "cat >&2")

    def run(purpose, **env):
        return subprocess.run(["/bin/sh", os.path.join(ROOT, "tools", "setup"), purpose], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=dict(env, PATH=str(tools)))
    run.asked = tmp_path / "asked"
    return run


def test_setup_installs_what_is_missing_without_noise(bare):
    done = bare("test")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("installing: ") and len(done.stdout.splitlines()) == 1
    for package in ("meson", "libcmocka-dev", "python3-pytest", "collectd-core"):
        assert package in done.stdout and package in bare.asked.read_text()


def test_setup_without_root_says_what_to_install(bare):
    done = bare("build", FAKE_ID="1000")
    assert done.returncode == 1 and "apt-get install" in done.stderr and "meson" in done.stderr
    assert not bare.asked.exists()


def test_setup_shows_why_installing_failed(bare):
    done = bare("build", FAKE_APT="100")
    assert done.returncode == 1 and "failed" in done.stderr
