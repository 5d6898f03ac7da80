#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon is killed under load again and again, with a long queue that nobody serves.

Acknowledged tasks are never lost: every one has its own result in the end, read one by one; the
parked ones are all still there. CRASH_ROUNDS and CRASH_PARKED say how often and how many.
"""
import hashlib
import http.client
import os
import random
import threading
import time

import crash
import harness

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "3"))
PARKED = int(os.environ.get("CRASH_PARKED", "10000"))
READY_S_MAX = 5
CLIENTS = 4


def expected(payload):
    return '"' + hashlib.sha256(payload).hexdigest() + '"'


class Clients:
    """Threads that submit until they are stopped; `accepted` is what was promised to them."""

    def __init__(self, daemon, accepted, tried):
        self.daemon, self.accepted, self.tried = daemon, accepted, tried
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.submit) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def submit(self):
        while not self.stop.is_set():
            name = f"{random.getrandbits(64):016x}"
            payload = '{"name":"' + name + '"}'
            self.tried.add(payload)
            try:
                answer = self.daemon.call("POST", "/v1/tasks",
                                          '{"kind":"work","payload":' + payload + "}", timeout=5)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 202:
                self.accepted[answer.json["id"]] = payload

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class CrashTest(harness.Case):
    def test_every_acknowledged_task_has_its_result(self):
        random.seed(7)
        agent = self.agent(lambda task, payload: (200, expected(payload).encode(),
                                                  {"Content-Type": "application/json"}))
        _, parked = crash.prepare(self, PARKED)
        daemon = self.daemons[0]
        daemon.config_path.write_text(crash.CONFIG.replace("http://127.0.0.1:9", agent.url))
        accepted, tried, slowest = {}, set(), 0
        for _ in range(ROUNDS):
            slowest = max(slowest, daemon.start())
            clients = Clients(daemon, accepted, tried)
            time.sleep(random.uniform(0.2, 1.2))
            daemon.kill()
            clients.join()
        slowest = max(slowest, daemon.start())
        self.assertTrue(accepted)
        for task, payload in accepted.items():
            found = daemon.wait(task, 60)
            self.assertEqual(found["state"], "succeeded", found)
            result = daemon.call("GET", f"/v1/tasks/{task}/result")
            self.assertEqual(result.body.decode(), expected(payload.encode()))
        # Nobody's: a task that no client ever asked for.
        succeeded = crash.listed(daemon, "kind=work&state=succeeded")
        self.assertLessEqual(len(succeeded), len(tried))
        self.assertEqual(set(accepted) - set(succeeded), set())
        self.assertEqual(set(crash.listed(daemon, "kind=parked&state=queued")), parked)
        runs = len(agent.seen)
        print(f"{len(accepted)} acknowledged, {runs - len(set(agent.seen))} repeated, "
              f"slowest start {slowest:.2f} s")
        self.assertLessEqual(slowest, READY_S_MAX)


if __name__ == "__main__":
    harness.main()
