#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP agent for test_vertical.py: burns a processor and notes how far it came, or takes memory
and keeps or frees it. Port as its argument."""
import http.server
import json
import sys
import time

kept = []


def touch(mib):
    block = bytearray(mib << 20)
    for at in range(0, len(block), 4096):
        block[at] = 1
    return block


def burn(seconds, path):
    """Steps of a millisecond or so of pure work; a note every tenth of a second."""
    end, steps, noted = time.time() + seconds, 0, 0
    notes = open(path, "a", buffering=1) if path else None
    while time.time() < end:
        sum(range(20000))
        steps += 1
        now = time.time()
        if notes and now - noted >= 0.02:
            notes.write(f"{now:.4f} {steps}\n")
            noted = now


def grow(mib, mib_s):
    blocks = []
    for _ in range(mib):
        blocks.append(touch(1))
        time.sleep(1 / mib_s)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer()

    def do_POST(self):
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if payload.get("burn_s"):
            burn(payload["burn_s"], payload.get("progress"))
        if payload.get("grow_mib"):
            grow(payload["grow_mib"], payload["mib_s"])
        if payload.get("leak_mib"):
            kept.append(touch(payload["leak_mib"]))
        time.sleep(payload.get("busy_s", 0))
        self.answer()

    def answer(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
