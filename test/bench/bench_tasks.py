#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Synchronous tasks per second through the real daemon on one core.

64 clients on loopback post to /v1/tasks?wait=10s, one task after the other each; four HTTP agents
answer at once. The data directory lies in memory and every flush takes 200 microseconds, so that
the disk of this machine does not count. The daemon has a core of its own, where there are two.
BALLAST, BENCH_AGENT, BENCH_LOAD and BENCH_SLOWSYNC name the programs; SECONDS how long.
"""
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

GOAL_PER_S, GOAL_CPU_US = 8000, 35
CLIENTS, AGENTS = 64, 4
FLUSH_US = "200"
SECONDS = os.environ.get("SECONDS", "5")
BODY = json.dumps({"kind": "echo", "payload": {"question": "x" * 100}})


class Bench(harness.Case):
    def setUp(self):
        harness.tempfile.tempdir = "/dev/shm" if os.path.isdir("/dev/shm") else None
        super().setUp()

    def runTest(self):
        cores = sorted(os.sched_getaffinity(0))
        agents = subprocess.Popen([os.environ["BENCH_AGENT"], str(AGENTS)], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(agents.__exit__, None, None, None)
        urls = ", ".join(f"http://127.0.0.1:{port}" for port in agents.stdout.readline().split())
        daemon = self.daemon(f"pools:\n  echo: {{ urls: [{urls}], slots: 16 }}\n", False,
                             {"LD_PRELOAD": os.environ["BENCH_SLOWSYNC"],
                              "SLOWSYNC_US": FLUSH_US})
        daemon.start()
        daemon.wait_agents("echo", AGENTS)
        for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores[:1])
        os.sched_setaffinity(agents.pid, cores[1:2] or cores)
        os.sched_setaffinity(0, cores[1:2] or cores)
        self.load(daemon, "1")
        before = daemon.cpu_seconds()
        found = self.load(daemon, SECONDS)
        cpu_us = (daemon.cpu_seconds() - before) * 1e6 / max(found["tasks"], 1)
        met = "met" if found["rate"] >= GOAL_PER_S else "missed"
        print(f"synchronous tasks: {found['rate']:.0f}/s (goal {GOAL_PER_S}: {met}), "
              f"{cpu_us:.1f} CPU us per task (goal {GOAL_CPU_US}), "
              f"p50 {found['p50_us'] / 1000:.1f} ms, p99 {found['p99_us'] / 1000:.1f} ms, "
              f"{CLIENTS} clients, {AGENTS} agents, "
              f"flush {FLUSH_US} us, daemon {daemon.memory_kib()} KiB", flush=True)
        self.assertEqual(found["errors"], 0)

    def load(self, daemon, seconds):
        run = subprocess.run([os.environ["BENCH_LOAD"], str(daemon.port), str(CLIENTS), seconds,
                              "/v1/tasks?wait=10s", BODY], capture_output=True, text=True)
        if run.returncode != 0:
            raise AssertionError(run.stdout + run.stderr)
        return {name: float(value)
                for name, value in (pair.split("=") for pair in run.stdout.split())}


if __name__ == "__main__":
    harness.main()
