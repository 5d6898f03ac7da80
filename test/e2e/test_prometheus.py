#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""/metrics as the tools see it that read it: promtool checks it, a real Prometheus scrapes it."""
import json
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request

import harness

CONFIG = """
pools:
  echo: {{ urls: [{url}], slots: 8, kinds: [echo, "odd.kind"] }}
"""
SCRAPE = """
global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
scrape_configs:
  - job_name: ballast
    static_configs: [{{ targets: ["127.0.0.1:{port}"] }}]
"""
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TENANTS = 10_000
LINES_MORE_MAX = 20  # that any number of tenants may add


class PrometheusTest(harness.Case):
    def served(self):
        daemon = self.daemon(CONFIG.format(url=self.agent().url))
        daemon.wait_agents("echo", 1)
        for task in [daemon.submit(kind) for kind in ("echo", "odd.kind") * 10]:
            daemon.wait(task)
        return daemon

    def metrics(self, daemon, accept=None):
        answer = daemon.call("GET", "/metrics", headers={"Accept": accept} if accept else None)
        self.assertEqual(answer.status, 200)
        return answer

    def test_promtool_finds_nothing(self):
        answer = self.metrics(self.served())
        checked = subprocess.run(["promtool", "check", "metrics"], input=answer.body,
                                 capture_output=True, timeout=60, check=False)
        said = (checked.stdout + checked.stderr).decode()
        self.assertEqual((checked.returncode, said), (0, ""))

    def test_format_by_negotiation(self):
        daemon = self.served()
        plain, opened = self.metrics(daemon), self.metrics(daemon, OPENMETRICS)
        self.assertEqual(plain.headers["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(opened.headers["Content-Type"], OPENMETRICS)
        self.assertTrue(opened.body.endswith(b"\n# EOF\n"))
        self.assertNotIn(b"# EOF", plain.body)

    def query(self, port, text):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": text})
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]["result"]

    def prometheus(self, daemon):
        """A Prometheus that scrapes the daemon; its port and the file with its log."""
        port = harness.free_port()
        config = self.folder / "prometheus.yml"
        config.write_text(SCRAPE.format(port=daemon.port))
        log = self.folder / "prometheus.log"
        with open(log, "wb") as to:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", "--log.level=debug",
                 f"--storage.tsdb.path={self.folder / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{port}"],
                cwd=self.folder, stdout=to, stderr=to)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.terminate)
        return port, log

    def test_prometheus_scrapes_without_a_warning(self):
        daemon = self.served()
        port, log = self.prometheus(daemon)

        def value(query):
            try:
                found = self.query(port, query)
            except OSError:
                return None
            return float(found[0]["value"][1]) if found else None

        harness.wait_until(lambda: value('up{job="ballast"}') == 1, 30, "the daemon is scraped")
        self.assertEqual(value("ballast_tasks_submitted_total"), 20)
        self.assertEqual(value("sum(ballast_task_wait_seconds_count)"), 20)
        self.assertEqual(value('scrape_samples_scraped - scrape_samples_post_metric_relabeling'), 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets") as answer:
            target = json.load(answer)["data"]["activeTargets"][0]
        self.assertEqual((target["health"], target["lastError"]), ("up", ""))
        warned = [line for line in log.read_text().splitlines()
                  if ("level=warn" in line or "level=error" in line) and "scrape" in line]
        self.assertEqual(warned, [])

    def test_tenants_make_no_labels(self):
        daemon = self.served()
        before = self.metrics(daemon).body.count(b"\n")
        for number in range(TENANTS):
            answer = daemon.call("POST", "/v1/tasks", {
                "kind": "echo", "payload": {}, "tenant": f"tenant{number}"})
            self.assertIn(answer.status, (202, 429), answer)
        self.assertLess(self.metrics(daemon).body.count(b"\n") - before, LINES_MORE_MAX)


if __name__ == "__main__":
    for tool in ("prometheus", "promtool"):
        if shutil.which(tool) is None:
            print(f"skipped: there is no {tool} (Debian's package prometheus)")
            sys.exit(77)
    harness.main()
