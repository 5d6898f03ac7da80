#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Alertmanager takes what ballast sends: alerts with their labels, and their ends."""
import json
import shutil
import subprocess
import sys
import threading
import urllib.request

import harness

CONFIG = """
knobs: {{ watch: 1s }}
pools:
  slow: {{ urls: [{url}], slots: 1 }}
alerts:
  webhook: http://127.0.0.1:{port}
  rules:
    queue_warning: {{ threshold: 5, for: 0s, clear: 3, clear_for: 1s }}
    queue_critical: {{ threshold: 10, for: 0s, clear: 8, clear_for: 1s }}
    load_warning: {{ enabled: false }}
    load_critical: {{ enabled: false }}
"""
ROUTES = """
route: { receiver: nobody, group_wait: 1s, group_interval: 1s }
receivers: [{ name: nobody }]
"""


class AlertmanagerTest(harness.Case):
    def manager(self):
        folder = self.folder / "manager"
        folder.mkdir()
        (folder / "routes.yaml").write_text(ROUTES)
        port = harness.free_port()
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                ["prometheus-alertmanager", f"--config.file={folder}/routes.yaml",
                 f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
                 "--cluster.listen-address="], stdout=log, stderr=log, cwd=folder)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        harness.wait_until(lambda: self.ask(port, "/-/ready") is not None, 20, "it is ready")
        return port

    def ask(self, port, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read()
        except OSError:
            return None

    def shown(self, port):
        """Severities of the alerts about the queue that it holds to be open."""
        alerts = json.loads(self.ask(port, "/api/v2/alerts"))
        return [alert["labels"]["severity"] for alert in alerts
                if alert["labels"]["alertname"] == "ballast_queue"]

    def test_alerts_come_and_go(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def work(_task, _payload):
            gate.wait(60)
            return 200, b"{}"
        port = self.manager()
        daemon = self.daemon(CONFIG.format(url=self.agent(work).url, port=port))
        daemon.wait_agents("slow", 1)
        for _ in range(7):
            daemon.submit("slow")
        harness.wait_until(lambda: self.shown(port) == ["warning"], 20, "a warning")
        for _ in range(7):
            daemon.submit("slow")
        harness.wait_until(lambda: self.shown(port) == ["critical"], 20,
                           lambda: f"critical alone, not {self.shown(port)}")
        counts = daemon.get("/v1/alerts")["webhook"]
        self.assertEqual((counts["lost"], counts["failed_calls"]), (0, 0))
        gate.set()
        harness.wait_until(lambda: self.shown(port) == [], 20, "nothing")


if __name__ == "__main__":
    if shutil.which("prometheus-alertmanager") is None:
        print("skipped: there is no prometheus-alertmanager here (tools/setup peers)")
        sys.exit(77)
    harness.main()
