#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other parties' collections of hostile HTTP and hostile API calls against the real daemon.

They lie in BALLAST_SHARED; without them the test is skipped, and says so.
"""
import base64
import json
import pathlib
import re
import subprocess
import sys

import harness

CASES = pathlib.Path(harness.SHARED or "/nonexistent")
FAULT = harness.HERE.parent / "fault"
IN_PIECES = ("pc-1byte", "pc-crlfsplit")
CONFIG = "pools: { work: { lease: true } }\n"


def named(sent):
    """The bytes with h.test as a name of this machine; no length changes but of a target."""
    sent = re.sub(rb"h\.test(?=\r?\n)", b"[::1] ", sent)
    return sent.replace(b"h.test:80\r", b"[::1]:080\r").replace(b"//h.test", b"//[::1]")


def setUpModule():
    if not (CASES / "api_cases").is_dir():
        print("skipped: BALLAST_SHARED names no folder with http_cases and api_cases")
        sys.exit(77)


class HostileTest(harness.Case):
    def run_cases(self, *arguments):
        run = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True,
                             text=True, timeout=170)
        return run.stdout + run.stderr

    def test_api(self):
        daemon = self.daemon(CONFIG, started=False)
        config = json.loads((FAULT / "api_cases.json").read_text())
        for name, role in (("TOKEN", "admin"), ("RTOKEN", "read"), ("AGENTTOKEN", "agent")):
            run = subprocess.run([harness.BALLAST, "token", "create", "--role", role, "--data",
                                  str(daemon.data)], cwd=self.folder, capture_output=True,
                                 text=True, check=True, timeout=20)
            config[name] = run.stdout.strip()
        daemon.start()
        config["LOG"] = str(daemon.log_path)
        path = self.folder / "api.json"
        path.write_text(json.dumps(config))
        text = self.run_cases(CASES / "api_cases" / "api_cases.py", "127.0.0.1", daemon.port, path)
        self.assertRegex(text, r"(?m)^\d+ cases, \d+ failed$")
        self.assertEqual(set(re.findall(r"(?m)^FAIL (\S+)", text)), set(), text)
        self.assertEqual(daemon.call("GET", "/readyz").status, 200)

    def test_http(self):
        """Cases name the host h.test, which ballast refuses for itself (a foreign name is how a web
        page reaches a server on loopback), so they are sent with a name of the same length for it.
        """
        daemon = self.daemon(CONFIG)
        for line in (CASES / "http_cases" / "public" / "requests.jsonl").read_text().splitlines():
            case = json.loads(line)
            for part in case["parts"]:
                sent = base64.b64decode(part["b64"])
                part["b64"] = base64.b64encode(named(sent)).decode()
            with open(self.folder / "requests.jsonl", "a", encoding="utf-8") as cases:
                cases.write(json.dumps(case) + "\n")
        (self.folder / "responses.jsonl").touch()
        text = self.run_cases(CASES / "http_cases" / "http_cases.py", "127.0.0.1", daemon.port,
                              "--mode", "server", "--level", "goal", "--no-responses",
                              "--timeout", "0.6", "--dir", self.folder)
        print(text[-1500:])
        self.assertRegex(text, r"(?m)^total +\d+")
        failed = dict(re.findall(r"(?m)^FAIL +(\S+) +(.*)$", text))
        # A name that comes in pieces is not replaced: these must be read whole, then refused.
        for case in IN_PIECES:
            self.assertRegex(failed.pop(case, "st=[421] closed=None rejected-good [421]"),
                             r"st=\[421\] closed=None rejected-good \[421\]")
        self.assertEqual(failed, {})
        self.assertEqual(daemon.call("GET", "/readyz").status, 200)


if __name__ == "__main__":
    harness.main()
