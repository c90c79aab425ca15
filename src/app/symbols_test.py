"""No two folders may define a public symbol of the same name: the linker would quietly take the first
library's for both callers, whatever its arguments are."""
import subprocess
import sys

# Debian's nm: address, type, name. Weak (W, V) and common sanitizer symbols are the compiler's.
STRONG = set("TDBRG")


def defined(library):
    lines = subprocess.run(["nm", "-g", "--defined-only", library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        parts = line.split()
        if len(parts) == 3 and parts[1] in STRONG and not parts[2].startswith("__"):
            yield parts[2]


def main(libraries):
    where = {}
    for library in libraries:
        for name in set(defined(library)):
            where.setdefault(name, []).append(library)
    twice = {name: places for name, places in sorted(where.items()) if len(places) > 1}
    for name, places in twice.items():
        print(f"{name} is defined in {' and '.join(places)}")
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
