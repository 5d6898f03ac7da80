#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A task whose agent hangs or stalls gets a second attempt elsewhere, when that is allowed."""
import json
import threading
import time

import harness

USUAL_S = 0.02
WARM_UP = 40  # tasks after which it is known how long they take
CONFIG = """
pools:
  echo: {{ urls: [{urls}], slots: 4 }}
knobs: {{ hedge_share: {share} }}
"""


class HedgeTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.given_up = threading.Event()
        self.addCleanup(self.given_up.set)
        self.lock = threading.Lock()
        self.tries = {}  # task -> payloads' words, one per attempt that reached an agent

    def work(self, task, payload):
        """{"say": [..]} holds a word for each attempt: ok, fail, stall, drop or hang."""
        with self.lock:
            place = self.tries.setdefault(task, 0)
            self.tries[task] += 1
        words = json.loads(payload).get("say", ["ok"])
        word = words[min(place, len(words) - 1)]
        if word == "hang":
            self.given_up.wait(60)
        time.sleep({"stall": 1.5, "drop": 0.75}.get(word, USUAL_S))
        if word == "drop":
            raise ConnectionAbortedError  # closes the connection without an answer
        return (500, b'{"no":1}') if word == "fail" else (200, word.encode())

    def served(self, share="50%"):
        agents = [self.agent(self.work) for _ in range(2)]
        daemon = self.daemon(CONFIG.format(
            urls=", ".join(agent.url for agent in agents), share=share))
        daemon.wait_agents("echo", 2)
        for task in [daemon.submit("echo") for _ in range(WARM_UP)]:
            daemon.wait(task)
        return daemon

    def metric(self, daemon, name):
        for line in daemon.call("GET", "/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[1]))
        raise AssertionError(f"no {name}")

    def test_an_agent_hangs(self):
        daemon = self.served()
        before = self.metric(daemon, "ballast_hedges_won_total")
        task = daemon.submit("echo", {"say": ["hang", "ok"]})
        ended = daemon.wait(task, 10)
        self.assertEqual((ended["state"], ended["attempt"]), ("succeeded", 2))
        self.assertEqual(ended["result"], "ok")
        first, second = sorted(ended["attempts"], key=lambda one: one["attempt"])
        self.assertNotEqual(first["agent"], second["agent"])
        self.assertEqual(first["error"], "another attempt of the task succeeded first")
        self.assertEqual(second["outcome"], "succeeded")
        self.assertEqual(self.metric(daemon, "ballast_hedges_won_total"), before + 1)
        why = daemon.get(f"/v1/tasks/{task}/why")
        self.assertEqual((why["decision"], why["reason"]), ("routed", "hedged"))
        self.assertEqual(why["winner"]["name"], second["agent"])
        # The slot of the one that hangs is free again, for the core; nothing is left running.
        self.assertEqual([agent["running"] for agent in daemon.agents("echo")], [0, 0])

    def test_a_hedge_that_fails_costs_nothing(self):
        daemon = self.served()
        ended = daemon.wait(daemon.submit("echo", {"say": ["stall", "fail"]}, attempts=1), 10)
        self.assertEqual((ended["state"], ended["attempt"]), ("succeeded", 1))
        self.assertEqual(ended["result"], "stall")
        self.assertIsNone(ended.get("error"))
        self.assertIn("retryable", [one["outcome"] for one in ended["attempts"]])

    def test_the_first_is_lost_and_the_hedge_goes_on(self):
        daemon = self.served()
        ended = daemon.wait(daemon.submit("echo", {"say": ["drop", "stall"]}, attempts=1), 10)
        self.assertEqual((ended["state"], ended["attempt"]), ("succeeded", 2))
        self.assertEqual(ended["result"], "stall")
        # The one that goes on is late too: it may get a hedge itself, which loses.
        outcomes = {one["attempt"]: one["outcome"] for one in ended["attempts"]}
        self.assertEqual((outcomes[1], outcomes[2]), ("lost", "succeeded"))

    def test_there_is_no_third_attempt(self):
        daemon = self.served()
        task = daemon.submit("echo", {"say": ["hang", "stall"]}, attempts=1)
        harness.wait_until(lambda: self.tries.get(task) == 2, 10, "a second attempt runs")
        # Both hold a slot; a third is never begun.
        self.assertEqual(sum(agent["running"] for agent in daemon.agents("echo")), 2)
        self.assertEqual(daemon.wait(task, 10)["result"], "stall")
        self.assertEqual(self.tries[task], 2)

    def test_cancelled_while_both_run(self):
        daemon = self.served()
        task = daemon.submit("echo", {"say": ["hang"]})
        harness.wait_until(lambda: self.tries.get(task) == 2, 10, "a second attempt runs")
        daemon.call("DELETE", f"/v1/tasks/{task}")
        self.assertEqual(daemon.wait(task, 10)["state"], "cancelled")
        self.assertEqual([agent["running"] for agent in daemon.agents("echo")], [0, 0])

    def test_killed_while_both_run(self):
        """Attempts of HTTP agents end with the daemon; the task is simply tried again."""
        daemon = self.served()
        task = daemon.submit("echo", {"say": ["hang", "hang", "ok"]})
        harness.wait_until(lambda: self.tries.get(task) == 2, 10, "a second attempt runs")
        daemon.kill()
        daemon.start()
        ended = daemon.wait(task, 20)
        self.assertEqual(ended["result"], "ok")
        self.assertEqual(self.tries[task], 3)

    def test_one_is_sent_ahead(self):
        """With the knob prefetch an agent that is full is given one more, and no third."""
        agent = self.agent(self.work)
        daemon = self.daemon(
            f"pools:\n  echo: {{ urls: [{agent.url}], slots: 1 }}\nknobs: {{ prefetch: 1 }}\n")
        daemon.wait_agents("echo", 1)
        tasks = [daemon.submit("echo", {"say": ["stall"]}) for _ in range(3)]
        harness.wait_until(lambda: len(agent.seen) == 2, 10, "the second is there already")
        self.assertEqual(daemon.task(tasks[2])["state"], "queued")
        why = daemon.get(f"/v1/tasks/{tasks[1]}/why")
        self.assertEqual(why["reason"], "sent_ahead")
        for task in tasks:
            self.assertEqual(daemon.wait(task, 10)["state"], "succeeded")
        self.assertEqual(sorted(agent.seen), sorted(str(task) for task in tasks))

    def test_off_by_default(self):
        daemon = self.served(share="0%")
        task = daemon.submit("echo", {"say": ["stall", "ok"]})
        self.assertEqual(daemon.wait(task, 10)["result"], "stall")
        self.assertEqual(self.tries[task], 1)
        self.assertEqual(self.metric(daemon, "ballast_hedges_total"), 0)


if __name__ == "__main__":
    harness.main()
