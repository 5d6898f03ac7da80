#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Access tokens: who may do what, from the first one made to the last one taken away."""
import hashlib
import json
import os
import stat
import subprocess
import time

import harness

CONFIG = "pools: { work: { lease: true } }\n"


class TokensTest(harness.Case):
    def token(self, daemon, *words, code=0, **environment):
        run = subprocess.run(
            [harness.BALLAST, "token", *words, "--file", str(daemon.data / "tokens")],
            capture_output=True, text=True, timeout=20, env=dict(os.environ, **environment))
        self.assertEqual(run.returncode, code, run.stderr)
        return (run.stdout if code == 0 else run.stderr).strip()

    def status(self, daemon, method, path, token, body=None):
        fields = {} if token is None else {"Authorization": f"Bearer {token}"}
        return daemon.call(method, path, body, fields).status

    def in_force(self, daemon, path="/v1/tasks", token=None, status=401):
        harness.wait_until(lambda: self.status(daemon, "GET", path, token) == status, 5,
                           f"{path} is answered {status}")

    def test_roles(self):
        daemon = self.daemon(CONFIG)
        self.assertEqual(self.status(daemon, "GET", "/v1/tasks", None), 200)
        tokens = {role: self.token(daemon, "create", "--role", role, "--name", f"the {role}")
                  for role in ("read", "submit", "agent", "admin", "read,agent")}
        self.in_force(daemon)
        task = {"kind": "work"}
        calls = (("GET", "/v1/tasks", None, {"read", "submit", "admin", "read,agent"}),
                 ("POST", "/v1/tasks", task, {"submit", "admin"}),
                 ("DELETE", "/v1/tasks/1", None, {"submit", "admin"}),
                 ("POST", "/v1/lease", {"pool": "work", "worker": "w"},
                  {"agent", "admin", "read,agent"}),
                 ("POST", "/v1/pools/work/pause", {}, {"admin"}),
                 ("GET", "/metrics", None, {"read", "submit", "admin", "read,agent"}))
        for method, path, body, allowed in calls:
            for role, token in tokens.items():
                status = self.status(daemon, method, path, token, body)
                self.assertEqual(status != 403, role in allowed, (method, path, role, status))
                self.assertNotEqual(status, 401)
            for token in (None, "", "nope", tokens["admin"] + "x", tokens["admin"][:-1],
                          f"nope, Bearer {tokens['admin']}"):
                self.assertEqual(self.status(daemon, method, path, token, body), 401, token)
        for path in ("/livez", "/readyz", "/version", "/openapi.json"):
            self.assertEqual(self.status(daemon, "GET", path, None), 200)
        for path in ("/nothing", "/v1/agents/1/drain"):
            self.assertEqual(self.status(daemon, "GET", path, None), 401)
        self.assertEqual(self.status(daemon, "GET", "/nothing", tokens["agent"]), 404)
        answer = daemon.call("GET", "/v1/tasks")
        self.assertIn("Bearer", answer.headers["WWW-Authenticate"])
        self.assertEqual(answer.json["type"].rsplit("/", 1)[-1].rsplit(":", 1)[-1], "token")

        path = daemon.data / "tokens"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        kept = path.read_text() + daemon.log()
        for token in tokens.values():
            self.assertGreaterEqual(len(token), 40)
            self.assertNotIn(token, kept)
            self.assertIn(hashlib.sha256(token.encode()).hexdigest(), kept)

    def test_taken_away(self):
        daemon = self.daemon(CONFIG)
        token = self.token(daemon, "create", "--role", "admin")
        other = self.token(daemon, "create", "--role", "read", "--name", "other")
        self.in_force(daemon)
        listed = json.loads(self.token(daemon, "list", "--json"))
        self.assertEqual([(item["roles"], item["name"]) for item in listed],
                         [("admin", ""), ("read", "other")])
        self.assertEqual(self.status(daemon, "GET", "/v1/tasks", token), 200)
        self.token(daemon, "remove", listed[0]["id"])
        self.in_force(daemon, token=token)
        self.assertEqual(self.status(daemon, "GET", "/v1/tasks", other), 200)
        self.assertIn("no token 12345", self.token(daemon, "remove", "12345", code=1))
        # A bad file, and none at all, leave the last good one in force.
        path = daemon.data / "tokens"
        good = path.read_text()
        path.write_text("this is none\n")
        harness.wait_until(lambda: self.status(daemon, "GET", "/v1/tasks", other) == 200 and
                           "tokens:1: expected ID ROLES" in daemon.log(), 5, "it complains")
        path.unlink()
        time.sleep(1.1)
        self.in_force(daemon, token=other, status=200)
        self.in_force(daemon)
        path.write_text(good)
        path.chmod(0o644)
        daemon.kill()
        daemon.launch()
        self.assertEqual(daemon.process.wait(10), 3)
        self.assertIn("chmod 600", daemon.log())

    def test_another_address_needs_one(self):
        daemon = self.daemon(CONFIG, started=False)
        command = daemon.command
        daemon.command = lambda: command()[:-1] + [f"0.0.0.0:{daemon.port}"]
        daemon.launch()
        self.assertEqual(daemon.process.wait(10), 3)
        self.assertIn("ballast token create --role admin", daemon.log())
        token = self.token(daemon, "create", "--role", "submit")
        daemon.start()
        self.assertEqual(self.status(daemon, "GET", "/v1/tasks", None), 401)
        answer = daemon.call("GET", "/v1/tasks", None,
                             {"Host": "lb.example:80", "Authorization": f"Bearer {token}"})
        self.assertEqual(answer.status, 200)
        run = subprocess.run([harness.BALLAST, "submit", "work", "1"], capture_output=True,
                             text=True, timeout=20, env=dict(
                                 os.environ, BALLAST_TOKEN=token,
                                 BALLAST_URL=f"http://127.0.0.1:{daemon.port}"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.status(daemon, "GET", f"/v1/tasks/{run.stdout.strip()}", token), 200)

    def test_a_unix_socket_is_its_owners_alone(self):
        daemon = self.daemon(CONFIG, started=False)
        path = daemon.folder / "socket"
        command = daemon.command
        daemon.command = lambda: command()[:-1] + [f"unix:{path}"]
        self.token(daemon, "create", "--role", "read")
        daemon.launch()
        harness.wait_until(path.exists, 10, "it listens")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        run = subprocess.run([harness.BALLAST, "tasks", "--url", str(path)], capture_output=True,
                             text=True, timeout=20)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_words(self):
        daemon = self.daemon(CONFIG, started=False)
        for words, said in ((["create"], "--role wants"), (["create", "--role", "king"], "--role"),
                            (["create", "--role", "read", "--name", "a\nb"], "--name"),
                            (["make"], "usage"), ([], "usage")):
            self.assertIn(said, self.token(daemon, *words, code=2))
        self.assertIn("no tokens", self.token(daemon, "list"))

    def test_a_pipe_is_no_file(self):
        daemon = self.daemon(CONFIG, started=False)
        daemon.data.mkdir()
        os.mkfifo(daemon.data / "tokens", 0o600)
        for words in (("list",), ("create", "--role", "read"), ("remove", "1")):
            self.assertIn("is no file", self.token(daemon, *words, code=1))

    def test_a_full_file_stays_readable(self):
        daemon = self.daemon(CONFIG, started=False)
        line = f"{{:08x}} read {'0' * 64}\n"
        path = daemon.data / "tokens"
        path.parent.mkdir()
        path.write_text("# full\n" + "".join(line.format(i) for i in range(4095)))
        path.chmod(0o600)
        self.token(daemon, "create", "--role", "read")
        self.assertIn("makes room", self.token(daemon, "create", "--role", "read", code=1))
        self.assertEqual(len(self.token(daemon, "list").splitlines()), 4096)
        self.token(daemon, "remove", "00000007")
        self.token(daemon, "create", "--role", "read")


if __name__ == "__main__":
    harness.main()
