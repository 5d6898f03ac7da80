# SPDX-License-Identifier: Apache-2.0
"""An HTTP agent that streams its answer, word by word."""
import argparse
import http.server
import json


class Agent(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for word in f"what is known about: {task['q']}".split():
            piece = (word + " ").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments):
        pass


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
address = ("127.0.0.1", parser.parse_args().port)
http.server.ThreadingHTTPServer(address, Agent).serve_forever()
