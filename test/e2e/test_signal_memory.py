#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What it takes to remember twenty signals of each of a thousand agents: not more than 96 MiB above
the daemon that has nothing to do. The agents are workers that ask for work and report through the
API, until every page that their past needs has been touched."""
import http.client
import json
import pathlib
import time

import harness

AGENTS, SIGNALS, ROUNDS = 1000, 20, 4
KIB_MAX = 96 * 1024
CONFIG = "pools: { work: { lease: true } }"
REPORT = {name: 1000 + at for at, name in enumerate(
    "heap_bytes gc_count gc_pause_ns cache_hit_permille pool_use_permille database_calls "
    "database_time_ns conversation_bytes external_calls external_errors external_time_ns "
    "requests_running requests_waiting requests_ended preemptions kv_cache_permille tokens_read "
    "tokens_generated token_first_ns token_next_ns".split())}


def memory_kib(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(f"no {field}")


class Client:
    """One kept connection: thousands of small calls."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, path, body):
        self.connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


class SignalMemoryTest(harness.Case):
    def shown(self, daemon, what, before=None):
        rss, pss = (memory_kib(daemon.process.pid, field) for field in ("Rss", "Pss"))
        above = "" if before is None else f", {(pss - before) / 1024:.1f} MiB above"
        print(f"{what}: RSS {rss / 1024:.1f} MiB, PSS {pss / 1024:.1f} MiB{above}")
        return pss

    def test_memory(self):
        self.assertEqual(len(REPORT), SIGNALS)
        daemon = self.daemon(CONFIG)
        time.sleep(2)
        idle = self.shown(daemon, "idle")
        client = Client(daemon.port)
        self.addCleanup(client.connection.close)
        for at in range(AGENTS):
            status, _ = client.post("/v1/lease", json.dumps(
                {"pool": "work", "worker": f"worker-{at}", "wait": "0s"}))
            self.assertEqual(status, 204)
        agents = [agent["id"] for agent in daemon.agents("work")]
        self.assertEqual(len(agents), AGENTS)
        self.shown(daemon, f"{AGENTS} agents", idle)
        begun, spent = time.monotonic(), daemon.cpu_seconds()
        for at in range(ROUNDS):
            report = json.dumps({name: value * (at + 1) for name, value in REPORT.items()})
            for agent in agents:
                status, answer = client.post(f"/v1/agents/{agent}/signals", report)
                self.assertEqual((status, json.loads(answer)["taken"]), (200, SIGNALS))
            # The next round closes slots: one of 5 s at least lies between two of them.
            time.sleep(max(0, 6 - (time.monotonic() - begun)))
            begun = time.monotonic()
        spent = daemon.cpu_seconds() - spent
        above = self.shown(daemon, f"{AGENTS} agents x {SIGNALS} signals", idle) - idle
        count = AGENTS * SIGNALS * ROUNDS
        print(f"{spent / count * 1e6:.2f} us of CPU a reported value, HTTP and all")
        listed = daemon.get("/v1/signals?subject=agent")
        self.assertGreaterEqual(len(listed["signals"]), AGENTS * SIGNALS)
        self.assertEqual(listed["dropped"], 0)
        slots = daemon.get(f"/v1/signals/window?subject=agent&name={listed['signals'][0]['name']}"
                           "&signal=heap_bytes&since=5m")["slots"]
        self.assertGreaterEqual(sum(slot["count"] != 0 for slot in slots), ROUNDS - 1)
        self.assertLessEqual(above, KIB_MAX)


if __name__ == "__main__":
    harness.main()
