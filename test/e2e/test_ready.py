#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From the decision to a local agent that takes tasks: at most a second, and the agent's own start.
The decision is the order's time as ballast keeps it; the own start is what the agent takes by
itself until it listens, measured by starting it by hand."""
import datetime
import re
import statistics
import subprocess
import sys
import time

import harness

OWN_S = 0.3  # the agent sleeps for so long before it listens
ROUNDS = 5
AGENT = f"""
import http.server, sys, time
time.sleep({OWN_S})
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    do_POST = do_GET
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("listens", flush=True)
server.serve_forever()
"""


class ReadyTest(harness.Case):
    def own_start(self, script):
        begun = time.monotonic()
        with subprocess.Popen([sys.executable, script, str(harness.free_port())],
                              stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            took = time.monotonic() - begun
            process.kill()
        return took

    def test_decision_to_ready(self):
        script = self.folder / "agent.py"
        script.write_text(AGENT)
        own = statistics.median(self.own_start(script) for _ in range(ROUNDS))
        daemon = self.daemon(
            f"pools: {{ a: {{ run: '{sys.executable} {script} {{port}}', min: 0,"
            f" max: {ROUNDS + 1}, ready: {{ path: / }}, scale: {{ strategy: fixed }} }} }}\n")
        spans = []
        for count in range(1, ROUNDS + 1):
            daemon.call("POST", "/v1/pools/a/scale", {"agents": count})
            harness.wait_until(lambda: [agent["state"] for agent in daemon.agents("a")] ==
                               ["ready"] * count, 10, f"{count} agents are ready")
            ready = time.time()
            order = daemon.get("/v1/pools/a")["last_order"]
            decided = daemon.get(f"/v1/why/{order}")["at"]
            spans.append(ready - instant(decided))
        over = [span - own for span in spans]
        print(f"decision to ready: {statistics.median(spans):.3f} s, of which the agent's own "
              f"start {own:.3f} s; the rest: median {statistics.median(over):.3f} s, "
              f"most {max(over):.3f} s")
        self.assertGreater(min(spans), OWN_S)
        self.assertLess(statistics.median(over), 1.0)


def instant(text):
    text = re.sub(r"(\.\d{6})\d*Z|Z$", r"\1+00:00", text)
    return datetime.datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    harness.main()
