#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ballast plan advises, as an operator reads it; nothing changes by asking."""
import subprocess
import unittest

import harness


class PlanTest(harness.Case):
    def run_plan(self, daemon, *options):
        url = f"http://127.0.0.1:{daemon.port}"
        return subprocess.run([harness.BALLAST, "plan", "--url", url, *options],
                              capture_output=True, text=True, timeout=20)

    def test_plan(self):
        agent = self.agent()
        daemon = self.daemon(f"pools:\n  echo: {{ urls: [{agent.url}], slots: 4 }}\n")
        daemon.wait_agents("echo", 1)
        daemon.wait(daemon.submit("echo"))
        orders = daemon.get("/v1/orders")
        plans = daemon.get("/v1/plan")["plans"]
        self.assertEqual([plan["ahead_seconds"] for plan in plans],
                         [0, 900, 3600, 14400, 21600, 86400, 259200, 604800])
        for plan in plans:
            self.assertEqual(plan["basis"], "live")
            self.assertEqual([part["pool"] for part in plan["pools"]], ["echo"])
            self.assertLessEqual(plan["utilisation"], 1)
        self.assertEqual(daemon.call("GET", "/v1/plan?budget_cents=x").status, 400)
        self.assertEqual(daemon.call("GET", "/v1/plan?goal=speed").status, 400)
        done = self.run_plan(daemon, "--goal", "speed")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("reliability", done.stderr)
        done = self.run_plan(daemon, "--goal", "cost")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.run_plan(daemon)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("echo: 1 agents", done.stdout)
        self.assertIn("nothing acts on it", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
        self.assertEqual(daemon.get("/v1/orders"), orders)


if __name__ == "__main__":
    unittest.main()
