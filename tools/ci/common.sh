# SPDX-License-Identifier: Apache-2.0
# Sourced by the checks in this folder. Each may run alone; .ci/run runs all and names in RESULTS the
# file that takes their results.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
out=build/ci
mkdir -p $out
RESULTS=${RESULTS:-/dev/null}

result() { # pass|fail|skip NAME
	printf '%s %s\n' "$1" "$2" | tee -a "$RESULTS"
}

# A build of its own, configured once and again whenever the way to configure it changes.
configure() { # FOLDER COMPILER OPTION...
	local folder=$1 compiler=$2 wanted
	shift 2
	wanted="$compiler $*"
	if [ "$(cat "$folder.options" 2>/dev/null)" != "$wanted" ] || [ ! -e "$folder/build.ninja" ]; then
		rm -rf "$folder"
		CC=$compiler meson setup -Dtests=enabled "$@" "$folder"
		printf '%s\n' "$wanted" >"$folder.options"
	fi
}

# Runs the quick tests of a build and takes over their results; false when one failed.
test_quick() { # FOLDER NAME
	local status=0
	rm -f "$1/meson-logs/testlog.json"
	meson test --timeout-multiplier 4 -C "$1" --no-rebuild --suite quick --print-errorlogs || status=1
	tools/ci/results "$1" "$2" >>"$RESULTS"
	return $status
}
