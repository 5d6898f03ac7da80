#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The folders of examples/, as a new user types them, and the commands around them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
PATIENCE_S = 60


class Examples(harness.Case):
    def example(self, name, *options, environment=None):
        """A daemon that runs in a copy of the example, with its configuration as it is written."""
        config = (EXAMPLES / name / "ballast.yaml").read_text()
        daemon = self.daemon(config, started=False, environment=environment)
        shutil.copytree(EXAMPLES / name, daemon.folder, dirs_exist_ok=True)
        command = daemon.command
        daemon.command = lambda: command() + list(options)
        return daemon

    def run_client(self, daemon, *words, code=0, stdin=None):
        """Runs a command; returns what it printed and what it said. Its exit code must be that."""
        done = subprocess.run(
            [harness.BALLAST, *words], cwd=daemon.folder, env=self.client_environment(daemon),
            input=stdin, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(code, done.returncode, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout, done.stderr

    def client_environment(self, daemon):
        return dict(os.environ, BALLAST_URL=f"http://127.0.0.1:{daemon.port}", NO_COLOR="1")

    def beside(self, daemon, *words):
        """Starts something that runs beside the test and is ended with it."""
        process = subprocess.Popen(words, cwd=daemon.folder, stderr=subprocess.DEVNULL,
                                   env=self.client_environment(daemon))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_http(self):
        daemon = self.example("http")
        daemon.start()
        out, _ = self.run_client(daemon, "submit", "coder", '{"issue":17}', "--wait")
        self.assertEqual({"patch": "fixes issue 17"}, json.loads(out))

        answer = daemon.call("POST", "/v1/tasks?wait=10m",
                             '{"kind":"coder","payload":{"issue":17}}')
        self.assertEqual(200, answer.status)
        self.assertEqual({"patch": "fixes issue 17"}, answer.json["result"])

        lines = (daemon.folder / "tasks.ndjson").read_text()
        ids = self.run_client(daemon, "submit", "-", stdin=lines)[0].split()
        self.assertEqual(4, len(set(ids)))
        results = [self.run_client(daemon, "wait", task)[0].strip() for task in ids]
        self.assertEqual({"patch": "fixes issue 1"}, json.loads(results[0]))
        self.assertEqual("what is known about: what is a queue", results[2])
        # Its pool had no agent before.
        self.assertEqual("2 lines look good", results[3])

        why, _ = self.run_client(daemon, "why", ids[2])
        for word in ("research-1", "load", "performance", "future", "efficiency",
                     "collaboration", "composite", "What would have changed it"):
            self.assertIn(word, why)

        _, error = self.run_client(daemon, "submit", "review", "{}", "--wait", code=1)
        self.assertIn("422", error)
        agents, _ = self.run_client(daemon, "agents")
        for name in ("coder-1", "research-1", "review-1"):
            self.assertIn(name, agents)

    def test_exec(self):
        daemon = self.example("exec")
        daemon.start()
        out, _ = self.run_client(daemon, "submit", "elsewhere", "{}", "--wait")
        self.assertEqual({"by": "elsewhere-1"}, json.loads(out))
        self.run_client(daemon, "scale", "elsewhere", "3")
        before = {agent["id"]: agent["address"]
                  for agent in daemon.wait_agents("elsewhere", 3, PATIENCE_S)}
        daemon.kill()
        daemon.start()
        self.assertEqual(before, {agent["id"]: agent["address"]
                                  for agent in daemon.wait_agents("elsewhere", 3, PATIENCE_S)})
        self.run_client(daemon, "scale", "elsewhere", "1")
        daemon.wait_agents("elsewhere", 1, PATIENCE_S)
        harness.wait_until(lambda: len(list((daemon.folder / "state").glob("i-*"))) == 1,
                           PATIENCE_S, "two instances are deleted")

    def repository(self, daemon):
        folder = daemon.folder / "repo"
        run = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-C", str(folder)]
        folder.mkdir()
        subprocess.run([*run, "init", "-q"], check=True)
        subprocess.run([*run, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
        return folder

    def test_command(self):
        daemon = self.example("command")
        repository = self.repository(daemon)
        daemon.environment["PATH"] = f"{daemon.folder}/bin:{os.environ['PATH']}"
        # The example's repository is /src/repo; ours is elsewhere.
        words = daemon.command() + ["--set", "pools.fixer.prepare="
                                    f"git -C {repository} worktree add {{workdir}}"]
        daemon.command = lambda: words
        daemon.start()

        out, error = self.run_client(
            daemon, "submit", "fixer", "--prompt", "Fix flaky test", "--follow")
        task = error.split("task ")[1].split()[0]
        self.assertEqual("done: Fix flaky test", out.splitlines()[0])
        self.assertIn("reading: Fix flaky test", error)
        self.assertIn("reading: Fix flaky test", self.run_client(daemon, "logs", task, "-f")[0])
        files, _ = self.run_client(daemon, "files", task)
        self.assertIn("fix.txt", files)
        self.assertEqual(1, len(list((repository / ".git" / "worktrees").iterdir())))

        # Exit 75 is named in retry.for, exit 3 is not.
        _, error = self.run_client(
            daemon, "submit", "fixer", "--prompt", "try again", "--wait")
        self.assertEqual(2, daemon.task(error.split("task ")[1].split()[0])["attempt"])
        _, error = self.run_client(
            daemon, "submit", "fixer", "--prompt", "broken", "--wait", code=1)
        self.assertEqual(1, daemon.task(error.split("task ")[1].split()[0])["attempt"])
        self.assertIn("cannot do that", error)

        task = self.run_client(daemon, "submit", "fixer", "--prompt", "slow")[0].strip()
        harness.wait_until(lambda: "a while" in self.run_client(daemon, "logs", task)[0], 10,
                           "the slow one runs")
        self.run_client(daemon, "cancel", task)
        daemon.wait_state(task, "cancelled")

    def test_lease(self):
        daemon = self.example("lease")
        daemon.start()
        self.beside(daemon, sys.executable, "worker.py")
        out, _ = self.run_client(daemon, "submit", "research", '{"q":"hello"}', "--wait")
        self.assertEqual("HELLO", json.loads(out))

    def test_work(self):
        """`ballast work` around a shell script, instead of a worker in Python."""
        script = ('read -r line; case $line in *no*) echo "cannot" >&2; exit 4;; esac; '
                  'printf %s "$line" | tr a-z A-Z')
        daemon = self.example("lease", "--set", "pools.research.retry={ attempts: 1 }")
        daemon.start()
        worker = self.beside(daemon, harness.BALLAST, "work", "--pool", "research",
                             "--count", "3", "--", "sh", "-c", script)
        out, _ = self.run_client(daemon, "submit", "research", '{"q":"hello"}', "--wait")
        self.assertEqual({"Q": "HELLO"}, json.loads(out))
        out, _ = self.run_client(daemon, "submit", "research", '"plain"', "--wait")
        self.assertEqual("PLAIN", json.loads(out))
        _, error = self.run_client(daemon, "submit", "research", '"no"', "--wait", code=1)
        self.assertIn("exit 4: cannot", error)
        self.assertEqual(0, worker.wait(PATIENCE_S))


if __name__ == "__main__":
    harness.main()
