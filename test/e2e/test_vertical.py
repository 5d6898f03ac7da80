#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vertical scaling for real: agents in control groups whose limits change while they run.

Needs root and control groups, else it is skipped with a line that says so. Sustain times are a few
seconds here (knobs), everything else is as it is by default.
"""
import os
import pathlib
import shutil
import threading
import time

import harness

PROGRAM = pathlib.Path(__file__).resolve().parent / "vertical_agent.py"
MIB = 1 << 20
KNOBS = "  vertical_sustain: 4s\n  vertical_cooldown: 6s\n"


def config(pool, host="{cpu: 2 cores, memory: 4GiB}", knobs=KNOBS):
    return (f"knobs:\n{knobs}host: {host}\npools:\n  work:\n"
            f"    run: python3 -u AGENT {{port}}\n{pool}")


class VerticalTest(harness.Case):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("limits of running agents need root")
        super().setUp()
        # Named below the test's folder, so that what it leaves behind is found.
        self.program = self.folder / "agent.py"
        shutil.copy(PROGRAM, self.program)

    def start(self, text):
        daemon = self.daemon(text.replace("AGENT", str(self.program)))
        if "without resource limits" in daemon.log():
            self.skipTest("there are no control groups here to divide")
        return daemon

    def limits(self, daemon):
        return {agent["name"]: agent.get("limits", {}) for agent in daemon.agents("work")}

    def orders(self, daemon, reason):
        return [order for order in daemon.get("/v1/orders")["orders"]
                if order["reason"] == reason]

    def test_a_burner_gets_more_and_it_takes_effect_within_a_second(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 1\n    max: 1\n    vertical: on\n    cpu_max: 800m\n"
            "    resources: {cpu: 200m, memory: 256MiB}\n"))
        agent = daemon.wait_agents("work", 1)[0]
        self.assertEqual(agent["limits"]["cpu"], 0.2)
        progress = pathlib.Path(self.folder) / "progress"
        task = daemon.submit("work", {"burn_s": 40, "progress": str(progress)})
        harness.wait_until(lambda: self.limits(daemon)["work-1"]["cpu"] > 0.2, 30,
                           "the quota is raised")
        time.sleep(2)
        order = self.orders(daemon, "resize_cpu")[-1]
        resize = order["resize"]
        self.assertEqual((resize["cpu_before"], resize["cpu_after"]), (0.2, 0.4))
        self.assertEqual(order["reason"], "resize_cpu")
        # What it did itself, in steps per second of real time, before and after the order.
        before, after, delay = harness_speed(progress, order["at"])
        print(f"work per second {before:.0f} before, {after:.0f} after, within {delay:.1f} s")
        self.assertGreater(after, 1.5 * before)
        self.assertLessEqual(delay, 1.0)
        # On to its most, not beyond.
        harness.wait_until(lambda: self.limits(daemon)["work-1"]["cpu"] == 0.8, 40,
                           "the second raise")
        harness.wait_until(
            lambda: self.limits(daemon)["work-1"].get("hold") == "hold_ceiling", 30,
            lambda: f"it holds at its most: {self.limits(daemon)}")
        self.assertEqual(daemon.call("DELETE", f"/v1/tasks/{task}").status // 100, 2)

    def test_growth_is_raised_before_the_kernel_ends_it(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 1\n    max: 1\n    vertical: on\n    memory_max: 1GiB\n"
            "    resources: {memory: 128MiB}\n"))
        daemon.wait_agents("work", 1)
        # 200 MiB more than the limit allows, at 6 MiB a second.
        task = daemon.submit("work", {"grow_mib": 200, "mib_s": 6})
        ended = daemon.wait(task, 90)
        self.assertEqual(ended["state"], "succeeded", ended)
        self.assertEqual(ended["attempt"], 1)
        agent = daemon.agents("work")[0]
        self.assertGreaterEqual(agent["limits"]["memory"], 192 * MIB)
        self.assertEqual(agent["failed"], 0)
        self.assertTrue(self.orders(daemon, "resize_memory"))

    def test_a_leak_is_replaced_and_no_task_is_lost(self):
        daemon = self.start(config(
            "    slots: 2\n    min: 1\n    max: 1\n    vertical: on\n    memory_max: 160MiB\n"
            "    resources: {memory: 64MiB}\n"))
        first = daemon.wait_agents("work", 1)[0]["id"]
        tasks, stop = [], threading.Event()

        def feed():
            while not stop.is_set():
                tasks.append(daemon.submit("work", {"leak_mib": 1, "busy_s": 0.5}))
                time.sleep(0.4)

        feeder = threading.Thread(target=feed)
        feeder.start()
        try:
            harness.wait_until(lambda: self.orders(daemon, "restart_leak"), 100,
                               lambda: f"the leak is found: {self.limits(daemon)}")
            harness.wait_until(
                lambda: first not in [agent["id"] for agent in daemon.agents("work")], 60,
                "the old agent is gone")
        finally:
            stop.set()
            feeder.join()
        ended = [daemon.wait(task, 30) for task in tasks]
        self.assertEqual({task["state"] for task in ended}, {"succeeded"})
        self.assertEqual({task["attempt"] for task in ended}, {1})
        order = self.orders(daemon, "restart_leak")[0]
        why = daemon.get(f"/v1/why/{order['id']}")
        self.assertEqual(why["resize"]["agent"], first)
        print(f"{len(tasks)} tasks, all succeeded at their first attempt")

    def test_budgets_are_never_exceeded(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 3\n    max: 3\n    vertical: on\n    cpu_total: 500m\n"
            "    resources: {cpu: 100m}\n", host="{cpu: 450m, memory: 1GiB}"))
        daemon.wait_agents("work", 3)
        for _ in range(3):
            daemon.submit("work", {"burn_s": 40})
        most, end = 0, time.monotonic() + 30
        held = set()
        while time.monotonic() < end:
            agents = self.limits(daemon).values()
            most = max(most, sum(agent["cpu"] for agent in agents))
            held |= {agent.get("hold") for agent in agents}
            time.sleep(0.1)
        print(f"at most {most:.2f} cores together of 0.45; held: {sorted(filter(None, held))}")
        self.assertLessEqual(most, 0.4501)
        self.assertGreater(most, 0.35)
        self.assertIn("hold_budget", held)

    def test_advice_changes_nothing(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 1\n    max: 1\n    vertical: advise\n"
            "    resources: {cpu: 200m}\n"))
        daemon.wait_agents("work", 1)
        daemon.submit("work", {"burn_s": 20})
        order = harness.wait_until(lambda: self.orders(daemon, "resize_cpu"), 30, "advice")[0]
        self.assertEqual(order["resize"]["state"], "advised")
        self.assertEqual(self.limits(daemon)["work-1"]["cpu"], 0.2)
        self.assertEqual(self.limits(daemon)["work-1"]["hold"], "advised")

    def test_affinity_binds(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 1\n    max: 1\n    affinity: \"0\"\n"))
        agent = daemon.wait_agents("work", 1)[0]
        status = pathlib.Path(f"/proc/{agent['pid']}/status").read_text()
        self.assertIn("Cpus_allowed_list:\t0\n", status)

    def test_limits_outlive_the_daemon(self):
        daemon = self.start(config(
            "    slots: 1\n    min: 1\n    max: 1\n    vertical: on\n"
            "    resources: {cpu: 200m}\n"))
        daemon.wait_agents("work", 1)
        daemon.submit("work", {"burn_s": 60})
        harness.wait_until(lambda: self.limits(daemon)["work-1"]["cpu"] == 0.4, 30, "a raise")
        daemon.kill()
        daemon.start()
        daemon.wait_agents("work", 1)
        self.assertEqual(self.limits(daemon)["work-1"]["cpu"], 0.4)
        self.assertEqual(self.limits(daemon)["work-1"]["cpu_at_start"], 0.2)


def harness_speed(path, at):
    """Work per second before the order and from half a second after it on, and within which time
    the speed had risen by half: from the agent's own notes, each with the wall clock."""
    notes = [tuple(map(float, line.split())) for line in path.read_text().splitlines()
             if len(line.split()) == 2]
    at = time_of(at)

    def speed(begin, end):
        inside = [note for note in notes if begin <= note[0] <= end]
        return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])

    before = speed(at - 4, at)
    after = speed(at + 0.3, at + 2)
    for tenth in range(1, 21):
        if speed(at, at + tenth / 10) >= 1.5 * before and tenth >= 3:
            return before, after, tenth / 10
    return before, after, 99.0


def time_of(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    harness.main()
