#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ended tasks leave the store when it is nearly full or their retention is over: archived before
they are deleted, none lost between, none too young."""
import gzip
import json
import pathlib
import time

import harness

CONFIG = """
store:
%s
pools:
  work:
    urls: [%s]
    slots: 4
"""


def archived(folder):
    """Tasks in the archive by id, with how many times each is there."""
    tasks = {}
    for path in sorted(pathlib.Path(folder).glob("*.jsonl.gz")):
        for line in gzip.open(path, "rt"):
            row = json.loads(line)
            tasks.setdefault(row["task"]["id"], []).append(row)
    return tasks


class ArchiveTest(harness.Case):
    def start(self, store):
        agent = self.agent(lambda task, payload: (200, b'{"done":true}'))
        return self.daemon(CONFIG % (store, agent.url))

    def status(self, daemon):
        return daemon.get("/v1/status")["store"]

    def test_a_store_that_is_nearly_full(self):
        archive = self.folder / "archive"
        daemon = self.start(f"  max_bytes: 16MiB\n  archive: {archive}\n  keep: 2s")
        ids = []
        for n in range(160):
            ids.append(daemon.submit("work", {"n": n, "text": f"{n:06d}" * 17000}))
            time.sleep(0.05)
        harness.wait_until(lambda: self.status(daemon)["unfinished"] == 0, 30, "all have ended")
        harness.wait_until(lambda: self.status(daemon)["archive"]["deleted_since_start"] > 0, 60,
                           lambda: self.status(daemon))
        # Until it has looked again, and found that it is enough.
        status = harness.wait_until(
            lambda: (lambda s: s if s["phase"] == "idle" and
                     s["used_bytes"] < 0.85 * s["max_bytes"] else None)(
                self.status(daemon)["archive"]), 60, lambda: self.status(daemon))
        print(f"{status['used_bytes']} of {status['max_bytes']} bytes used")
        there = {task for task in ids if daemon.call("GET", f"/v1/tasks/{task}").status == 200}
        gone = set(ids) - there
        kept = archived(archive)
        print(f"{len(kept)} of {len(ids)} archived, {len(gone)} deleted")
        self.assertTrue(gone)
        self.assertLess(len(gone), len(ids))
        self.assertLessEqual(gone, set(kept))
        # The oldest ones, whole, each once.
        self.assertEqual(gone, set(sorted(ids, key=int)[:len(gone)]))
        for task, rows in kept.items():
            self.assertEqual(len(rows), 1)
            row = rows[0]
            self.assertEqual(row["task"]["state"], "succeeded")
            self.assertIn("done", str(row["task"]["result"]))
            self.assertEqual(len(row["payload"]["text"]), 6 * 17000)
        self.assertFalse(list(archive.glob("*.part")))

    def test_none_is_too_young(self):
        archive = self.folder / "archive"
        daemon = self.start(f"  max_bytes: 2MiB\n  archive: {archive}\n  keep: 1h")
        ids = [daemon.submit("work", {"text": "x" * 100000}) for _ in range(30)]
        for task in ids:
            daemon.wait(task)
        harness.wait_until(lambda: "nothing can be archived" in daemon.log(), 40, daemon.log)
        self.assertTrue(all(daemon.call("GET", f"/v1/tasks/{task}").status == 200
                            for task in ids))
        self.assertEqual(archived(archive), {})


if __name__ == "__main__":
    harness.main()
