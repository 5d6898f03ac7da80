# SPDX-License-Identifier: Apache-2.0
"""What the crash tests share: a data directory with a long queue that nobody serves."""
import json
import pathlib

import harness

CONFIG = (harness.HERE.parent / "fault" / "crash.yaml").read_text()
LINES = 5000


def prepare(case, count):
    """A daemon's data directory with `count` tasks in `parked`; returns it and their ids."""
    daemon = case.daemon(CONFIG)
    ids = set()
    for first in range(0, count, LINES):
        lines = "".join(json.dumps({"kind": "parked", "payload": {"n": n}}) + "\n"
                        for n in range(first, min(first + LINES, count)))
        answer = daemon.call("POST", "/v1/tasks", lines,
                             {"Content-Type": "application/x-ndjson"}, timeout=60)
        if answer.status != 200:
            raise AssertionError(f"preparing: {answer}")
        ids.update(accepted(answer))
    if len(ids) != count:
        raise AssertionError(f"{len(ids)} tasks were accepted, not {count}")
    daemon.kill()
    return pathlib.Path(daemon.data), ids


def accepted(answer):
    lines = [json.loads(line) for line in answer.body.splitlines()]
    return [line["id"] for line in lines if line["status"] == 202]


def listed(daemon, query):
    """{id: task} of the whole list, page by page."""
    found, before = {}, ""
    while True:
        page = daemon.get(f"/v1/tasks?limit=1000&{query}{before}")
        found.update((task["id"], task) for task in page["tasks"])
        if not page.get("next"):
            return found
        before = f"&before={page['next']}"
