# SPDX-License-Identifier: Apache-2.0
# Front door. meson does the work; these are the commands people remember (`make help`).
BUILD ?= build

.PHONY: all setup quick
all: configured ## build the program: build/ballast
	@ninja -C $(BUILD)

setup: ## install what the build and the tests need (Debian 12 and 13), nothing when it is there
	@tools/setup test

quick: tests-configured ## build and run the quick tests
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --no-rebuild --suite quick --print-errorlogs

.PHONY: configured tests-configured
configured:
	@tools/setup --no-install build
	@test -e $(BUILD)/build.ninja || meson setup $(BUILD)

# A tree configured before the test library was there would have no tests: -Dtests=enabled, once.
tests-configured:
	@tools/setup --no-install test
	@test -e $(BUILD)/build.ninja || meson setup -Dtests=enabled $(BUILD)
	@grep -qs 'TESTS_FOUND 1' $(BUILD)/tests-state.h || meson setup --reconfigure -Dtests=enabled $(BUILD)
