"""plumb starts in a few milliseconds only as long as it loads next to nothing: each further library costs every
deploy."""
import re
import subprocess
import sys

ALLOWED = re.compile(r"(libc|libm|libjansson|ld-linux[-\w]*|libasan|libubsan|libtsan)\.so")


def main(program):
    dynamic = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    others = [name for name in needed if not ALLOWED.match(name)]
    if others:
        print(f"{program} loads {', '.join(others)}: which command needs it? See src/app/quick.c")
    if not needed:
        print(f"{program}: readelf shows no libraries at all")
    return 1 if others or not needed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
