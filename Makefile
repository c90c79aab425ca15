# The front door of the Meson build. Each mode has its own build/<mode>/; the program is build/plumb,
# and build/plumb-engine, which it becomes for all that takes long.
#   make            build                 make test [T=wal]   unit, golden, corpus, end to end
#   make run        ./run                 make fmt            rewrite format
#   make asan tsan  the same, sanitized   make lint           layers, limits, format, tidy
#   make golden     rewrite golden files  make fuzz F=plain   explore for SECONDS=60
#   make e2e crash  end to end            make conformance    the table against Graphite
#   make bench      figures               make impact-bench CASES=DIR OUT=FILE    verdicts on recorded cases
#   make gallery    docs/gallery drawn anew         make clean
T ?=
SECONDS ?= 60
# Quiet unless it fails: the build's own words are kept in build/release/build.log.
NINJA = tools/quietly build/release/build.log ninja -C build/release
.DEFAULT_GOAL := build

build/release/build.ninja:
	@tools/setup build
	@mkdir -p build
	@tools/quietly build/setup.log meson setup --buildtype=release -Db_ndebug=false build/release

build: build/release/build.ninja
	@$(NINJA)
	@ln -sfn release/src/app/plumb build/plumb
	@ln -sfn release/src/app/plumb-engine build/plumb-engine

# What ./run needs: the program alone, in its two halves.
program: build/release/build.ninja
	@$(NINJA) src/app/plumb src/app/plumb-engine
	@ln -sfn release/src/app/plumb build/plumb
	@ln -sfn release/src/app/plumb-engine build/plumb-engine

run:
	@./run

test:
	@./test $(T)

unit: build
	@meson test -C build/release --no-rebuild --print-errorlogs -q $(if $(T),$(T),)

golden: build
	PLUMB_GOLDEN=write meson test -C build/release --no-rebuild -q
	git status --short tests/golden

e2e: build
	@/usr/bin/python3 -m pytest -q tests/e2e $(if $(T),-k $(T),)

crash: build
	@/usr/bin/python3 -m pytest -q tests/crash

conformance: build
	@/usr/bin/python3 tests/conformance/run

# CASES: a folder of case folders (tests/bench/impact_bench.c says which files); OUT: a line for each answer.
impact-bench: build
	@build/release/tests/bench/impact_bench $(CASES) $(OUT)

asan:
	@tools/mode asan $(T)

tsan:
	@tools/mode tsan $(T)

clang:
	@tools/mode clang $(T)

fuzz:
	@tools/fuzz $(F) $(SECONDS)

lint:
	@tools/lint

fmt:
	@clang-format -i $$(git ls-files 'src/*.c' 'src/*.h' 'tests/*.c' 'tests/*.h')

gallery: build
	@tools/setup gallery
	@/usr/bin/python3 tests/gallery/gallery.py

bench: build
	@tools/setup bench
	@tests/bench/run

clean:
	rm -rf build

.PHONY: build program run test unit golden e2e crash conformance impact-bench asan tsan clang fuzz lint fmt gallery bench clean
