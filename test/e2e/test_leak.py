#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real agent that leaks is found, with the time until its memory is used up; the one beside it
that allocates as much and frees it again is not. LEAK_MIB_MINUTE says how much it leaks: 16 is
found within ten minutes, 1 within half an hour."""
import os
import time

import harness

MIB_MINUTE = int(os.environ.get("LEAK_MIB_MINUTE", "16"))
LIMIT_MIB = 512 if MIB_MINUTE == 1 else 2048
WITHIN_S = 30 * 60 if MIB_MINUTE == 1 else 12 * 60
CONFIG = """
pools:
  leaks: { run: "python3 %(agent)s {port} %(rate)s keep", min: 1, max: 1,
    resources: { memory: %(limit)sMiB } }
  frees: { run: "python3 %(agent)s {port} %(rate)s free", min: 1, max: 1,
    resources: { memory: %(limit)sMiB } }
"""
# Takes `rate` MiB a minute, in pieces of 64 KiB; one that frees gives all back each two minutes.
AGENT = """
import http.server, mmap, sys, threading, time
PIECE = 64 << 10
def leak(rate, keeps):
    held, begun = [], time.monotonic()
    while True:
        due = int((time.monotonic() - begun) / 60 * rate * (1 << 20) / PIECE)
        while len(held) < due:
            held.append(mmap.mmap(-1, PIECE))
            held[-1].write(b"x" * PIECE)
        if not keeps and time.monotonic() - begun > 120:
            held.clear()
            begun = time.monotonic()
        time.sleep(0.2)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
threading.Thread(target=leak, args=(float(sys.argv[2]), sys.argv[3] == "keep"), daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class LeakTest(harness.Case):
    def test_a_leak_is_found(self):
        agent = self.folder / "agent.py"
        agent.write_text(AGENT)
        daemon = self.daemon(CONFIG % {"agent": agent, "rate": MIB_MINUTE, "limit": LIMIT_MIB})
        daemon.wait_agents("leaks", 1)
        daemon.wait_agents("frees", 1)
        begun = time.monotonic()

        def leaks():
            time.sleep(1)
            return [alert for alert in daemon.get("/v1/alerts")["alerts"]
                    if alert["rule"].startswith("leak")]
        found = harness.wait_until(leaks, WITHIN_S, lambda: daemon.get("/v1/forecasts"))
        took_s = time.monotonic() - begun
        memory = {row["signal"]: row for row in daemon.get("/v1/forecasts")["forecasts"]}
        left = memory["memory/leaks"]["exhaustion"]
        now_mib = memory["memory/leaks"]["now"]
        true_s = (LIMIT_MIB - now_mib) / MIB_MINUTE * 60
        print(f"{MIB_MINUTE} MiB a minute found after {took_s:.0f} s; exhaustion in "
              f"{left['likely_seconds']:.0f} s said, {true_s:.0f} s true")
        self.assertEqual([alert["pool"] for alert in found], ["leaks"])
        self.assertLess(abs(left["likely_seconds"] - true_s), 0.2 * true_s, left)
        self.assertIsNone(memory["memory/frees"]["exhaustion"]["likely_seconds"])


if __name__ == "__main__":
    harness.main()
