# SPDX-License-Identifier: Apache-2.0
# Front door. meson does the work; these are the commands people remember.
BUILD ?= build

.PHONY: all quick
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@meson setup $(BUILD)

quick: all
	@meson test -C $(BUILD) --suite quick --print-errorlogs
