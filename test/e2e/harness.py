# SPDX-License-Identifier: Apache-2.0
"""The real program under test: a daemon in a folder of its own, its API, and agents to talk to.

BALLAST names the program. Nothing here imitates a part of it. Every process that a test leads to
(agents and commands outlive the daemon) carries the test's folder in its command line or lives in
it, so that what a test leaves behind is found and ended.
"""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BALLAST = os.environ.get("BALLAST", str(HERE.parents[1] / "build" / "ballast"))
SHARED = os.environ.get("BALLAST_SHARED", "")
READY_S = 20
ENDED = ("succeeded", "failed", "dead", "cancelled", "expired", "refused")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(check, seconds, what):
    """Polls until check() is true and returns its value; `what` may be a function."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            what = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Daemon:
    """`ballast run` on a configuration, in a folder; may be killed and started again."""

    def __init__(self, folder, config, environment=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_path = self.folder / "log"
        self.config_path = self.folder / "ballast.yaml"
        self.config_path.write_text(config)
        self.environment = dict(os.environ, **(environment or {}))
        self.port = free_port()
        self.process = None

    def command(self):
        return [BALLAST, "run", str(self.config_path), "--data", str(self.data),
                "--listen", f"127.0.0.1:{self.port}"]

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            cwd=self.folder, env=self.environment)

    def start(self):
        """Starts it and returns the seconds until it was ready."""
        begun = time.monotonic()
        self.launch()
        wait_until(self.is_ready, READY_S, "the daemon is ready")
        return time.monotonic() - begun

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: {self.log()[-2000:]}")
        try:
            return self.call("GET", "/readyz", timeout=2).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait(20)

    def call(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            named = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, body, dict(named, **(headers or {})))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path):
        answer = self.call("GET", path)
        if answer.status != 200:
            raise AssertionError(f"GET {path}: {answer}")
        return answer.json

    def submit(self, kind, payload=None, **more):
        """Submits a task and returns its id."""
        answer = self.call("POST", "/v1/tasks", dict(more, kind=kind, payload=payload or {}))
        if answer.status != 202:
            raise AssertionError(f"submit {kind}: {answer}")
        return answer.json["id"]

    def task(self, task):
        return self.get(f"/v1/tasks/{task}")

    def wait(self, task, seconds=20):
        """The task when it has ended."""
        def ended():
            found = self.task(task)
            return found if found["state"] in ENDED else None
        return wait_until(ended, seconds, f"task {task} ends")

    def wait_state(self, task, state, seconds=10):
        return wait_until(lambda: self.task(task)["state"] == state, seconds,
                          f"task {task} is {state}")

    def agents(self, pool=None):
        return [agent for agent in self.get("/v1/agents")["agents"]
                if pool in (None, agent["pool"])]

    def wait_agents(self, pool, count, seconds=15):
        """That many agents of the pool are ready, and none is in another state."""
        def ready():
            states = [agent["state"] for agent in self.agents(pool)]
            return states == ["ready"] * count
        wait_until(ready, seconds, f"{count} agents of {pool} are ready")
        return self.agents(pool)

    def memory_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class HttpAgent:
    """An agent in this process. `work(task, payload)` returns (status, bytes) or (status, bytes,
    headers); `seen` has the task of every request in order, `fields` its head. What it exposes at
    /metrics is `metrics`: bytes, an iterable of chunks, or a function that returns either."""

    def __init__(self, work=lambda task, payload: (200, b'{"done":true}')):
        agent = self
        self.seen, self.fields = [], []
        self.metrics, self.looks = b"", []
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                if self.path != "/metrics":
                    self.answer(200, b"ok", {})
                    return
                agent.looks.append(time.monotonic())
                text = agent.metrics() if callable(agent.metrics) else agent.metrics
                if isinstance(text, bytes):
                    self.answer(200, text, {})
                    return
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                with contextlib.suppress(OSError):
                    for chunk in text:
                        self.wfile.write(chunk)

            def do_POST(self):
                payload = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                task = self.headers.get("Ballast-Task")
                if self.path.startswith("/ballast/"):
                    self.answer(204, b"", {})
                    return
                with agent.lock:
                    agent.seen.append(task)
                    agent.fields.append(self.headers)
                status, body, *more = work(task, payload)
                self.answer(status, body, more[0] if more else {})

            def answer(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                """A client that went away is no news here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Ends it like a machine that is switched off: what comes now is refused."""
        self.server.shutdown()
        self.server.server_close()


def processes_of(folder):
    """Processes with the folder in their command line or as working directory, but not our own."""
    wanted, found = os.fsencode(str(folder)), []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes()
            place = os.fsencode(os.readlink(entry / "cwd"))
        except OSError:
            continue
        if wanted in line or place.startswith(wanted):
            found.append(int(entry.name))
    return found


class Case(unittest.TestCase):
    """A test with a folder; what was started in it is ended afterwards."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ballast-e2e-"))
        self.daemons, self.agents_here = [], []
        self.addCleanup(self.clean_up)

    def daemon(self, config, started=True, environment=None):
        folder = self.folder / f"d{len(self.daemons)}"
        folder.mkdir()
        daemon = Daemon(folder, config, environment)
        self.daemons.append(daemon)
        if started:
            daemon.start()
        return daemon

    def agent(self, *work):
        agent = HttpAgent(*work)
        self.agents_here.append(agent)
        return agent

    def clean_up(self):
        for daemon in self.daemons:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
        outcome = getattr(self, "_outcome", None)
        if outcome and not getattr(outcome, "success", True):
            for daemon in self.daemons:
                print(f"--- log of {daemon.folder}\n{daemon.log()[-3000:]}", file=sys.stderr)
        for _ in range(50):
            left = processes_of(self.folder)
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                break
            time.sleep(0.02)
        for agent in self.agents_here:
            agent.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if not os.access(BALLAST, os.X_OK):
        print(f"there is no program at {BALLAST}")
        sys.exit(77)
    unittest.main(verbosity=2)
