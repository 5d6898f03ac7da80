#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stepper.py MODE --log FILE ...: an agent under each contract that works in steps and hands back.

A task's payload is {"steps": N, "seconds": S, "deaf": true if it is never handed back}; what was
done so far is its checkpoint. The log has "begin PID TASK FROM", "step PID TASK STEP" after each,
"back PID TASK STEP" before it hands back, "end PID TASK" before it answers.

MODE http --port N:             503 with Ballast-Checkpoint after POST /ballast/drain
MODE lease --url URL --worker W: releases when the answer to extend says drain
MODE command:                   exit 75 after SIGUSR1
"""
import argparse
import http.server
import json
import os
import signal
import sys
import threading
import time
import urllib.request

options = argparse.ArgumentParser()
options.add_argument("mode", choices=("http", "lease", "command"))
options.add_argument("--log", required=True)
options.add_argument("--port", type=int)
options.add_argument("--url")
options.add_argument("--worker")
options = options.parse_args()


def note(*words):
    # One write per line: several agents append to the same file.
    line = " ".join((words[0], str(os.getpid()), *map(str, words[1:]))) + "\n"
    fd = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, line.encode())
    os.close(fd)


def work(task, body, asked_back):
    """Works on it; returns its checkpoint when it was handed back, else None."""
    given = "payload" in body and "checkpoint" in body
    payload, done = (body["payload"], body["checkpoint"]["done"]) if given else (body, 0)
    note("begin", task, done)
    while done < payload["steps"]:
        time.sleep(payload["seconds"])
        note("step", task, done)
        done += 1
        if asked_back() and not payload.get("deaf") and done < payload["steps"]:
            note("back", task, done)
            return {"done": done}
    note("end", task)
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked = set()
    lock = threading.Lock()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path == "/ballast/drain":
            with self.lock:
                self.asked.add(str(body["task"]))
            self.answer(204, None)
            return
        task = self.headers["Ballast-Task"]
        back = work(task, body, lambda: task in self.asked)
        if back is None:
            self.answer(200, {"pid": os.getpid()})
        else:
            self.answer(503, back, ("Ballast-Checkpoint", "1"))

    def answer(self, status, value, *fields):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in fields:
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.request_queue_size = 64
    server.serve_forever()


def call(path, body):
    request = urllib.request.Request(options.url + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def lease():
    """Takes one task after another until it is told to leave, and leaves between two."""
    leaving = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(True))
    while not leaving:
        held = call("/v1/lease", {"pool": "leases", "worker": options.worker, "wait": "200ms",
                                  "ttl": "20s"})
        if held is None:
            continue
        path = f"/v1/leases/{held['lease']}/"
        body = held["payload"]
        if held.get("checkpoint") is not None:
            body = {"payload": body, "checkpoint": held["checkpoint"]}
        back = work(held["task"], body, lambda: call(path + "extend", {"ttl": "20s"})["drain"])
        if back is None:
            call(path + "ack", {"result": {"pid": os.getpid()}})
        else:
            call(path + "release", {"checkpoint": back})


def command():
    asked = []
    signal.signal(signal.SIGUSR1, lambda *_: asked.append(True))
    back = work(os.environ["BALLAST_TASK"], json.load(sys.stdin), lambda: bool(asked))
    if back is None:
        print(json.dumps({"pid": os.getpid()}))
        return 0
    with open(os.environ["BALLAST_CHECKPOINT"], "w", encoding="utf-8") as file:
        json.dump(back, file)
    return 75


if options.mode == "command":
    sys.exit(command())
elif options.mode == "lease":
    lease()
else:
    serve()
