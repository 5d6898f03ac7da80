#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""worker.py --port N --log FILE [--seconds S]: an HTTP agent as a user writes one.

Writes to the log "start PID", then for each task "begin PID TASK" and "end PID TASK"; a task takes
its payload's "seconds".
"""
import argparse
import http.server
import json
import os
import time

options = argparse.ArgumentParser()
options.add_argument("--port", type=int, required=True)
options.add_argument("--log", required=True)
options.add_argument("--seconds", type=float, default=0)
options = options.parse_args()


def note(*words):
    # One write per line: several agents append to the same file.
    line = " ".join((words[0], str(os.getpid()), *words[1:])) + "\n"
    fd = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, line.encode())
    os.close(fd)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path != "/":
            self.answer(404, {})
            return
        task = self.headers["Ballast-Task"]
        note("begin", task)
        time.sleep(payload.get("seconds", options.seconds))
        note("end", task)
        self.answer(200, {"pid": os.getpid()})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
note("start")
server.serve_forever()
