#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon needs when it has nothing to do, and what a long queue costs."""
import json
import time
import unittest

import harness

IDLE_KIB_MAX = 12 * 1024
IDLE_CPU_SHARE_MAX = 0.005
QUEUE_TASKS = 100_000
QUEUE_KIB_MAX = 250 * 1024
READY_S_MAX = 5
LINES = 5000


class FootprintTest(harness.Case):
    def test_idle_with_ten_agents(self):
        worker = harness.HERE / "worker.py"
        daemon = self.daemon(
            "pools:\n"
            f"  work: {{ run: 'python3 {worker} --port {{port}} --log {self.folder}/log', "
            "min: 10, max: 10 }\n")
        daemon.wait_agents("work", 10)
        time.sleep(1)
        before, begun = daemon.cpu_seconds(), time.monotonic()
        time.sleep(10)
        share = (daemon.cpu_seconds() - before) / (time.monotonic() - begun)
        print(f"idle: {daemon.memory_kib()} KiB, {share:.2%} of a core")
        self.assertLessEqual(daemon.memory_kib(), IDLE_KIB_MAX)
        self.assertLess(share, IDLE_CPU_SHARE_MAX)

    def test_long_queue(self):
        daemon = self.daemon("pools: { parked: { lease: true } }")
        line = json.dumps({"kind": "parked", "payload": {"x": "y" * 1015}}) + "\n"
        for _ in range(QUEUE_TASKS // LINES):
            answer = daemon.call("POST", "/v1/tasks", line * LINES,
                                 {"Content-Type": "application/x-ndjson"}, timeout=60)
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(daemon.get("/v1/pools/parked")["waiting"], QUEUE_TASKS)
        print(f"queue: {daemon.memory_kib()} KiB")
        self.assertLessEqual(daemon.memory_kib(), QUEUE_KIB_MAX)
        daemon.kill()
        took = daemon.start()
        print(f"restarted: ready in {took:.2f} s, {daemon.memory_kib()} KiB")
        self.assertEqual(daemon.get("/v1/pools/parked")["waiting"], QUEUE_TASKS)
        self.assertLessEqual(took, READY_S_MAX)
        self.assertLessEqual(daemon.memory_kib(), QUEUE_KIB_MAX)


if __name__ == "__main__":
    harness.main()
