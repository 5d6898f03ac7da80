#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a real agent uses, grows with it: its pool's CPU and memory are signals of the forecasts,
with the limit that they are held against, and so is the storage below the data directory."""
import shutil
import subprocess

import harness

CONFIG = """
pools:
  grow:
    run: "python3 %s {port}"
    min: 1
    max: 1
    resources: { memory: 4GiB }
"""
# Takes 48 MiB more with each task.
AGENT = """
import http.server, sys
held = []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/":
            held.append(bytearray(b"x") * (48 << 20))
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class ResourcesTest(harness.Case):
    def test_an_agent_that_grows(self):
        agent = self.folder / "agent.py"
        agent.write_text(AGENT)
        daemon = self.daemon(CONFIG % agent)

        def signals():
            return {row["signal"]: row for row in daemon.get("/v1/forecasts")["forecasts"]}

        def memory():
            return signals().get("memory/grow", {}).get("now", 0)

        harness.wait_until(lambda: memory() > 0 and "storage" in signals(), 40, signals)
        before = memory()
        for _ in range(3):
            daemon.wait(daemon.submit("grow", {}))
        harness.wait_until(lambda: memory() >= before + 140, 30, signals)
        seen = signals()
        self.assertEqual(seen["memory/grow"]["limit"], 4096)
        self.assertEqual(seen["memory/grow"]["pool"], "grow")
        self.assertIsNone(seen["memory/grow"]["exhaustion"]["likely_seconds"])
        self.assertEqual(seen["cpu/grow"]["unit"], "cores")
        disk = shutil.disk_usage(daemon.data)
        self.assertAlmostEqual(seen["storage"]["limit"], (disk.used + disk.free) / 2**20,
                               delta=0.01 * disk.total / 2**20)
        self.assertGreater(seen["data"]["now"], 0)
        self.assertNotIn("exhaustion", seen["data"])
        url = f"http://127.0.0.1:{daemon.port}"
        done = subprocess.run([harness.BALLAST, "forecast", "--url", url, "memory/grow"],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("stays below its limit of 4096 MiB", done.stdout)


if __name__ == "__main__":
    harness.main()
