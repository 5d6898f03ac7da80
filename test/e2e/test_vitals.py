#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon measures reaches the core: agents, commands, the machine, the data directory, and
graphics cards by way of a program that answers as nvidia-smi does."""
import os
import re
import subprocess

import harness

CONFIG = """
journal: true
pools:
  web:
    run: "python3 %s --port {port} --log %s/agents.log --seconds 0.02"
    min: 1
    max: 1
  work: { command: "%s", max: 2 }
"""
# Holds memory, writes, and has a child, for as long as the test looks.
COMMAND = """#!/usr/bin/env python3
import os, time
block = bytearray(b"x") * (64 << 20)
with open("block", "wb") as file:
    file.write(block)
    os.fsync(file.fileno())
if os.fork() == 0:
    end = time.monotonic() + 22
    while time.monotonic() < end:
        pass
    os._exit(0)
os.wait()
"""
SMI = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
echo "35, 20480, 81920, 54, 212.35"
"""


class VitalsTest(harness.Case):
    def script(self, path, text):
        path.write_text(text)
        path.chmod(0o755)
        return path

    def test_signals(self):
        worker = harness.HERE / "worker.py"
        folder = self.folder
        smi = self.script(folder / "nvidia-smi", SMI)
        command = self.script(folder / "hold", COMMAND)
        daemon = self.daemon(CONFIG % (worker, folder, command),
                             environment={"PATH": f"{folder}:{os.environ['PATH']}"})
        task = daemon.call("POST", "/v1/tasks", {"kind": "work", "payload": {}})
        self.assertEqual(task.status, 202, task)

        def agents():
            return {agent["pool"]: agent for agent in daemon.get("/v1/agents")["agents"]}

        def seen(pool, *words):
            return all(word in agents().get(pool, {}) for word in words)
        harness.wait_until(lambda: seen("web", "open_files", "switches_voluntary"), 30, agents)
        harness.wait_until(lambda: agents()["work"].get("cpu_millis", 0) > 100, 30, agents)
        web, work = agents()["web"], agents()["work"]
        self.assertGreater(web["open_files"], 3)
        self.assertGreaterEqual(web["threads"], 1)
        self.assertGreater(web["memory_bytes"], 1 << 20)
        self.assertEqual(work["processes"], 2)
        self.assertGreater(work["memory_bytes"], 64 << 20)
        harness.wait_until((smi.parent / "calls").exists, 15, "nvidia-smi is asked")
        harness.wait_until(lambda: "write_bytes" in agents()["work"], 15, agents)
        daemon.kill(15)
        self.check_journal(daemon, sorted((daemon.data / "journal").iterdir()))

    def check_journal(self, daemon, segments):
        prose = subprocess.run([harness.BALLAST, "replay", "--print", *map(str, segments)],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(prose.returncode, 0, prose.stderr)
        values = {}
        for subject, signal, value in re.findall(r"(\w+) \d+ sampled: (\w+) (-?\d+)", prose.stdout):
            values.setdefault((subject, signal), []).append(int(value))
        self.assertEqual(values["host", "host_gpu_permille"][0], 350)
        self.assertEqual(values["host", "host_gpu_memory_permille"][0], 250)
        self.assertEqual(values["host", "host_gpu_celsius"][0], 54)
        self.assertGreater(max(values["host", "host_cpu_permille"]), 0)
        self.assertGreater(values["host", "host_memory_available_bytes"][0], 1 << 20)
        self.assertGreater(values["store", "store_bytes"][0], 4096)
        self.assertLessEqual(values["store", "store_fill_permille"][0], 1000)
        # Every 5 s and every 10 s: in any stretch twice as many of the first, or one more.
        quick = len(values["host", "host_cpu_permille"])
        full = len(values["host", "host_load_permille"])
        self.assertLessEqual(abs(quick + 1 - 2 * full), 1, (quick, full))


if __name__ == "__main__":
    harness.main()
