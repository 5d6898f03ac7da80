#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What agents say of themselves: exposed metrics that are looked at, signals that are pushed, and
all the nonsense that both may be."""
import itertools
import re
import subprocess
import threading
import time

import harness

CONFIG = """
journal: true
pools:
  vllm: { urls: ["%s"], slots: 2, metrics: { preset: vllm, every: 1s } }
  sglang: { urls: ["%s"], metrics: { preset: sglang, every: 1s } }
  mine:
    urls: ["%s"]
    metrics: { every: 1s, map: { "app:heap_used_bytes": heap_bytes, gc_seconds: gc_pause_ns } }
  plain: { urls: ["%s"] }
"""
VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_waiting{engine="0",model_name="m"} 4.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:prompt_tokens_total{engine="0",model_name="m"} %d.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} %d.5
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} %d.0
"""
BOMB = """
journal: true
pools:
  bomb: { urls: [%s], metrics: { preset: ballast, every: 1s } }
  started:
    run: "python3 %s --port {port} --log %s/agents.log --seconds 0.02"
    min: 1
    max: 3
    metrics: { preset: ballast, path: /metrics, every: 1s }
  people: { lease: true }
"""
REPORTABLE = ("heap_bytes gc_count gc_pause_ns cache_hit_permille pool_use_permille database_calls "
              "database_time_ns conversation_bytes external_calls external_errors external_time_ns "
              "satisfaction_permille requests_running requests_waiting requests_ended preemptions "
              "kv_cache_permille tokens_read tokens_generated token_first_ns "
              "token_next_ns").split()


class ReportedTest(harness.Case):
    def test_exposed(self):
        vllm, sglang, mine, plain = (self.agent() for _ in range(4))
        count = itertools.count(1)

        def growing():
            n = next(count)
            return (VLLM % (1000 * n, n, 2 * n)).encode()
        vllm.metrics = growing
        sglang.metrics = (b"sglang:num_running_reqs 5.0\nsglang:num_queue_reqs 6.0\n"
                          b"sglang:token_usage 0.5\nsglang:cache_hit_rate 0.75\n")
        mine.metrics = b"app:heap_used_bytes{area=\"old\"} 1000\napp:heap_used_bytes 24\n"
        daemon = self.daemon(CONFIG % (vllm.url, sglang.url, mine.url, plain.url))

        def seen(pool, word):
            return next(iter(daemon.agents(pool)), {}).get(word)
        harness.wait_until(lambda: seen("vllm", "tokens_read") == 1000, 15, daemon.agents)
        self.assertEqual(seen("vllm", "requests_running"), 3)
        self.assertEqual(seen("vllm", "requests_waiting"), 4)
        self.assertEqual(seen("vllm", "kv_cache_permille"), 250)
        self.assertEqual(seen("vllm", "token_first_ns"), 500_000_000)
        harness.wait_until(lambda: seen("sglang", "cache_hit_permille") == 750, 10, daemon.agents)
        self.assertEqual(seen("sglang", "requests_running"), 5)
        self.assertEqual(seen("sglang", "kv_cache_permille"), 500)
        harness.wait_until(lambda: seen("mine", "heap_bytes") == 1024, 10, daemon.agents)
        self.assertEqual(plain.looks, [])
        # The data plane: what went to the agents, and when their answers began.
        daemon.wait(daemon.submit("plain"))
        harness.wait_until(lambda: (seen("plain", "first_byte_ns") or 0) > 0, 5, daemon.agents)
        harness.wait_until(lambda: (seen("vllm", "bytes_in") or 0) > 0, 15, daemon.agents)
        self.assertGreater(seen("vllm", "bytes_out"), 0)
        self.assertGreaterEqual(seen("vllm", "connects_saved") + seen("vllm", "connects"), 5)
        # One that says nothing any more is absent, is said once, and works on.
        sglang.metrics = b"nothing of that\n"
        harness.wait_until(lambda: seen("sglang", "requests_running") is None, 10, daemon.agents)
        vllm.metrics = lambda: time.sleep(4) or b"vllm:num_requests_running 1\n"
        harness.wait_until(lambda: seen("vllm", "requests_running") is None, 10, daemon.agents)
        daemon.wait(daemon.submit("vllm"))
        self.assertEqual(daemon.log().count("its metrics are not seen"), 1, daemon.log())
        vllm.metrics = growing
        harness.wait_until(lambda: seen("vllm", "requests_running") == 3, 20, daemon.agents)
        self.assertIn("its metrics are seen again", daemon.log())
        # Once per second at most, and one at a time.
        gaps = [b - a for a, b in zip(vllm.looks, vllm.looks[1:])]
        self.assertGreater(min(gaps), 0.7, gaps)
        daemon.kill(15)
        prose = subprocess.run([harness.BALLAST, "replay", "--print",
                                *map(str, sorted((daemon.data / "journal").iterdir()))],
                               capture_output=True, text=True, timeout=60).stdout
        first = [int(n) for n in re.findall(r"kind \d+ sampled: task_first_byte_ns (\d+)", prose)]
        self.assertEqual(len(first), 2, prose[-2000:])
        self.assertGreater(min(first), 0)

    def test_nonsense(self):
        bomb, series, silent, strange = (self.agent() for _ in range(4))
        bomb.metrics = lambda: (b"x" * 65536 for _ in range(1600))
        series.metrics = lambda: (b"".join(b"ballast_heap_bytes{a=\"%d\"} 1\n" % n for n in
                                  range(block, block + 1000)) for block in range(0, 10**6, 1000))
        silent.metrics = lambda: time.sleep(600) or b""
        strange.metrics = b"".join(
            b"ballast_%s %s\n" % (name.encode(), value) for name, value in zip(
                REPORTABLE, itertools.cycle((b"NaN", b"+Inf", b"-Inf", b"-1", b"1e308", b"text",
                                             b"1e999", b"\xff\xfe", b""))))
        urls = ", ".join(f'"{agent.url}"' for agent in (bomb, series, silent, strange))
        daemon = self.daemon(BOMB % (urls, harness.HERE / "worker.py", self.folder))
        daemon.wait_agents("started", 1)
        answer = daemon.call("POST", "/v1/pools/started/scale", {"agents": 3})
        self.assertEqual(answer.status // 100, 2, answer)
        before = [agent["id"] for agent in daemon.wait_agents("started", 3)]
        idle_kib = daemon.memory_kib()
        long = '"' + "x" * 60000 + '"'
        bad = ("NaN", "Infinity", "-Infinity", "-1", "1e308", "1e999", '"12"', long,
               "null", "[]", "{}", "true", "-0.5", "18446744073709551615")
        every = daemon.get("/v1/agents")["agents"][0].keys() | set(REPORTABLE) | {
            "cpu", "memory", "memory_mib", "in_flight"}
        for agent in before:
            for name, value in itertools.product(sorted(every), bad):
                answer = daemon.call("POST", f"/v1/agents/{agent}/signals",
                                     '{"%s": %s}' % (name, value))
                taken = name in REPORTABLE and value in ("1e308", "18446744073709551615")
                self.assertEqual(answer.status, 200 if taken else 400, (name, value[:40], answer))
        for body in ("", "[]", "{", '{"heap_bytes": 1, "heap_bytes": 2}', "{}", "\0" * 60000):
            answer = daemon.call("POST", f"/v1/agents/{before[0]}/signals", body)
            self.assertEqual(answer.status, 400, answer)
        answer = daemon.call("POST", f"/v1/agents/{before[0]}/signals", "x" * 100_000)
        self.assertEqual(answer.status, 413)
        # Time for several looks at all of them.
        harness.wait_until(lambda: min(len(a.looks) for a in (bomb, series, strange)) >= 2, 60,
                           lambda: [len(a.looks) for a in (bomb, series, silent, strange)])
        said = {agent["address"]: agent for agent in daemon.agents("bomb")}
        of = {name: said[agent.url[7:]] for name, agent in
              (("bomb", bomb), ("series", series), ("silent", silent), ("strange", strange))}
        self.assertGreater(of["strange"]["reported_refused"], 0, of)
        self.assertGreater(of["strange"]["reported_clamped"], 0, of)
        for name in ("bomb", "series", "silent"):
            self.assertNotIn("heap_bytes", of[name])
        self.assertEqual([agent["id"] for agent in daemon.wait_agents("started", 3)], before)
        self.assertFalse([order for order in daemon.get("/v1/orders")["orders"]
                          if order.get("direction") in ("in", "down")])
        for agent in daemon.agents("started"):
            self.assertGreater(agent["reported_refused"], 100)
            self.assertGreater(agent["reported_clamped"], 10)
        self.assertLess(daemon.memory_kib(), idle_kib + 64 * 1024)

    def test_pushed(self):
        daemon = self.daemon("pools: { people: { lease: true } }")
        worker = {"pool": "people", "worker": "ann", "wait": "100ms"}
        answer = daemon.call("POST", "/v1/lease", worker)
        self.assertIn(answer.status, (200, 204), answer)
        agent = daemon.agents("people")[0]
        answer = daemon.call("POST", f"/v1/agents/{agent['name']}/signals",
                             {"heap_bytes": 5, "gc_count": 2.4, "kv_cache_permille": 1001})
        self.assertEqual(answer.json, {"taken": 3, "clamped": ["kv_cache_permille"]})
        agent = daemon.agents("people")[0]
        self.assertEqual((agent["heap_bytes"], agent["gc_count"], agent["kv_cache_permille"]),
                         (5, 2, 1000))
        self.assertEqual(agent["reported_clamped"], 1)
        answer = daemon.call("POST", f"/v1/agents/{agent['id']}/signals",
                             {"heap_bytes": 6, "heap_byte": 1})
        self.assertEqual(answer.status, 400)
        self.assertIn("did you mean", answer.json["detail"])
        self.assertEqual(daemon.agents("people")[0]["heap_bytes"], 5)  # all or nothing
        self.assertEqual(daemon.call("POST", "/v1/agents/77/signals", {"gc_count": 1}).status, 404)

    def test_feedback(self):
        agent = self.agent()
        daemon = self.daemon('journal: true\npools: { code: { urls: ["%s"] } }' % agent.url)
        ended = daemon.submit("code")
        daemon.wait(ended)

        def rate(task, body):
            return daemon.call("POST", f"/v1/tasks/{task}/feedback", body)
        for bad in ('{"satisfaction": 1.1}', '{"satisfaction": -0.1}', '{"satisfaction": NaN}',
                    '{"satisfaction": "1"}', '{"satisfaction": 1e308}', "{}", "[]",
                    '{"satisfied": 1}'):
            self.assertEqual(rate(ended, bad).status, 400, bad)
        self.assertEqual(rate(77, {"satisfaction": 1}).status, 404)
        self.assertEqual(rate(ended, {"satisfaction": 0.25}).status, 204)
        self.assertEqual(rate(ended, {"satisfaction": 1}).status, 409)
        gate = threading.Event()
        self.addCleanup(gate.set)
        slow = self.agent(lambda task, payload: gate.wait(20) and None or (200, b"1"))
        daemon.config_path.write_text(daemon.config_path.read_text().replace(agent.url, slow.url))
        self.assertEqual(daemon.call("POST", "/v1/reload").status // 100, 2)
        live = daemon.submit("code")
        harness.wait_until(lambda: slow.seen, 15, "the task runs")
        said = subprocess.run([harness.BALLAST, "feedback", live, "0.9", "--url",
                               f"http://127.0.0.1:{daemon.port}"], capture_output=True, text=True)
        self.assertEqual((said.returncode, said.stdout), (0, f"task {live} is rated\n"), said)
        gate.set()
        daemon.wait(live)
        time.sleep(0.3)  # a rating is no promise: it rides with the next commit
        daemon.kill()
        daemon.start()
        for task in (ended, live):
            self.assertEqual(rate(task, {"satisfaction": 1}).status, 409)
        daemon.kill(15)
        prose = subprocess.run([harness.BALLAST, "replay", "--print",
                                *map(str, sorted((daemon.data / "journal").iterdir()))],
                               capture_output=True, text=True, timeout=60).stdout
        self.assertEqual(re.findall(r"kind \d+ sampled: task_satisfaction_permille (\d+)", prose),
                         ["250", "900"])


if __name__ == "__main__":
    harness.main()
