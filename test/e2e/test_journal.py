#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon records replays to the same effects, step by step.

The load has everything in it that makes a core decide: agents that fail, say busy and die,
commands, leases, limits, children, cancels, deadlines, scaling, a reload, and lives before and
after kill -9.
"""
import json
import os
import re
import signal
import subprocess
import time

import harness

CONFIG = """
journal: true
limits:
  shared: { running: 3, starts: 600/min }
tenants:
  small: { weight: 2, running: 2 }
pools:
  web: { urls: [%s], slots: 4, retry: { attempts: 4, backoff_max: 2s } }
  grown:
    run: "python3 %s --port {port} --log %s/agents.log --seconds 0.02"
    min: 1
    max: 3
    scale: { up: { for: 1s, cooldown: 1s }, down: { for: 1s, cooldown: 1s } }
  pair: { run: "python3 %s {port}", slots: 4, min: 2, max: 2 }
  cmd:
    command: "%s"
    max: 3
    uses: [shared]
    retry: { for: [lost, exit 75], attempts: 2, backoff_max: 2s }
  desk: { lease: true }
"""
SCRIPT = """#!/bin/sh
read -r payload
case $payload in *again*) exit 75;; *bad*) exit 1;; esac
sleep 0.05
echo "$payload"
"""

# Two agents of one pool of which one is slow: a choice between them shows what was learned.
UNEVEN = """
import os, sys
folder, worker = {folder!r}, {worker!r}
try:
    os.close(os.open(folder + "/slow", os.O_CREAT | os.O_EXCL))
    seconds = "0.2"
except FileExistsError:
    seconds = "0.01"
os.execv(sys.executable, [sys.executable, worker, "--port", sys.argv[1], "--seconds", seconds,
                          "--log", folder + "/pair.log"])
"""

seen = set()


def moody(task, payload):
    """Succeeds, fails, says busy, or falls over, by what the payload says."""
    word = json.loads(payload).get("do", "")
    if word == "fail":
        return 400, b"no"
    if word == "busy" and task not in seen:
        seen.add(task)
        return 503, b"", {"Retry-After": "1"}
    if word == "break":
        return 500, b"broken"
    return 200, b'"done"'


class JournalTest(harness.Case):
    def replay(self, path, *options):
        return subprocess.run([harness.BALLAST, "replay", *options, str(path)],
                              capture_output=True, text=True, timeout=120)

    def load(self, daemon):
        words = ("", "fail", "busy", "break")
        tasks = [daemon.submit("web", {"do": words[n % 4]}, priority=("high", "low")[n % 2],
                               tenant=("small", "default")[n % 3 == 0], conversation=f"c{n % 5}")
                 for n in range(40)]
        # Those that break are held back by the budget of retries: nobody waits for them here.
        tasks = [task for n, task in enumerate(tasks) if words[n % 4] != "break"]
        tasks += [daemon.submit("cmd", word) for word in ("one", "again", "bad", "two", "three")]
        tasks += [daemon.submit("grown", {"seconds": 0.1}) for _ in range(30)]
        for _ in range(8):
            pair = daemon.submit("pair", {})
            daemon.wait(pair)
        for n in range(2):
            daemon.submit("desk", {"n": n})
        lease = daemon.call("POST", "/v1/lease", {"pool": "desk", "worker": "w", "ttl": "60s"}).json
        daemon.call("POST", f"/v1/leases/{lease['lease']}/ack", {"result": 1})
        lost = daemon.call("POST", "/v1/lease", {"pool": "desk", "worker": f"lost{tasks[0]}",
                                               "ttl": "1s", "wait": "5s"}).json
        parent = daemon.submit("grown", {"seconds": 0.5})
        tasks.append(daemon.submit("grown", {}, parent=parent, parent_waits=True))
        daemon.call("DELETE", f"/v1/tasks/{daemon.submit('desk', {'n': 3})}")
        late = daemon.submit("desk", {"n": 4}, deadline="1s")
        return tasks + [parent, late], lost["task"]

    def test_replay_of_what_the_daemon_recorded(self):
        web = self.agent(moody)
        flaky = self.agent(moody)
        script = self.folder / "command.sh"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        worker = harness.HERE / "worker.py"
        uneven = self.folder / "uneven.py"
        uneven.write_text(UNEVEN.format(folder=str(self.folder), worker=str(worker)))
        daemon = self.daemon(CONFIG % (f"{web.url}, {flaky.url}", worker, self.folder, uneven,
                                       script))
        daemon.wait_agents("pair", 2)
        self.load(daemon)
        time.sleep(0.3)
        daemon.kill()
        daemon.start()
        tasks, lost = self.load(daemon)
        flaky.close()
        self.agents_here.remove(flaky)
        for task in tasks:
            daemon.wait(task, 60)
        daemon.call("POST", "/v1/pools/grown/scale", {"agents": 3})
        daemon.call("POST", "/v1/pools/grown/pause", {})
        daemon.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "read again" in daemon.log(), 10, "it reloads")
        harness.wait_until(lambda: daemon.task(lost)["attempts"], 20, "the lease runs out")
        self.assertEqual(daemon.kill(signal.SIGTERM), 0)
        # With what was learned before, which does not come in as events.
        daemon.start()
        more, _ = self.load(daemon)
        for task in more[30:]:
            daemon.wait(task, 60)
        self.assertEqual(daemon.kill(signal.SIGTERM), 0)

        segments = sorted((daemon.data / "journal").iterdir())
        self.assertGreaterEqual(len(segments), 3, "one for each life at least")
        events, prose = 0, ""
        for segment in segments:
            found = self.replay(segment)
            self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
            self.assertIn("every step the same", found.stdout)
            events += int(re.search(r"(\d+) events", found.stdout)[1])
            prose += self.replay(segment, "--print").stdout
            changed = self.replay(segment, "--with", "weight_load=0", "--json")
            self.assertEqual(changed.returncode, 0, changed.stdout + changed.stderr)
            runs = json.loads(changed.stdout)
            self.assertEqual(runs["as_it_is"]["tasks"], runs["changed"]["tasks"])
        print(f"{len(segments)} segments, {events} events, every step the same")
        self.assertGreater(events, 500)
        for words in ("dispatch", "lease", "retry"):
            self.assertIn(words, prose)

    def test_a_changed_record_is_noticed(self):
        agent = self.agent()
        daemon = self.daemon(f"journal: true\npools: {{ web: {{ urls: [{agent.url}] }} }}\n")
        for _ in range(20):
            daemon.wait(daemon.submit("web", {}))
        daemon.kill(signal.SIGTERM)
        segment = next((daemon.data / "journal").iterdir())
        whole = int(re.search(r"(\d+) events", self.replay(segment).stdout)[1])
        bytes_read = bytearray(segment.read_bytes())
        bytes_read[-200] ^= 1
        segment.write_bytes(bytes_read)
        found = self.replay(segment)
        self.assertIn("torn end were left out", found.stdout, found)
        self.assertLess(int(re.search(r"(\d+) events", found.stdout)[1]), whole)


if __name__ == "__main__":
    os.umask(0o077)
    harness.main()
