#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Twenty agents are taken away under load, real processes each: no task is lost or ended early."""
import threading
import time

import harness

CYCLES, MOST, FEWEST = 5, 6, 2


class ScaleInTest(harness.Case):
    def test_scale_in_under_load(self):
        worker, log = harness.HERE / "worker.py", self.folder / "log"
        daemon = self.daemon(
            "pools:\n"
            f"  work: {{ run: 'python3 {worker} --port {{port}} --log {log} --seconds 0.3', "
            f"slots: 2, min: 1, max: {MOST}, scale: {{ strategy: fixed }} }}\n")
        stop, submitted = threading.Event(), []

        def load():
            while not stop.is_set():
                # As much as the largest fleet can do, never more than a few seconds of it ahead.
                if daemon.get("/v1/pools/work")["waiting"] < 12:
                    submitted.append(daemon.submit("work", {"seconds": 0.3}))
                else:
                    time.sleep(0.05)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            for _ in range(CYCLES):
                self.scale(daemon, MOST)
                self.scale(daemon, FEWEST)
        finally:
            stop.set()
            thread.join()
        for task in submitted:
            found = daemon.wait(task, 30)
            self.assertEqual((found["state"], found["attempt"]), ("succeeded", 1), found)
        lines = [line.split() for line in log.read_text().splitlines()]
        for word in ("begin", "end"):
            self.assertEqual(sorted(line[2] for line in lines if line[0] == word),
                             sorted(submitted))
        started = sum(line[0] == "start" for line in lines)
        self.assertGreaterEqual(started, CYCLES * (MOST - FEWEST))
        print(f"{started} agents started, {len(submitted)} tasks")

    def scale(self, daemon, count):
        answer = daemon.call("POST", "/v1/pools/work/scale", {"agents": count})
        self.assertLess(answer.status, 300, answer)
        daemon.wait_agents("work", count, 20)


if __name__ == "__main__":
    harness.main()
