#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other parties' collections of hostile HTTP and hostile API calls against the real daemon.

They lie in BALLAST_SHARED; without them the test is skipped, and says so.
"""
import json
import pathlib
import re
import subprocess
import sys

import harness

CASES = pathlib.Path(harness.SHARED or "/nonexistent")
FAULT = harness.HERE.parent / "fault"
CONFIG = "pools: { work: { lease: true } }\n"


def setUpModule():
    if not (CASES / "api_cases").is_dir():
        print("skipped: BALLAST_SHARED names no folder with http_cases and api_cases")
        sys.exit(77)


class HostileTest(harness.Case):
    def run_cases(self, *arguments):
        run = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True,
                             text=True, timeout=170)
        return run.stdout + run.stderr

    def test_api(self):
        """A case fails only where test/fault/api_cases.json says why it does not apply."""
        daemon = self.daemon(CONFIG)
        config = json.loads((FAULT / "api_cases.json").read_text())
        excused = config.pop("not_for_us")
        config["LOG"] = str(daemon.log_path)
        path = self.folder / "api.json"
        path.write_text(json.dumps(config))
        text = self.run_cases(CASES / "api_cases" / "api_cases.py", "127.0.0.1", daemon.port, path)
        self.assertRegex(text, r"(?m)^\d+ cases, \d+ failed$")
        failed = set(re.findall(r"(?m)^FAIL (\S+)", text))
        self.assertEqual(failed - set(excused), set(), text)
        self.assertEqual(set(excused) - failed, set(), "these pass now: take them out")
        self.assertEqual(daemon.call("GET", "/readyz").status, 200)

    def test_http(self):
        daemon = self.daemon(CONFIG)
        out = self.folder / "http.json"
        text = self.run_cases(CASES / "http_cases" / "http_cases.py", "127.0.0.1", daemon.port,
                              "--mode", "server", "--level", "goal", "--no-responses",
                              "--timeout", "0.6", "--out", out)
        print(text[-1500:])
        failed = re.findall(r"(?m)^FAIL.*$", text)
        self.assertEqual(failed, [])
        self.assertEqual(daemon.call("GET", "/readyz").status, 200)


if __name__ == "__main__":
    harness.main()
