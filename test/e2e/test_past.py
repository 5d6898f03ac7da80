#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""90 days of what was measured survive the daemon's end and its death, under the names of what they
are about, and what comes afterwards joins on."""
import datetime
import json
import os
import signal
import sqlite3
import subprocess
import time

import harness

CONFIG = "pools: { other: { lease: true }, web: { lease: true } }"
STEP_S = 300
NEW = "host_memory_available_bytes"  # not in what was prepared
GRAINS = {"15m": (900, 14 * 86400), "1h": (3600, 90 * 86400)}


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class PastTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.end = int(time.time()) // STEP_S * STEP_S
        self.daemon_ = self.daemon(CONFIG, started=False)
        self.daemon_.data.mkdir()
        subprocess.run([os.environ["MAKEPAST"], str(self.daemon_.data), str(self.end)], check=True)
        print(f"ready {self.daemon_.start():.2f} s after the first start")

    def window(self, query, grain):
        return self.daemon_.get(f"/v1/signals/window?{query}&resolution={grain}"
                                f"&since={GRAINS[grain][1] // 3600}h")

    def check_slots(self, query):
        for grain, (step, span) in GRAINS.items():
            slots = self.window(query, grain)["slots"]
            self.assertGreater(len(slots), span // step - 3, grain)
            for slot in slots:
                begin = int(seconds(slot["begin"]))
                values = [at // STEP_S % 1000 for at in range(begin, begin + step, STEP_S)
                          if at < self.end]
                self.assertEqual(begin % step, 0)
                if begin + step > self.end:
                    continue  # the slot in which the past ends
                self.assertEqual(slot["count"], len(values), slot)
                self.assertEqual((slot["min"], slot["max"]), (min(values), max(values)))
                mean = sum(values) / len(values)
                self.assertLess(abs(slot["mean"] - mean), mean / 1000 + 1)

    def check_all(self):
        for query in ("subject=kind&name=web&signal=heap_bytes",
                      "subject=kind&name=retired&signal=heap_bytes",
                      "subject=host&signal=host_cpu_permille"):
            self.check_slots(query)

    def test_restarts(self):
        self.check_all()
        # What is measured now joins on: the host is looked at by itself.
        def grown():
            return self.window("subject=host&signal=host_cpu_permille", "15m")["count"] > 0
        harness.wait_until(grown, 30, "the host was looked at")
        self.daemon_.kill(signal.SIGKILL)
        print(f"ready {self.daemon_.start():.2f} s after it was killed")
        self.check_all()
        self.assertEqual(self.daemon_.kill(signal.SIGTERM), 0)
        print(f"ready {self.daemon_.start():.2f} s after it ended")
        self.check_all()
        self.assertEqual(self.daemon_.log().count("left out"), 0, self.daemon_.log())
        done = subprocess.run(
            [harness.BALLAST, "signals", "web", "--signal", "heap_bytes", "--since", "720h",
             "--resolution", "1h", "--json"], capture_output=True, text=True, timeout=30,
            env=dict(os.environ, BALLAST_URL=f"http://127.0.0.1:{self.daemon_.port}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(len(json.loads(done.stdout)["slots"]), 700)
        self.check_end()

    def check_end(self):
        """An orderly end writes the slots that are open, of signals that are new too."""
        harness.wait_until(
            lambda: self.daemon_.get(f"/v1/signals?signal={NEW}")["signals"], 30, NEW)
        self.assertEqual(self.daemon_.kill(signal.SIGTERM), 0)
        with sqlite3.connect(self.daemon_.data / "store.db") as store:
            keys = {key for key, in store.execute("SELECT key FROM record WHERE space = 6")}
        today = int(time.time()) // 86400
        self.assertTrue({f"{today}/host/{NEW}/", f"{today - 1}/host/{NEW}/"} & keys, keys)

    def test_damage(self):
        self.daemon_.kill()
        with sqlite3.connect(self.daemon_.data / "store.db") as store:
            changed = store.execute("UPDATE record SET value = zeroblob(9) WHERE space = 7 AND "
                                    "key LIKE '____3/kind/heap_bytes/retired'")
            self.assertGreater(changed.rowcount, 0)
        self.daemon_.start()
        self.assertIn("does not fit its seal", self.daemon_.log())
        self.check_slots("subject=kind&name=web&signal=heap_bytes")
        slots = self.window("subject=kind&name=retired&signal=heap_bytes", "1h")["slots"]
        whole = [slot for slot in slots if slot["count"] == 12]
        self.assertGreater(len(whole), 1000)
        self.assertLess(len(whole), 2150)


if __name__ == "__main__":
    harness.main()
