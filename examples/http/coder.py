# SPDX-License-Identifier: Apache-2.0
"""An HTTP agent: it takes a POST, the answer is the result."""
import argparse
import http.server
import json


class Agent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        result = {"patch": f"fixes issue {task['issue']}"}
        body = json.dumps(result).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
address = ("127.0.0.1", parser.parse_args().port)
http.server.ThreadingHTTPServer(address, Agent).serve_forever()
