#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of `ballast help`, against a lively daemon, on a terminal of 80 columns: no line is
longer, and nothing of what agents and clients say drives the terminal; --json of lists is JSON."""
import json
import os
import re
import subprocess
import threading
import time

import harness
from test_alerts import on_terminal

WIDTH = 80
LONG = "kind-of-a-very-long-name." + "x" * 90
BOMB = "\x1b]0;gone\x07\x1b[2J\r\n\t\x9b31m" + "\u202e" + "b" * 200
CONFIG = """
journal: true
pools:
  web: { run: "python3 %s --port {port} --log %s/agents.log --seconds 0.02", min: 1, max: 2 }
  far: { urls: ["%s"], slots: 4, kinds: [far, "%s"] }
  people: { lease: true }
  job: { command: "sh %s/job.sh", max: 2 }
  bad: { command: "false", max: 1, retry: { attempts: 1 } }
peaks: { morning: { at: "mon-fri 09:00", for: 1h, factor: 3 } }
"""
# Not for people, or not ended by itself: only its help is looked at.
HELP_ONLY = {"run", "work", "demo", "replay", "logs", "files"}
# What they print is a document for programs.
DOCUMENTS = {"grafana", "completion", "submit", "wait", "logs", "anomalies"}


class ScreensTest(harness.Case):
    def ballast(self, daemon, *words, code=0, stdin=None):
        done = subprocess.run([harness.BALLAST, *words], capture_output=True, text=True, timeout=60,
                              input=stdin, cwd=self.folder,
                              env=dict(os.environ, BALLAST_URL=f"http://127.0.0.1:{daemon.port}"))
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout

    def lively(self):
        def work(task, payload):
            if b"fail" in payload:
                return 422, json.dumps({"detail": BOMB}).encode()
            time.sleep(0.05)
            return 200, json.dumps({"text": BOMB}).encode()
        agent = self.agent(work)
        bomb = b"cat >file; echo out; printf '\\033[2Jbomb\\n' >&2\n"
        (self.folder / "job.sh").write_bytes(bomb)
        daemon = self.daemon(CONFIG % (harness.HERE / "worker.py", self.folder, agent.url, LONG,
                                       self.folder))
        daemon.wait_agents("web", 1)
        daemon.call("POST", "/v1/lease", {"pool": "people", "worker": "w" * 100, "wait": "10ms"})
        tasks = {"job": daemon.submit("job", {"a": 1}), "bad": daemon.submit("bad")}
        for _ in range(60):
            tasks["far"] = daemon.submit("far", tenant="tenant-" + "t" * 100)
        for _ in range(5):
            tasks["web"] = daemon.submit("web")
        tasks["long"] = daemon.submit(LONG, {"fail": 1})
        tasks["waits"] = daemon.submit("people", conversation="c" * 200)
        for name in ("job", "bad", "far", "web", "long"):
            daemon.wait(tasks[name])
        daemon.call("POST", f"/v1/tasks/{tasks['far']}/feedback", {"satisfaction": 0.5})
        daemon.call("POST", "/v1/silences",
                    {"alert": "queue", "for": "1h", "reason": BOMB[:100]})
        daemon.call("POST", "/v1/pools/web/scale", {"agents": 2})
        daemon.wait_agents("web", 2)

        def seen():
            rows = daemon.get("/v1/signals")["signals"]
            return any(row["signal"] == "memory_bytes" for row in rows)
        harness.wait_until(seen, 30, "signals")
        return daemon, tasks

    def commands(self, daemon, tasks):
        """By command: what it is called with, in lists of words."""
        csv = self.folder / "load.csv"
        csv.write_text("timestamp,value\n" + "".join(
            f"{i * 300},{100 + i % 288}\n" for i in range(2000)))
        order = daemon.get("/v1/orders")["orders"][0]["id"]
        return {
            "check": [[str(daemon.config_path)]],
            "init": [["http", "--output", str(self.folder / "new.yaml")]],
            "submit": [["far", "{}"], ["far", "{}", "--wait"]],
            "task": [[tasks[name]] for name in ("far", "long", "bad", "waits")],
            "tasks": [[], ["--state", "succeeded"]],
            "wait": [[tasks["far"]]],
            "why": [[tasks[name]] for name in ("far", "long", "waits")] + [[order]],
            "cancel": [[tasks["waits"]]],
            "requeue": [[tasks["bad"]]],
            "feedback": [[tasks["web"], "0.9"]],
            "events": [["--limit", "3"]],
            "agents": [[], ["--wide"], ["web-1"]],
            "pools": [[], ["far"]],
            "signals": [[], ["web-1"], ["host"]],
            "alerts": [[], ["--past"], ["--rules"]],
            "objectives": [[]],
            "silence": [[], ["cpu", "--for", "1h", "--reason", "none"]],
            "pause": [["far"], ["far", "--resume"]],
            "scale": [["web", "2"]],
            "drain": [["web-2"]],
            "reload": [[]],
            "token": [["list"]],
            "anomalies": [["--csv", str(csv)]],
            "simulate": [["load"], ["routing", "--tasks", "2000"]],
            "forecast": [[], ["--csv", str(csv)]],
            "plan": [[]],
            "backtest": [["--csv", str(csv)]],
            "grafana": [[]],
            "completion": [["bash"]],
            "help": [[]],
            "version": [[]],
        }

    def look(self, daemon, words):
        lines = on_terminal(daemon, words, WIDTH)
        bad = [line for line in lines if len(line) > WIDTH]
        if words[0] not in DOCUMENTS and bad:
            self.failures.append((words, "too long", bad[:3]))
        odd = [line for line in lines
               if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", line)]
        if odd:
            self.failures.append((words, "control characters", odd[:3]))
        return lines

    def test_every_command(self):
        self.failures = []
        daemon, tasks = self.lively()
        listed = set(re.findall(r"^  ([a-z-]+)  +", self.ballast(daemon, "help"), re.M))
        calls = self.commands(daemon, tasks)
        self.assertEqual(listed - HELP_ONLY, set(calls))
        for name in sorted(listed):
            self.look(daemon, ["help", name])
            self.look(daemon, [name, "--help"])
        stop = threading.Event()
        self.addCleanup(stop.set)

        def trickle():  # so that there are events to show
            while not stop.wait(0.5):
                daemon.submit("web")
        threading.Thread(target=trickle, daemon=True).start()
        for name, lists in calls.items():
            for words in lists:
                try:
                    self.look(daemon, [name, *words])
                except AssertionError as error:
                    self.failures.append(([name, *words], "failed", str(error)))
        for name in ("tasks", "agents", "pools", "signals", "alerts", "objectives", "silence",
                     "forecast", "plan"):
            json.loads(self.ballast(daemon, name, "--json"))
        for failure in self.failures:
            print(failure)
        self.assertFalse(self.failures)


if __name__ == "__main__":
    harness.main()
