#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Why a task went where it went, waits or was refused, as its owner sees it."""
import json
import signal
import subprocess
import threading
import time

import harness

FACTORS = {"load", "performance", "future", "efficiency", "collaboration"}


class WhyTest(harness.Case):
    def why(self, daemon, task):
        return daemon.get(f"/v1/tasks/{task}/why")

    def test_routed(self):
        agents = [self.agent() for _ in range(3)]
        urls = ", ".join(agent.url for agent in agents)
        daemon = self.daemon(f"pools:\n  echo: {{ urls: [{urls}] }}\n")
        daemon.wait_agents("echo", 3)
        task = daemon.submit("echo")
        daemon.wait(task)
        why = self.why(daemon, task)
        self.assertEqual((why["decision"], why["reason"]), ("routed", "routed"))
        self.assertEqual(set(why["winner"]["factors"]), FACTORS)
        self.assertEqual(sum(why["weights"].values()), 1.0)
        self.assertEqual(len(why["losers"]), 2)
        for loser in why["losers"]:
            self.assertGreaterEqual(loser["composite"], why["winner"]["composite"])
        self.assertTrue(why["winner"]["inputs"])
        self.assertTrue(why["would_change"])
        for candidate in [why["winner"], *why["losers"]]:
            composite = sum(why["weights"][factor] * seconds
                            for factor, seconds in candidate["factors"].items())
            self.assertAlmostEqual(composite, candidate["composite"], places=5)

    def test_why_outlives_a_restart(self):
        agent = self.agent()
        daemon = self.daemon(f"pools:\n  echo: {{ urls: [{agent.url}] }}\n")
        task = daemon.submit("echo")
        daemon.wait(task)
        before = self.why(daemon, task)
        daemon.kill()
        daemon.start()
        self.assertEqual(self.why(daemon, task), before)

    def test_what_was_learned_outlives_a_restart(self):
        """Agents keep their ids, and the slow one is still known for it."""
        def slowly(*_):
            time.sleep(0.05)
            return 200, b"{}"
        fast, slow = self.agent(), self.agent(slowly)
        daemon = self.daemon(
            f"pools:\n  echo: {{ urls: [{slow.url}, {fast.url}], slots: 1 }}\n")
        before = {agent["name"]: agent["id"] for agent in daemon.wait_agents("echo", 2)}
        for task in [daemon.submit("echo") for _ in range(40)]:
            daemon.wait(task)
        self.assertEqual(daemon.kill(signal.SIGTERM), 0)
        daemon.start()
        after = {agent["name"]: agent["id"] for agent in daemon.wait_agents("echo", 2)}
        self.assertEqual(after, before)
        task = daemon.submit("echo")
        daemon.wait(task)
        why = self.why(daemon, task)
        self.assertEqual(why["winner"]["name"], fast.url)
        self.assertGreater(why["losers"][0]["inputs"]["service"],
                           2 * why["winner"]["inputs"]["service"])

    def test_nobody_capable_now_or_ever(self):
        """Three answers: wait for what is ordered, wait for what is down, refuse what never can."""
        worker, away = harness.HERE / "worker.py", self.agent()
        daemon = self.daemon(
            "pools:\n"
            f"  sleepy: {{ run: 'python3 {worker} --port {{port}} --log {self.folder}/log', "
            "max: 1, ready: { path: /never } }\n"
            f"  gone: {{ urls: [{away.url}], retry: {{ attempts: 100, "
            "backoff: 10ms, backoff_max: 10ms } }\n"
            # One of one may be ejected.
            "knobs: { eject_max_share: 100% }\n")
        daemon.wait_agents("gone", 1)
        away.close()
        ordered = daemon.submit("sleepy")
        harness.wait_until(lambda: self.why(daemon, ordered)["reason"] == "wait_ordered", 5,
                           "it waits for the ordered agent")
        self.assertEqual(daemon.task(ordered)["state"], "queued")

        down = daemon.submit("gone")
        harness.wait_until(lambda: self.why(daemon, down)["reason"] == "wait_down", 10,
                           lambda: f"it waits for the agent that is down: {self.why(daemon, down)}")

        answer = daemon.call("POST", "/v1/tasks", {"kind": "sleepy", "payload": {},
                                                   "needs": {"tags": ["cuda"]}})
        self.assertEqual(answer.status, 422, answer)
        why = answer.json["why"]
        self.assertEqual(why["reason"], "refused_incapable")
        # Nobody ever offered it, and the nearest pool lacks nothing else.
        self.assertIn("cuda", answer.json["detail"])
        self.assertEqual(why["nearest"][0], {"pool": "sleepy", "missing": []})
        self.assertEqual(self.why(daemon, why["id"])["reason"], "refused_incapable")

    def test_shared_limit_reached(self):
        release = threading.Event()
        agents = [self.agent(lambda task, payload: (release.wait(20), (200, b"{}"))[1])
                  for _ in range(2)]
        self.addCleanup(release.set)
        daemon = self.daemon(
            "limits: { account: { running: 1 } }\n"
            "pools:\n"
            f"  left: {{ urls: [{agents[0].url}], uses: [account] }}\n"
            f"  right: {{ urls: [{agents[1].url}], uses: [account] }}\n")
        daemon.wait_agents("left", 1)
        daemon.wait_agents("right", 1)
        first = daemon.submit("left")
        harness.wait_until(lambda: agents[0].seen == [first], 5, "the first task runs")
        second = daemon.submit("right")
        harness.wait_until(lambda: self.why(daemon, second)["reason"] == "wait_limit", 5,
                           "it waits for the limit")
        why = self.why(daemon, second)
        self.assertEqual((why["decision"], why["limit"]), ("waiting", "account"))
        self.assertEqual(why["capable_agents"], 1)
        time.sleep(0.2)
        self.assertEqual(agents[1].seen, [])
        release.set()
        for task in (first, second):
            self.assertEqual(daemon.wait(task)["state"], "succeeded")
        self.assertEqual(agents[1].seen, [second])

    def test_parent_waits_for_child_in_a_full_pool(self):
        holder = {}

        def work(task, payload):
            if json.loads(payload).get("child"):
                return 200, b'"of the child"'
            answer = holder["daemon"].call(
                "POST", "/v1/tasks?wait=15s",
                {"kind": "tree", "payload": {"child": True}, "parent": task})
            holder["child"] = answer
            return 200, json.dumps({"child": answer.status}).encode()

        agent = self.agent(work)
        daemon = holder["daemon"] = self.daemon(
            f"pools:\n  tree: {{ urls: [{agent.url}], slots: 1 }}\n")
        daemon.wait_agents("tree", 1)
        parent = daemon.submit("tree")
        # The pool is full with the parent, and others wait behind it.
        others = [daemon.submit("tree", {"child": True}) for _ in range(3)]
        self.assertEqual(daemon.wait(parent)["state"], "succeeded")
        self.assertEqual(holder["child"].status, 200, holder["child"])
        self.assertEqual(agent.seen[0], parent)
        child = agent.seen[1]
        self.assertNotIn(child, others)
        why = self.why(daemon, child)
        self.assertEqual(why["reason"], "lent_slot")
        self.assertEqual(why["slot_lent_by"], parent)
        self.assertEqual(daemon.task(child)["parent"], parent)
        for task in others:
            self.assertEqual(daemon.wait(task)["state"], "succeeded")

    def test_child_may_still_borrow_after_a_restart(self):
        ended = threading.Event()

        def work(task, payload):
            if json.loads(payload).get("child"):
                ended.set()
                return 200, b'"child"'
            return 200, json.dumps(ended.wait(15)).encode()

        agent = self.agent(work)
        daemon = self.daemon(f"pools:\n  tree: {{ urls: [{agent.url}], slots: 1 }}\n")
        daemon.wait_agents("tree", 1)
        parent = daemon.submit("tree")
        daemon.wait_state(parent, "running")
        daemon.call("POST", "/v1/pools/tree/pause", {})
        child = daemon.submit("tree", {"child": True}, parent=parent, parent_waits=True,
                              size="3s")
        daemon.kill()
        daemon.start()
        self.assertEqual(daemon.wait(child)["state"], "succeeded")
        self.assertEqual(self.why(daemon, child)["reason"], "lent_slot")
        self.assertEqual(daemon.wait(parent)["state"], "succeeded")
        self.assertEqual(daemon.call("GET", f"/v1/tasks/{parent}/result").json, True)

    def test_as_prose(self):
        daemon = self.daemon(f"pools:\n  echo: {{ urls: [{self.agent().url}] }}\n")
        daemon.wait_agents("echo", 1)
        task = daemon.submit("echo")
        daemon.wait(task)
        run = subprocess.run(
            [harness.BALLAST, "why", str(task), "--url", f"http://127.0.0.1:{daemon.port}"],
            capture_output=True, text=True, timeout=20)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("1 capable agent, 1 with a free slot.\n", run.stdout)

    def test_scaling(self):
        worker = harness.HERE / "worker.py"
        daemon = self.daemon(
            "pools:\n"
            f"  work: {{ run: 'python3 {worker} --port {{port}} --log {self.folder}/log', "
            "max: 3 }\n")
        daemon.wait_agents("work", 1)
        daemon.call("POST", "/v1/pools/work/scale", {"agents": 2})
        daemon.wait_agents("work", 2)
        orders = daemon.get("/v1/orders")["orders"]
        reasons = [order["reason"] for order in orders]
        self.assertIn("scale_operator", reasons)
        why = daemon.get(f"/v1/why/{orders[reasons.index('scale_operator')]['id']}")
        self.assertEqual((why["agents_before"], why["agents_after"]), (1, 2))
        self.assertEqual(daemon.kill(signal.SIGTERM), 0)
        daemon.start()
        self.assertEqual(daemon.get("/v1/orders")["orders"][-len(orders):], orders)
        kept = daemon.get(f"/v1/why/{why['id']}")
        # How far it had come is as it was when something was last told of it.
        for member in ("state", "done_at", "judged_at", "came"):
            kept.pop(member), why.pop(member)
        self.assertEqual(kept, why)


if __name__ == "__main__":
    harness.main()
