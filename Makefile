# SPDX-License-Identifier: Apache-2.0
# Front door. meson does the work; these are the commands people remember (`make help`).
BUILD ?= build
PREFIX ?= /usr/local
# Tests that use measured data and other parties' harnesses skip when this folder is not there.
export BALLAST_SHARED ?= $(abspath ../shared)

.PHONY: all help setup quick test long peers demo bench install format coverage mutate fuzz sanitize clean
all: configured ## build the program: build/ballast
	@ninja -C $(BUILD)

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what build and tests need (Debian 12, 13); nothing when it is there
	@tools/setup test

quick: tests-configured ## build, run the quick tests
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --timeout-multiplier 4 --no-rebuild --suite quick --print-errorlogs

test: setup tests-configured ## set up, build, run all tests but the long ones and those with peers
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --timeout-multiplier 4 --no-rebuild --no-suite long --no-suite peers \
		--print-errorlogs

long: setup tests-configured ## set up, build, run the long tests (crashes, seeds, loads)
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --timeout-multiplier 4 --no-rebuild --suite long --print-errorlogs

peers: setup tests-configured ## set up, build, run the tests that need programs of others
	@tools/setup peers
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --timeout-multiplier 4 --no-rebuild --suite peers --print-errorlogs

demo: ## set up, build, show it at work (TRACE=FILE replays a trace, ARGS='--speed 100 ...')
	@tools/setup build
	@$(MAKE) --no-print-directory all
	@$(BUILD)/ballast demo $(if $(TRACE),--trace '$(TRACE)') $(ARGS)

bench: setup tests-configured ## set up, build, measure
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --timeout-multiplier 4 --no-rebuild --benchmark --verbose

install: all ## install (PREFIX=/usr/local, DESTDIR=)
	@meson configure $(BUILD) -Dprefix='$(PREFIX)'
	@ninja -C $(BUILD)
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --no-rebuild

format: ## lay the sources out as .clang-format says
	@find src include test examples -name '*.[ch]' 2>/dev/null | xargs clang-format -i

coverage: ## branch coverage of the core: build/ci/coverage
	@tools/setup ci
	@tools/ci/coverage

mutate: ## small wrong changes of the core, and how many its tests notice (ARGS='--seed 7')
	@tools/setup --no-install test
	@tools/mutate $(ARGS)

fuzz: ## fuzz every parser for SECONDS_EACH=30 seconds each
	@tools/setup ci
	@tools/ci/fuzz

sanitize: tests-configured ## run the quick tests under the address and undefined-behaviour sanitizers
	@tools/ci/sanitize

clean: ## remove what was built (build-deps/ stays: it was fetched)
	@rm -rf $(BUILD)

.PHONY: configured tests-configured
# Neither of these changes the system: they say what is missing.
configured:
	@tools/setup --no-install build
	@test -e $(BUILD)/build.ninja || meson setup $(BUILD)

# A tree configured before the test library was there has no tests: it is configured once more.
tests-configured:
	@tools/setup --no-install test
	@test -e $(BUILD)/build.ninja || meson setup -Dtests=enabled $(BUILD)
	@grep -qs 'TESTS_FOUND 1' $(BUILD)/tests-state.h || \
		meson setup --reconfigure -Dtests=enabled $(BUILD)
