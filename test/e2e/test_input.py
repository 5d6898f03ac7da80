#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input of every kind gets a clear answer and loses nothing."""
import http.client
import json
import os
import socket
import subprocess
import time

import harness
from harness import BALLAST

CONFIG = """
pools:
  echo: {{ urls: [{url}], slots: 2, offers: [python] }}
  parked: {{ lease: true, offers: [gpu] }}
queue: {{ max: 100, payload_max: 64KiB }}
"""


class ConfigurationTest(harness.Case):
    def run_file(self, text, *arguments):
        path = self.folder / "bad.yaml"
        path.write_text(text)
        return subprocess.run(
            [BALLAST, "run", str(path), "--data", str(self.folder / "data"),
             "--listen", f"127.0.0.1:{harness.free_port()}", *arguments],
            capture_output=True, text=True, timeout=20, cwd=self.folder)

    def refused(self, text, *words):
        for command in ("run", "check"):
            if command == "run":
                run = self.run_file(text)
            else:
                run = subprocess.run([BALLAST, "check", str(self.folder / "bad.yaml")],
                                     capture_output=True, text=True, timeout=20)
            self.assertEqual(run.returncode, 2, run.stderr)
            for word in words:
                self.assertIn(word, run.stderr)
            self.assertEqual(len(run.stderr.strip().splitlines()), 1, run.stderr)

    def test_init(self):
        """Into ./ballast.yaml, also when a shell has made that file; never over another one."""
        path = self.folder / "ballast.yaml"
        for kind in ("http", "command", "urls", "lease"):
            with open(path, "w", encoding="utf-8") as out:
                subprocess.run([BALLAST, "init", kind], cwd=self.folder, stdout=out, check=True)
            redirected = path.read_text()
            path.unlink()
            subprocess.run([BALLAST, "init", kind], cwd=self.folder, check=True,
                           stdout=subprocess.PIPE)
            self.assertEqual(path.read_text(), redirected)
            run = subprocess.run([BALLAST, "check"], cwd=self.folder, capture_output=True,
                                 text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("good, 1 pool", run.stdout)
        run = subprocess.run([BALLAST, "init", "http"], cwd=self.folder, capture_output=True,
                             text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("left alone", run.stderr)

    def test_unknown_key_has_place_and_suggestion(self):
        self.refused("pools:\n  echo:\n    lease: true\n    slotz: 2\n",
                     "bad.yaml:4:5:", "slotz", "slots")

    def test_duplicate_key(self):
        self.refused("pools:\n  a: { lease: true }\n  a: { lease: true }\n", "bad.yaml:3:3:")

    def test_wrong_type(self):
        self.refused("pools:\n  a: { lease: true, slots: many }\n", "bad.yaml:2:28:", "many")

    def test_wrong_unit(self):
        self.refused("pools:\n  a: { lease: true, timeout: 5 parsecs }\n", "bad.yaml:2:")

    def test_not_yaml(self):
        self.refused("pools: [unclosed\n", "bad.yaml:")

    def test_port_trap(self):
        self.refused("pools:\n  a: { run: [server, --port, {port}], max: 1 }\n", "bad.yaml:2:",
                     "{port}")

    def test_missing_file(self):
        run = subprocess.run([BALLAST, "run", str(self.folder / "none.yaml")],
                             capture_output=True, text=True, timeout=20)
        self.assertEqual(run.returncode, 2)
        self.assertIn("none.yaml", run.stderr)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            run = self.run_file("pools: { a: { lease: true } }", "--listen", f"127.0.0.1:{port}")
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn(str(port), run.stderr)
        self.assertIn("use", run.stderr)

    def test_data_directory_not_writable(self):
        # A file where the directory should be stops everybody, root included.
        (self.folder / "file").write_text("")
        for place in (self.folder / "file" / "data", self.folder / "file"):
            run = self.run_file("pools: { a: { lease: true } }", "--data", str(place))
            self.assertEqual(run.returncode, 3, run.stderr)
            self.assertIn(str(place), run.stderr)

    def test_data_directory_in_use(self):
        daemon = self.daemon("pools: { a: { lease: true } }")
        run = self.run_file("pools: { a: { lease: true } }", "--data", str(daemon.data))
        self.assertEqual(run.returncode, 3, run.stderr)
        self.assertIn(str(daemon.data), run.stderr)
        self.assertEqual(daemon.call("GET", "/readyz").status, 200)

    def test_bad_reload_leaves_the_old_one_in_force(self):
        daemon = self.daemon("pools: { a: { lease: true } }")
        task = daemon.submit("a")
        daemon.config_path.write_text("pools: { a: { lease: perhaps } }")
        answer = daemon.call("POST", "/v1/reload")
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("ballast.yaml:1:", answer.json["detail"])
        self.assertEqual(daemon.task(task)["state"], "queued")
        daemon.config_path.write_text("pools: { a: { lease: true }, b: { lease: true } }")
        self.assertIn(daemon.call("POST", "/v1/reload").status, (200, 204))
        daemon.submit("b")

    def test_missing_agent_command(self):
        daemon = self.daemon("pools:\n  gone: { run: '/nowhere/agent --port {port}', max: 1 }\n"
                             "  cmd: { command: /nowhere/command, max: 1 }\n")
        harness.wait_until(lambda: "/nowhere/agent" in daemon.log(), 10, "the log names it")
        task = daemon.wait(daemon.submit("cmd"))
        self.assertIn(task["state"], ("failed", "dead"))
        self.assertIn("/nowhere/command", task["error"])
        waiting = daemon.submit("gone")
        self.assertEqual(daemon.task(waiting)["state"], "queued")


class RequestTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.server = self.agent()
        self.served = self.daemon(CONFIG.format(url=self.server.url))

    def problem(self, status, answer, *words):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/problem+json")
        problem = answer.json
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["type"])
        for word in words:
            self.assertIn(word, problem["detail"] + json.dumps(problem))
        return problem

    def post(self, body, path="/v1/tasks", **headers):
        return self.served.call("POST", path, body, headers)

    def tearDown(self):
        # Whatever was refused, the daemon still does its work and knows of nothing else.
        task = self.served.wait(self.served.submit("echo", {"still": "here"}))
        self.assertEqual(task["state"], "succeeded")

    def test_bad_json(self):
        for body in ("{", '{"kind":"echo",}', "nonsense", "[1,2]", "5", '{"kind":"echo"} x',
                     '{"kind":"echo","kind":"echo"}', '{"kind":"echo","payload":"\ud800"}'
                     .encode("utf-8", "surrogatepass")):
            self.problem(400, self.post(body))

    def test_deep_json(self):
        self.problem(400, self.post('{"kind":"echo","payload":' + "[" * 5000 + "]" * 5000 + "}"))

    def test_unknown_field(self):
        self.problem(400, self.post({"kind": "echo", "payloda": {}}), "payloda", "payload")

    def test_wrong_types(self):
        for field, value in (("kind", 5), ("priority", "urgentest"), ("priority", 3),
                             ("tenant", ["a"]), ("deadline", "soon"), ("parent", "x"),
                             ("needs", "gpu"), ("attempts", 0)):
            self.problem(400, self.post({"kind": "echo", "payload": {}, field: value}), field)

    def test_no_kind(self):
        self.problem(400, self.post({"payload": {}}), "kind")

    def test_oversize_body(self):
        body = json.dumps({"kind": "echo", "payload": "x" * 70000})
        self.problem(413, self.post(body))

    def test_oversize_body_is_refused_before_it_is_sent(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=10)
        connection.putrequest("POST", "/v1/tasks")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(1 << 40))
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()

    def test_unknown_needs_name_the_nearest(self):
        answer = self.post({"kind": "echo", "payload": {}, "needs": {"tags": ["gpu"]}})
        problem = self.problem(422, answer, "gpu", "echo")
        nearest = problem["why"]["nearest"]
        self.assertIn({"pool": "echo", "missing": ["gpu"]}, nearest)
        self.assertEqual(problem["why"]["reason"], "refused_incapable")

    def test_unknown_kind(self):
        self.problem(422, self.post({"kind": "dance", "payload": {}}), "kind of task")

    def test_infeasible_deadline(self):
        slow = self.agent(lambda task, payload: (time.sleep(0.1), (200, b"{}"))[1])
        daemon = self.daemon(f"pools:\n  slow: {{ urls: [{slow.url}] }}\n")
        for task in [daemon.submit("slow") for _ in range(20)]:
            daemon.wait(task)
        # Learned: 0.1 s each. Sixty of them wait, so it is some six seconds.
        for _ in range(60):
            daemon.submit("slow")
        answer = daemon.call("POST", "/v1/tasks", {"kind": "slow", "deadline": "2s"})
        problem = self.problem(422, answer, "deadline")
        self.assertEqual(problem["why"]["reason"], "refused_deadline")
        self.assertGreater(problem["why"]["expected_wait"], 2)
        self.assertLess(problem["why"]["expected_wait"], 30)
        self.assertEqual(daemon.wait(daemon.submit("slow", deadline="5m"))["state"], "succeeded")

    def test_full_queue(self):
        answers = [self.post({"kind": "parked", "payload": {"n": n}}) for n in range(120)]
        taken = [answer for answer in answers if answer.status == 202]
        refused = [answer for answer in answers if answer.status != 202]
        self.assertLessEqual(len(taken), 100)
        self.assertTrue(refused)
        for answer in refused:
            self.problem(429, answer)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        for answer in taken:
            self.assertEqual(self.served.task(answer.json["id"])["state"], "queued")
            self.served.call("DELETE", f"/v1/tasks/{answer.json['id']}")
        for answer in taken:  # it counts until its end is on disk
            self.served.wait(answer.json["id"])

    def test_unknown_ids_and_paths(self):
        for path in ("/v1/tasks/1", "/v1/tasks/x", "/v1/nothing", "/v1/agents/9", "/v1/pools/no"):
            self.problem(404, self.served.call("GET", path))
        self.problem(405, self.served.call("PUT", "/v1/tasks", {}))

    def test_wrong_query(self):
        for query in ("limit=many", "state=happy", "limt=5", "limit=-1", "wait=1"):
            self.problem(400, self.served.call("GET", f"/v1/tasks?{query}"))

    def test_lines_with_a_bad_one(self):
        lines = '{"kind":"parked","payload":1}\n{"kind":\n{"kind":"parked","payload":3}\n'
        answer = self.post(lines, **{"Content-Type": "application/x-ndjson"})
        self.assertEqual(answer.status, 200, answer)
        answers = [json.loads(line) for line in answer.body.splitlines()]
        self.assertEqual([(line["line"], line["status"]) for line in answers],
                         [(1, 202), (2, 400), (3, 202)])
        self.assertIn("detail", answers[1]["problem"])


class AgentTest(harness.Case):
    def test_a_refusal_says_why(self):
        agent = self.agent(lambda *_: (400, b"no such model: \x1b[31mx\n" + b"y" * 500))
        daemon = self.daemon(f"pools: {{ echo: {{ urls: [{agent.url}] }} }}\n")
        found = daemon.wait(daemon.submit("echo"))
        self.assertEqual(found["state"], "failed")
        self.assertTrue(found["error"].startswith(
            "the agent answered 400 Bad Request: no such model: ?[31mx yyy"), found["error"])
        self.assertTrue(found["error"].endswith("y..."))
        self.assertLess(len(found["error"]), 300)

    def test_reload_changes_addresses(self):
        """One that is taken out finishes its task, one that is put in gets the next."""
        first, second = (self.agent(lambda *_: (time.sleep(1), (200, b"1"))[1]),
                         self.agent())
        config = "pools: {{ echo: {{ urls: [{}], slots: 1 }} }}\n"
        daemon = self.daemon(config.format(first.url))
        daemon.wait_agents("echo", 1)
        running = daemon.submit("echo")
        daemon.wait_state(running, "running")
        daemon.config_path.write_text(config.format(second.url))
        self.assertEqual(daemon.call("POST", "/v1/reload").status, 200)
        task = daemon.submit("echo")
        self.assertEqual(daemon.wait(task)["agent"], second.url)
        self.assertEqual(daemon.wait(running)["agent"], first.url)
        self.assertEqual(daemon.task(running)["attempt"], 1)
        harness.wait_until(lambda: [agent["name"] for agent in daemon.agents()] == [second.url],
                           5, "the first is gone")
        daemon.config_path.write_text(config.format(f"{second.url}, {first.url}"))
        daemon.call("POST", "/v1/reload")
        daemon.wait_agents("echo", 2)

    def test_key_of_a_pool(self):
        agent = self.agent()
        key = self.folder / "key"
        key.write_text("open-sesame\n")
        key.chmod(0o600)
        daemon = self.daemon(
            f"pools: {{ echo: {{ urls: [{agent.url}], api_key_file: {key} }} }}\n")
        daemon.wait(daemon.submit("echo"))
        self.assertEqual(agent.fields[0]["Authorization"], "Bearer open-sesame")
        daemon.kill()
        for change, words in ((lambda: key.chmod(0o644), "chmod 600"),
                              (lambda: (key.chmod(0o600), key.write_text("two\nlines\n")),
                               "one line"),
                              (key.unlink, "cannot be read")):
            change()
            daemon.launch()
            self.assertEqual(daemon.process.wait(10), 3)
            self.assertIn(words, daemon.log())
        self.assertNotIn("sesame", daemon.log())


if __name__ == "__main__":
    harness.main()
