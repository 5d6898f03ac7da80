#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon dies, is told to end, stands still or stays away; what it started goes on.

Each case has ten commands and five HTTP agents at work. BALLAST_LONG=1 makes them last 20 s and the
pauses 60 s; otherwise both are short.
"""
import os
import pathlib
import random
import signal
import time

import harness

LONG = os.environ.get("BALLAST_LONG") == "1"
TASK_S = 20 if LONG else 3
PAUSE_S = 60 if LONG else 5
COMMANDS, AGENTS = 10, 5
PLACES = 20  # for commands

SCRIPT = """#!/bin/sh
# Payload: [NAME, SECONDS]
read -r payload
echo "begin $$ $payload" >>{folder}/commands.log
sleep {seconds}
echo "end $$ $payload" >>{folder}/commands.log
echo "output of $payload"
"""

CONFIG = """
pools:
  cmd: {{ command: "{folder}/command.sh", max: {commands} }}
  http:
    run: "python3 {worker} --port {{port}} --log {folder}/agents.log"
    min: {agents}
    max: {agents}
"""


class RestartTest(harness.Case):
    def setUp(self):
        super().setUp()
        script = self.folder / "command.sh"
        script.write_text(SCRIPT.format(folder=self.folder, seconds=TASK_S))
        script.chmod(0o755)
        self.served = self.daemon(CONFIG.format(folder=self.folder, commands=PLACES,
                                                agents=AGENTS, worker=harness.HERE / "worker.py"))
        self.served.wait_agents("http", AGENTS)
        self.commands = {self.served.submit("cmd", f"command {n}"): f'"command {n}"'
                         for n in range(COMMANDS)}
        self.tasks = [self.served.submit("http", {"seconds": TASK_S}) for _ in range(AGENTS)]
        harness.wait_until(lambda: len(self.lines("commands.log", "begin")) == COMMANDS, 10,
                           "ten commands run")
        harness.wait_until(lambda: len(self.lines("agents.log", "begin")) == AGENTS, 10,
                           "five agents work")

    def lines(self, name, word):
        path = pathlib.Path(self.folder, name)
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 2) for line in lines if line.startswith(word + " ")]

    def check(self, pushes_may_repeat):
        for task, payload in self.commands.items():
            found = self.served.wait(task, TASK_S * 2 + 20)
            self.assertEqual(found["state"], "succeeded", found)
            result = self.served.call("GET", f"/v1/tasks/{task}/result")
            self.assertEqual(result.body.decode().strip(), f"output of {payload}")
        for word in ("begin", "end"):
            payloads = sorted(line[2] for line in self.lines("commands.log", word))
            self.assertEqual(payloads, sorted(self.commands.values()))
        for task in self.tasks:
            self.assertEqual(self.served.wait(task, TASK_S * 2 + 20)["state"], "succeeded")
        begun = [line[2] for line in self.lines("agents.log", "begin")]
        self.assertEqual(set(begun), set(self.tasks))
        if not pushes_may_repeat:
            self.assertEqual(len(begun), AGENTS)
        self.assertEqual(len(self.lines("agents.log", "start")), AGENTS, "agents were restarted")
        self.assertEqual(len(self.served.wait_agents("http", AGENTS)), AGENTS)

    def test_killed(self):
        self.served.kill()
        self.served.start()
        self.check(pushes_may_repeat=True)

    def test_terminated(self):
        self.assertEqual(self.served.kill(signal.SIGTERM), 0)
        self.served.start()
        self.check(pushes_may_repeat=True)

    def test_killed_and_away(self):
        self.served.kill()
        time.sleep(PAUSE_S)
        self.assertEqual(len(self.lines("commands.log", "end")), COMMANDS)
        self.served.start()
        self.check(pushes_may_repeat=True)

    def test_stopped(self):
        self.served.process.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE_S)
        self.served.process.send_signal(signal.SIGCONT)
        self.check(pushes_may_repeat=False)

    def test_killed_right_after_the_start(self):
        """No command runs twice, also when nothing about its start had been written yet."""
        random.seed(3)
        for n in range(6):
            task = self.served.submit("cmd", f"late {n}")
            self.commands[task] = f'"late {n}"'
            time.sleep(random.uniform(0, 0.06))
            self.served.kill()
            self.served.start()
        self.check(pushes_may_repeat=True)

    def test_killed_again_and_again(self):
        for _ in range(5):
            self.served.kill()
            self.served.start()
        self.check(pushes_may_repeat=True)


if __name__ == "__main__":
    harness.main()
