#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of orders with real agents: later, on a condition, once, taken back, judged, advised."""
import subprocess
import time

import harness


class OrdersTest(harness.Case):
    def setUp(self):
        super().setUp()
        worker, log = harness.HERE / "worker.py", self.folder / "log"
        self.node = self.daemon(
            "knobs: { order_watch: 2s }\n"
            "pools:\n"
            f"  work: {{ run: 'python3 {worker} --port {{port}} --log {log} --seconds 0.3', "
            "slots: 2, min: 1, max: 4, price: 1 USD/h, scale: { strategy: fixed } }\n"
            f"  tip: {{ run: 'python3 {worker} --port {{port}} --log {log} --seconds 3', "
            "slots: 1, min: 1, max: 4, scale: { mode: advise, strategy: aggressive, "
            "up: { above: 50%, for: 1s, cooldown: 0s } } }\n")
        self.node.wait_agents("work", 1)

    def scale(self, status=200, **body):
        answer = self.node.call("POST", "/v1/pools/work/scale", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def orders(self, pool="work"):
        return self.node.get(f"/v1/orders?pool={pool}")

    def cli(self, *words):
        done = subprocess.run(
            [self.node.command()[0], *words, "--url", f"http://127.0.0.1:{self.node.port}"],
            capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done)
        return done.stdout

    def test_an_order_is_watched_and_judged(self):
        self.scale(agents=2)
        self.node.wait_agents("work", 2)
        order = self.orders()["orders"][0]
        self.assertEqual((order["reason"], order["agents_after"]), ("scale_operator", 2))
        self.assertEqual(order["price_predicted"], 1)

        def judged():
            return self.orders()["orders"][0]["verdict"] != "open"

        harness.wait_until(judged, 10, "a verdict")
        order = self.orders()["orders"][0]
        self.assertEqual((order["verdict"], order["state"]), ("helped", "closed"))
        self.assertEqual((order["asked"], order["came"]), (1, 1))
        self.assertGreater(order["after"]["agents"], 1.5)
        why = self.node.get(f"/v1/why/{order['id']}")
        self.assertEqual(why["verdict"], "helped")
        prose = self.cli("why", order["id"])
        self.assertIn("verdict: helped", prose)
        self.assertIn("1 of 1 agents came", prose)
        self.assertIn("after ", prose)
        lines = self.cli("pools", "work", "--history").splitlines()
        self.assertIn("helped", lines[1])
        self.assertLessEqual(max(len(line) for line in lines), 80)

    def test_later_and_once(self):
        held = self.scale(202, agents=3, key="monday", **{"in": "2s"})
        self.assertEqual((held["state"], held["timing"]), ("held", "scheduled"))
        self.assertEqual(self.scale(202, agents=3, key="monday", **{"in": "2s"})["id"], held["id"])
        self.assertEqual(len(self.orders()["held"]), 1)
        self.node.wait_agents("work", 3)
        self.assertEqual(self.orders()["held"], [])
        self.assertEqual(self.node.get(f"/v1/why/{held['id']}")["held_as"], held["id"])

    def test_on_a_condition_and_taken_back(self):
        held = self.scale(202, agents=2, when="waiting>3")
        gone = self.scale(202, agents=4, when="load>500%", **{"for": "1h"})
        self.assertEqual(gone["when"], "load>5.000")
        answer = self.node.call("DELETE", f"/v1/orders/{gone['id']}")
        self.assertEqual(answer.status, 204, answer)
        answer = self.node.call("DELETE", f"/v1/orders/{gone['id']}")
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual([order["id"] for order in self.orders()["held"]], [held["id"]])
        self.assertEqual(self.orders()["orders"][0]["state"], "cancelled")
        for _ in range(16):
            self.node.submit("work", {"seconds": 1})
        self.node.wait_agents("work", 2)

    def test_what_makes_no_sense(self):
        self.scale(422, agents=2, when="phase>3")
        self.scale(422, agents=2, when="load>1", **{"in": "2s"})
        self.scale(422, agents=2, at="tomorrow")
        self.scale(422, agents=2, **{"for": "2s"})

    def test_on_the_command_line(self):
        self.assertIn("waits", self.cli("scale", "work", "3", "--in", "1h", "--key", "once"))
        held = self.orders()["held"][0]["id"]
        self.assertIn(f"Order {held} waits", self.cli("why", held))
        history = self.cli("pools", "--history")
        self.assertIn(held, history)
        self.assertRegex(history, r"in (1h00m|59m)")
        self.assertIn("taken back", self.cli("scale", held, "--cancel"))
        self.assertEqual(self.orders()["held"], [])
        self.cli("scale", "work", "2")
        self.node.wait_agents("work", 2)

    def test_advice(self):
        self.node.wait_agents("tip", 1)
        for _ in range(4):
            self.node.submit("tip", {"seconds": 3})

        def advised():
            return any(order["state"] == "advice" for order in self.orders("tip")["orders"])

        harness.wait_until(advised, 10, "advice")
        time.sleep(1)
        self.assertEqual(len(self.node.agents("tip")), 1)
        self.assertEqual(self.node.get("/v1/pools/tip")["hold"], "hold_advise")


if __name__ == "__main__":
    harness.main()
