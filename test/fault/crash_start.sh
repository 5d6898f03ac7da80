#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# crash_start.sh DATA PORT AGENT: the daemon as crash_queue.py starts it. The first time the data
# directory is filled from CRASH_PREPARED, if that is given. exec: signals are for the daemon.
set -eu
data=$1 port=$2 agent=$3
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${CRASH_PREPARED:-}" ] && [ ! -e "$data/prepared" ]; then
	cp -R "$CRASH_PREPARED/." "$data"
	touch "$data/prepared"
	sync -f "$data"
fi
exec "$BALLAST" run "$here/crash.yaml" --data "$data" --listen "127.0.0.1:$port" \
	--set "pools.work.urls=[$agent]"
