#!/usr/bin/env python3
"""Adds up what the test steps left in a folder and prints `N passed, N failed`; exits 1 on any failure."""
import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ET


def meson(path):
    """cmocka's own counts where a test printed them, else one for each test program."""
    passed = failed = 0
    with open(path) as f:
        for line in f:
            run = json.loads(line)
            text = (run.get("stdout") or "") + (run.get("stderr") or "")
            ok = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", text)))
            bad = sum(map(int, re.findall(r"\[  FAILED  \] [^\n]*?(\d+) test\(s\), listed", text)))
            if run["result"] != "OK":
                passed, failed = passed + ok, failed + max(bad, 1)
            else:
                passed += max(ok, 1)
    return passed, failed


def junit(path):
    suites = ET.parse(path).getroot().iter("testsuite")
    passed = failed = 0
    for s in suites:
        bad = int(s.get("failures", 0)) + int(s.get("errors", 0))
        failed += bad
        passed += int(s.get("tests", 0)) - bad - int(s.get("skipped", 0))
    return passed, failed


def conformance(path):
    with open(path) as f:
        report = json.load(f)
    return report["passed"], report["failed"]


def main():
    folder = sys.argv[1]
    passed = failed = 0
    counted = set()
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        name = os.path.basename(path)
        try:
            if name.startswith("unit-"):
                got, step = meson(path), name[5:-5].replace("release", "unit")
            elif name.endswith(".xml"):
                got, step = junit(path), name[:-4]
            elif name.endswith("conformance.json"):
                got, step = conformance(path), name[:-5]
            else:
                continue
        except (ValueError, OSError, ET.ParseError) as e:
            print("%s: %s" % (name, e))
            continue
        passed, failed = passed + got[0], failed + got[1]
        if got[1]:
            counted.add(step)
    # A step that failed without a failed test (lint, a build) counts as one.
    steps = os.path.join(folder, "failed-steps")
    if os.path.exists(steps):
        with open(steps) as f:
            failed += sum(1 for s in f.read().split() if s not in counted)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


main()
