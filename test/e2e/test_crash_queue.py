#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Another party's judge of durable queues, crash_queue.py, on ballast with a long queue prepared.

It lies in BALLAST_SHARED; without it the test is skipped, and says so. CRASH_ROUNDS and
CRASH_PARKED as in test_crash.py. Cutting the power needs root and a loop device.
"""
import json
import os
import pathlib
import subprocess
import sys
import unittest

import crash
import harness

ROUNDS = os.environ.get("CRASH_ROUNDS", "3")
PARKED = int(os.environ.get("CRASH_PARKED", "10000"))
JUDGE = pathlib.Path(harness.SHARED or "/nonexistent", "faults", "crash_queue.py")
ROOT = harness.HERE.parents[1]


def setUpModule():
    if not JUDGE.exists():
        print("skipped: BALLAST_SHARED names no folder with faults/crash_queue.py")
        sys.exit(77)


def can_mount():
    return os.geteuid() == 0 and pathlib.Path("/dev/loop-control").exists()


class CrashQueueTest(harness.Case):
    def judge(self, mode, *more):
        data, parked = crash.prepare(self, PARKED)
        run = subprocess.run(
            [sys.executable, str(JUDGE), "test/fault/crash_ballast.json", "--mode", mode,
             "--rounds", ROUNDS, "--port", str(harness.free_port()),
             "--agent-port", str(harness.free_port()), *more],
            capture_output=True, text=True, cwd=ROOT, timeout=900,
            env=dict(os.environ, BALLAST=harness.BALLAST, CRASH_PREPARED=str(data),
                     TMPDIR=str(self.folder)))
        print(run.stdout, run.stderr, sep="")
        report = json.loads(run.stdout.splitlines()[0])
        self.assertTrue(report["pass"], report)
        self.assertEqual((report["lost"], report["phantom"]), (0, 0))
        self.assertEqual(len(parked), PARKED)

    def test_killed(self):
        self.judge("kill9")

    def test_terminated(self):
        self.judge("term")

    @unittest.skipUnless(can_mount(), "needs root and loop devices")
    def test_power_cut(self):
        self.judge("powercut", "--size-mb", "256")


if __name__ == "__main__":
    harness.main()
