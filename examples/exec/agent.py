# SPDX-License-Identifier: Apache-2.0
"""The agent that runs on an instance: it says which one it is."""
import argparse
import http.server
import json


class Agent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer("ready")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"by": arguments.name})

    def log_message(self, *words):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--name")
arguments = parser.parse_args()
http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), Agent).serve_forever()
