#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hundred agents leave under load: HTTP agents that are ended, workers of leases that are drained
and go, commands whose slots become fewer. Short drain limits, so that tasks are handed back with a
checkpoint, and deaf ones, which are waited for. What became of every task is read from the agents'
own log: nothing lost, nothing ended before its time, no step done twice.
"""
import collections
import os
import signal
import subprocess
import sys
import threading
import time

import harness

LONG = bool(os.environ.get("BALLAST_LONG"))
MOST, FEWEST = 6, 2
HTTP_CYCLES = 10 if LONG else 2    # of four agents each
LEASE_CYCLES = 10 if LONG else 2   # of three workers each
COMMAND_CYCLES = 8 if LONG else 2  # of four slots each
AHEAD = 8                          # waiting tasks of each pool
STEPS, STEP_S = 5, 0.06
STEPPER = harness.HERE / "stepper.py"


class ContractsTest(harness.Case):
    def config(self, commands):
        run = f"{sys.executable} {STEPPER}"
        return ("pools:\n"
                f"  http: {{ run: '{run} http --port {{port}} --log {self.log}', slots: 2, min: 1,"
                f" max: {MOST}, drain_limit: 50ms, scale: {{ strategy: fixed }} }}\n"
                "  leases: { lease: true, drain_limit: 50ms }\n"
                f"  commands: {{ command: '{run} command --log {self.log}', max: {commands},"
                " drain_limit: 50ms }\n")

    def test_a_hundred_leave_under_load(self):
        self.log = self.folder / "log"
        self.left = 0
        daemon = self.daemon(self.config(MOST))
        self.url = f"http://127.0.0.1:{daemon.port}"
        self.workers = {}
        for number in range(3):
            self.hire(number)
        stop, submitted = threading.Event(), []
        loads = [threading.Thread(target=self.load, args=(daemon, pool, stop, submitted))
                 for pool in ("http", "leases", "commands")]
        for thread in loads:
            thread.start()
        leavers = [threading.Thread(target=self.guard, args=(stop, leave, daemon))
                   for leave in (self.leave_http, self.leave_leases, self.leave_commands)]
        self.failures = []
        for thread in leavers:
            thread.start()
        for thread in leavers:
            thread.join()
        stop.set()
        for thread in loads:
            thread.join()
        self.assertEqual(self.failures, [])
        for task in submitted:
            found = daemon.wait(task, 60)
            self.assertEqual(found["state"], "succeeded", found)
        backs = self.judge(submitted)
        print(f"{self.left} left under load, {len(submitted)} tasks, {backs} handed back: "
              "lost 0, killed 0, done twice 0")
        self.assertGreaterEqual(self.left, 100 if LONG else 20)
        self.assertGreater(backs, 0)

    def guard(self, stop, leave, daemon):
        try:
            leave(daemon)
        except Exception as failure:  # told by the test itself, in its own thread
            self.failures.append(repr(failure))
            stop.set()

    def load(self, daemon, pool, stop, submitted):
        count = 0
        while not stop.is_set():
            if daemon.get(f"/v1/pools/{pool}")["waiting"] >= AHEAD:
                time.sleep(0.05)
                continue
            count += 1
            submitted.append(daemon.submit(
                pool, {"steps": STEPS, "seconds": STEP_S, "deaf": count % 4 == 0}))

    # ---- the three ways to leave ----

    def leave_http(self, daemon):
        for _ in range(HTTP_CYCLES):
            for count in (MOST, FEWEST):
                answer = daemon.call("POST", "/v1/pools/http/scale", {"agents": count})
                self.assertLess(answer.status, 300, answer)
                daemon.wait_agents("http", count, 40)
            self.left += MOST - FEWEST

    def hire(self, number):
        name = f"worker-{number}"
        self.workers[name] = subprocess.Popen(
            [sys.executable, STEPPER, "lease", "--log", self.log, "--url", self.url,
             "--worker", name], cwd=self.folder)
        self.addCleanup(self.workers[name].wait)
        self.addCleanup(self.workers[name].kill)

    def worker(self, daemon, name):
        return next((agent for agent in daemon.agents("leases") if agent["name"] == name), None)

    def leave_leases(self, daemon):
        for cycle in range(1, LEASE_CYCLES + 1):
            leaving = list(self.workers)
            for name in leaving:
                # One that works leaves, its successor is there before it.
                harness.wait_until(lambda: self.worker(daemon, name), 20, f"{name} asks for work")
                self.hire(3 * cycle + leaving.index(name))
                agent = self.worker(daemon, name)
                answer = daemon.call("POST", f"/v1/agents/{agent['id']}/drain", {})
                self.assertLess(answer.status, 300, answer)
                harness.wait_until(lambda: not (self.worker(daemon, name) or {}).get("running"),
                                   20, f"{name} is through")
                process = self.workers.pop(name)
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(20), 0)
                self.left += 1

    def leave_commands(self, daemon):
        for _ in range(COMMAND_CYCLES):
            for slots in (FEWEST, MOST):
                daemon.config_path.write_text(self.config(slots))
                daemon.process.send_signal(signal.SIGHUP)
                harness.wait_until(
                    lambda: [agent["slots"] for agent in daemon.agents("commands")] == [slots],
                    20, f"commands have {slots} slots")
                harness.wait_until(
                    lambda: daemon.agents("commands")[0]["running"] <= slots, 20,
                    "what ran on the others is through")
                self.hand_back_commands(daemon)
            self.left += MOST - FEWEST

    def hand_back_commands(self, daemon):
        agent = daemon.agents("commands")[0]["id"]
        for back in (False, True):
            answer = daemon.call("POST", f"/v1/agents/{agent}/drain", {"back": back})
            self.assertLess(answer.status, 300, answer)
            time.sleep(0.2)

    # ---- what the agents themselves say ----

    def judge(self, submitted):
        tasks = collections.defaultdict(lambda: collections.defaultdict(list))
        for line in self.log.read_text().splitlines():
            word, pid, task, *rest = line.split()
            tasks[task][word].append((int(rest[0]) if rest else None, pid))
        self.assertEqual(sorted(tasks), sorted(submitted))
        backs = 0
        for task, seen in tasks.items():
            said = {word: entries for word, entries in seen.items()}
            self.assertEqual([step for step, _ in seen["step"]], list(range(STEPS)), (task, said))
            self.assertEqual(len(seen["end"]), 1, (task, said))
            # Begun where the one before it stopped, and each but the last handed back.
            self.assertEqual([done for done, _ in seen["begin"]],
                             [0] + [done for done, _ in seen["back"]], (task, said))
            backs += len(seen["back"])
        return backs


if __name__ == "__main__":
    harness.main()
