#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scheduled load: declared in the file, seen in the API and on the command line, gone after a
reload without it."""
import datetime
import os
import subprocess
import unittest

import harness

CONFIG = """
pools:
  w: { lease: true }
peaks:
  standup: { at: [mon-fri 09:00, "sat,sun 18:30"], for: 1h, factor: 2.5 }
  launch: { at: 2200-01-15 08:00, for: 4h, rate: 30/min, kinds: [w] }
  over: { at: 2020-01-15 08:00, for: 4h, factor: 2 }
"""


class PeaksTest(harness.Case):
    def test_in_the_api_until_a_reload(self):
        daemon = self.daemon(CONFIG)
        peaks = daemon.get("/v1/forecasts")["peaks"]
        self.assertEqual([peak["peak"] for peak in peaks], ["standup", "standup", "launch"])
        self.assertEqual(peaks[2]["begins"][:16], "2200-01-15T08:00")
        self.assertEqual(peaks[2]["ends"][:16], "2200-01-15T12:00")
        self.assertEqual(peaks[2]["rate"], "30/min")
        self.assertEqual(peaks[2]["kinds"], ["w"])
        self.assertEqual(peaks[0]["factor"], 2.5)
        begins = datetime.datetime.fromisoformat(peaks[0]["begins"][:19])
        self.assertEqual((begins.hour, begins.minute, begins.weekday() < 5), (9, 0, True))
        there = {**os.environ, "BALLAST_URL": f"http://127.0.0.1:{daemon.port}"}
        shown = subprocess.run([harness.BALLAST, "forecast"], capture_output=True, text=True,
                               env=there, timeout=20)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("2200-01-15T08:00", shown.stdout)
        path = daemon.config_path
        path.write_text(path.read_text().split("  standup:")[0] +
                        "  calm: { at: daily 08:00, for: 1h, factor: 0.5 }\n")
        self.assertEqual(daemon.call("POST", "/v1/reload").status, 200)
        peaks = daemon.get("/v1/forecasts")["peaks"]
        self.assertEqual([(peak["peak"], peak["factor"]) for peak in peaks], [("calm", 0.5)])


if __name__ == "__main__":
    harness.main()
