#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real agent that works on so many tasks at once and makes the others wait: the number is found,
shown, and advised as its pool's slots."""
import json
import random
import subprocess
import threading
import time

import harness
from test_alerts import on_terminal

KNEE = 3
SLOTS = 8
TASKS = 900
SECONDS = 0.03
CONFIG = """
pools:
  coder: { urls: ["%s"], slots: %d }
  quick: { urls: ["%s"], slots: 2 }
"""


class KneeTest(harness.Case):
    def test_an_agent_that_serialises(self):
        draw, gate = random.Random(5), threading.Semaphore(KNEE)

        def work(task, payload):
            with gate:
                time.sleep(draw.expovariate(1 / SECONDS))
            return 200, b"{}"
        daemon = self.daemon(CONFIG % (self.agent(work).url, SLOTS, self.agent().url))
        daemon.wait_agents("coder", 1)
        for _ in range(30):  # loads of one task up to more than all slots, each for a while
            count = draw.randint(1, SLOTS + 2)
            tasks = [daemon.submit("coder") for _ in range(count)]
            for _ in range(TASKS // 30 - count):
                daemon.wait(tasks.pop(0))
                tasks.append(daemon.submit("coder"))
            for task in tasks:
                daemon.wait(task)
        pools = {pool["name"]: pool for pool in daemon.get("/v1/pools")["pools"]}
        knee = pools["coder"]["knee"]
        print(knee)
        self.assertTrue(knee["found"], daemon.get("/v1/pools/coder"))
        self.assertLessEqual(abs(knee["tasks"] - KNEE), 1, knee)
        self.assertAlmostEqual(knee["tasks_per_second"], KNEE / SECONDS, delta=0.4 * KNEE / SECONDS)
        self.assertIn(f"slots: {knee['tasks']}", knee["advice"])
        self.assertNotIn("knee", pools["quick"])
        curve = daemon.get("/v1/pools/coder")["knee"]["by_tasks"]
        self.assertEqual([level["tasks"] for level in curve], list(range(1, SLOTS + 1)))
        self.assertGreater(curve[-1]["service_seconds"], 1.8 * curve[0]["service_seconds"])
        self.assertEqual(daemon.agents("coder")[0]["knee"]["tasks"], knee["tasks"])
        metrics = daemon.call("GET", "/metrics").body.decode()
        self.assertIn('ballast_pool_knee_tasks{pool="coder"} %d\n' % knee["tasks"], metrics)
        self.check_commands(daemon, knee)
        daemon.kill(15)
        daemon.start()  # what was learned of a pool outlives the daemon
        again = daemon.get("/v1/pools/coder")["knee"]
        self.assertEqual((again["tasks"], again["attempts"]), (knee["tasks"], knee["attempts"]))

    def check_commands(self, daemon, knee):
        for width in (80, 120, 1000):
            lines = on_terminal(daemon, ["agents", "--wide"], width)
            self.assertLessEqual(max(map(len, lines)), width, lines)
            self.assertIn("KNEE", "".join(lines))
        url = f"http://127.0.0.1:{daemon.port}"
        said = subprocess.run([harness.BALLAST, "pools", "coder", "--url", url], text=True,
                              capture_output=True, timeout=20, check=True).stdout
        self.assertIn(f"slots: {knee['tasks']}, since more tasks at once bring no more", said)
        said = subprocess.run([harness.BALLAST, "agents", "--wide", "--json", "--url", url],
                              capture_output=True, timeout=20, check=True).stdout
        self.assertEqual(len(json.loads(said)["agents"]), 2)


if __name__ == "__main__":
    harness.main()
