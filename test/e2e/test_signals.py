#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What was measured is told: the last value of each signal, its past, and nothing of what nobody
reported; as JSON and on a terminal of 80 columns."""
import json
import os
import subprocess

import harness
from test_alerts import on_terminal

CONFIG = """
pools:
  web:
    run: "python3 %s --port {port} --log %s/agents.log --seconds 0.02"
    min: 1
    max: 1
"""


class SignalsTest(harness.Case):
    def ballast(self, daemon, *words):
        done = subprocess.run([harness.BALLAST, *words], capture_output=True, text=True, timeout=30,
                              env=dict(os.environ, BALLAST_URL=f"http://127.0.0.1:{daemon.port}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_signals(self):
        daemon = self.daemon(CONFIG % (harness.HERE / "worker.py", self.folder))
        daemon.wait_agents("web", 1)
        for _ in range(3):
            daemon.wait(daemon.submit("web"))

        def listed(query=""):
            return {(row["subject"], row["signal"]): row
                    for row in daemon.get("/v1/signals" + query)["signals"]}
        harness.wait_until(lambda: ("agent", "memory_bytes") in listed(), 30, listed)
        seen = listed()
        self.assertEqual(seen["kind", "arrivals"]["count"], 3)
        self.assertEqual(seen["kind", "completions"]["count"], 3)
        self.assertGreater(seen["kind", "task_service_ns"]["last"], 1000000)
        self.assertGreater(seen["pool", "memory_bytes"]["last"], 1 << 20)
        self.assertEqual(seen["agent", "memory_bytes"]["flags"], [])
        self.assertNotIn(("agent", "heap_bytes"), seen)  # nobody reported one
        self.assertEqual(set(listed("?subject=host")), {key for key in seen if key[0] == "host"})
        agent = seen["agent", "memory_bytes"]["name"]
        window = "/v1/signals/window?subject=host&signal=host_cpu_permille"
        harness.wait_until(lambda: daemon.get(window)["slots"], 20, "a slot closes")
        slot = daemon.get(window)["slots"][0]
        self.assertLessEqual(slot["min"], slot["mean"])
        self.assertLessEqual(slot["mean"], slot["max"])
        for query in ("resolution=7s", "since=soon"):
            self.assertEqual(daemon.call("GET", f"{window}&{query}").status, 400)
        self.assertEqual(daemon.call("GET", "/v1/signals/window?signal=heap_bytes").status, 404)
        self.check_commands(daemon, agent)

    def check_commands(self, daemon, agent):
        for words in (["signals"], ["signals", agent],
                      ["signals", "host", "--signal", "host_cpu_permille", "--since", "1m"]):
            lines = on_terminal(daemon, words, 80)
            self.assertGreater(len(lines), 1, words)
            self.assertLessEqual(max(map(len, lines)), 80, (words, lines))
            json.loads(self.ballast(daemon, *words, "--json"))
        self.assertIn("memory_bytes", self.ballast(daemon, "signals", agent))


if __name__ == "__main__":
    harness.main()
