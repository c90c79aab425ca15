#!/usr/bin/env python3
"""clang-tidy over every source file, in the order of their size and on every core. Prints what it finds; exits 1 on
any finding. A file is passed over when nothing was found in it before and all that clang-tidy reads is the same to the
byte: its rules, its version, the compiler's command, the file and each header. That is remembered in the user's cache,
as ccache's objects are: $XDG_CACHE_HOME or ~/.cache, plumbline/tidy."""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time

BUILD = "build/lint"
# The analyzer follows a third of the paths that it would by itself, which takes a quarter of the time.
LIMIT = ["--extra-arg=" + arg for arg in ("-Xclang", "-analyzer-config", "-Xclang", "max-nodes=75000")]
FORGOTTEN_S = 30 * 86400
FINDING = re.compile(r": (warning|error): ")
NOISE = re.compile(r"warnings? generated|^Suppressed|^Use -header-filter|^Use -system-headers")


def said(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def sources():
    """Like the files of the repository, those that are not added yet."""
    names = said("git", "ls-files", "-co", "--exclude-standard", "src/*.c").split()
    return [n for n in names if not re.search(r"_(test|fuzz|kit)\.c$", n) and os.path.exists(n)]


def read_commands(build):
    """{file: (object, command)} as the build has them; more than one for a file that is compiled twice."""
    commands = {}
    with open(os.path.join(build, "compile_commands.json")) as f:
        for entry in json.load(f):
            path = os.path.relpath(os.path.join(entry["directory"], entry["file"]))
            commands.setdefault(path, []).append((entry["output"], entry["command"]))
    return commands


def read_deps(text):
    """{object: [file...]} from `ninja -t deps`; what is out of date is left out."""
    deps, files = {}, None
    for line in text.splitlines():
        m = re.match(r"(\S.*): #deps \d+, deps mtime \d+ \((\w+)\)$", line)
        if m:
            files = deps.setdefault(m.group(1), []) if m.group(2) == "VALID" else None
        elif line.startswith("    ") and files is not None:
            files.append(line.strip())
    return deps


class Keys:
    def __init__(self, build, rules, version):
        self.build, self.hashes = build, {}
        self.always = hashlib.sha256(json.dumps([rules, version]).encode()).hexdigest()
        self.commands = read_commands(build)
        self.deps = read_deps(said("ninja", "-C", build, "-t", "deps"))

    def hash_of(self, path):
        if path not in self.hashes:
            with open(path, "rb") as f:
                self.hashes[path] = hashlib.sha256(f.read()).hexdigest()
        return self.hashes[path]

    def of(self, source):
        """None: it cannot be told what the file depends on."""
        parts = [self.always, source]
        for output, command in self.commands.get(source, []):
            files = self.deps.get(output)
            if not files:
                return None
            parts += [command] + [(f, self.hash_of(os.path.join(self.build, f))) for f in sorted(files)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest() if len(parts) > 2 else None


def check(source):
    """What is found in it, "" for nothing."""
    run = subprocess.run(["clang-tidy", "-p", BUILD, "--quiet"] + LIMIT + [source], capture_output=True, text=True)
    text = run.stdout + run.stderr
    if run.returncode == 0 and not FINDING.search(text):
        return ""
    return "\n".join(line for line in text.splitlines() if not NOISE.search(line)) or "%s: clang-tidy failed" % source


def forget(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if time.time() - os.stat(path).st_mtime > FORGOTTEN_S:
            os.unlink(path)


def main():
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "plumbline", "tidy")
    os.makedirs(cache, exist_ok=True)
    with open(".clang-tidy") as f:
        keys = Keys(BUILD, f.read(), said("clang-tidy", "--version"))
    wanted = {}
    for source in sources():
        key = keys.of(source)
        clean = key and os.path.join(cache, key)
        if clean and os.path.exists(clean):
            os.utime(clean)
        else:
            wanted[source] = clean
    found = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        by_size = sorted(wanted, key=os.path.getsize, reverse=True)
        for source, text in zip(by_size, pool.map(check, by_size)):
            if text:
                found = True
                print(text)
            elif wanted[source]:
                open(wanted[source], "w").close()
    forget(cache)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
