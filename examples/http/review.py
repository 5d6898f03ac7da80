# SPDX-License-Identifier: Apache-2.0
"""An HTTP agent that may say no: 503 with Retry-After is "busy", 4xx is its answer for good."""
import argparse
import http.server
import json
import threading

slot = threading.Lock()


class Agent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text, **fields):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not slot.acquire(blocking=False):
            self.answer(503, "one review at a time", Retry_After="1")
            return
        try:
            if "lines" not in task:
                self.answer(422, "a review needs lines")
            else:
                self.answer(200, f"{len(task['lines'])} lines look good")
        finally:
            slot.release()

    def log_message(self, *arguments):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
address = ("127.0.0.1", parser.parse_args().port)
http.server.ThreadingHTTPServer(address, Agent).serve_forever()
