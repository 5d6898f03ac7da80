#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forecasts of files that people really have: holes, disorder, nonsense. A clear error or a sane
forecast, and an origin that sees nothing behind itself."""
import csv
import http.server
import io
import json
import math
import os
import pty
import subprocess
import tempfile
import threading
import time
import unittest
import unittest.mock
from pathlib import Path

from harness import BALLAST

SECONDS_MAX = 20


def run(*arguments):
    return subprocess.run([BALLAST, *map(str, arguments)], capture_output=True, text=True,
                          timeout=SECONDS_MAX)


class ForecastTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, rows, name="load.csv"):
        path = self.folder / name
        path.write_text("timestamp,value\n" + "".join(f"{at},{value}\n" for at, value in rows))
        return path

    def forecast(self, rows, *options):
        done = run("forecast", "--csv", self.write(rows), *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def sane(self, rows, low=0.0, high=math.inf, steps=48):
        forecast = self.forecast(rows, "--steps", steps)
        self.assertEqual([int(row["lead"]) for row in forecast], list(range(1, steps + 1)))
        for row in forecast:
            edges = [float(row[key]) for key in ("lo95", "lo80", "mean", "hi80", "hi95")]
            self.assertEqual(edges, sorted(edges))
            self.assertTrue(all(map(math.isfinite, edges)), row)
            self.assertGreaterEqual(edges[0], 0)
            self.assertGreaterEqual(edges[2], low)
            self.assertLessEqual(edges[2], high)

    def refused(self, text, *words):
        path = self.folder / "bad.csv"
        path.write_text(text)
        for command in ("forecast", "backtest"):
            done = run(command, "--csv", path)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)

    @staticmethod
    def hourly(count):
        return [(3600 * i, 100 + i % 24 * 10) for i in range(count)]

    def test_constants_and_zeros(self):
        for value in (0, 7, 1e12, 1e-12):
            rows = [(60 * i, value) for i in range(300)]
            self.sane(rows, 0.999 * value, 1.001 * value)

    def test_three_points(self):
        self.sane([(0, 5), (60, 6), (120, 7)], 0, 20)
        self.sane([(0, 5)], 5, 5)

    def test_holes_and_a_spike(self):
        rows = self.hourly(800)
        rows[300:330] = [(at, "") for at, _ in rows[300:330]]
        rows[500:520] = [(at, 0) for at, _ in rows[500:520]]
        rows[600] = (rows[600][0], 1e9)
        self.sane(rows, 50, 1000)

    def test_disorder_changes_nothing(self):
        rows = self.hourly(600)
        mixed = rows[:200] + rows[400:] + rows[200:400] + [rows[17]]
        wanted = [row["mean"] for row in self.forecast(rows)]
        self.assertEqual([row["mean"] for row in self.forecast(mixed)], wanted)

    def test_an_origin_sees_nothing_behind_itself(self):
        rows = self.hourly(600)
        other = rows[:400] + [(at, 1e6) for at, _ in rows[400:]]
        wanted = self.forecast(rows, "--origin", "300,400")
        self.assertEqual({row["origin"] for row in wanted}, {"300", "400"})
        self.assertEqual(self.forecast(other, "--origin", "300,400"), wanted)
        self.assertEqual(self.forecast(rows[:400], "--origin", "300,400"), wanted)

    def test_a_million_rows(self):
        path = self.folder / "long.csv"
        path.write_text("".join(f"{60 * i},{i * 7919 % 1000}\n" for i in range(1000000)))
        begun = time.monotonic()
        done = run("forecast", "--csv", path, "--steps", 10)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 11)
        self.assertLess(time.monotonic() - begun, SECONDS_MAX)

    def test_what_is_refused(self):
        self.refused("", "no row")
        self.refused("t,v\n0,1\n60,inf\n", ":3:", "number")
        self.refused("t,v\n0,1\n60,abc\n", ":3:", "number")
        self.refused("t,v\n0,1\nnoon,2\n", ":3:", "time")
        self.refused("just text", "timestamp,value")
        path = self.write(self.hourly(10))
        for options in (("--steps", 0), ("--steps", 100000), ("--origin", 11), ("--origin", "x")):
            done = run("forecast", "--csv", path, *options)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(options[0], done.stderr)

    def test_nothing_but_holes(self):
        done = run("forecast", "--csv", self.write([(60 * i, "") for i in range(50)]))
        self.assertEqual(done.returncode, 1)
        self.assertIn("no value", done.stderr)

    def test_many_series(self):
        path = self.folder / "wide.csv"
        values = ",".join(str(100 + i % 24) for i in range(400))
        path.write_text(f'"V1","V2"\n"H1",{values}\nH2,1,2,3,,\n')
        out = self.folder / "out.csv"
        done = run("forecast", "--m4", path, "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        self.assertEqual([row["id"] for row in rows], ["H1"] * 48 + ["H2"] * 48)
        self.assertAlmostEqual(float(rows[0]["mean"]), 100 + 400 % 24, delta=0.5)

    def test_a_picture(self):
        path, picture = self.write(self.hourly(400)), self.folder / "fan.svg"
        done = run("forecast", "--csv", path, "--origin", 350, "--plot", picture)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = picture.read_text()
        for part in ("<svg", "95 %", "80 %", "forecast", "past", "what came", "</svg>"):
            self.assertIn(part, text)

    def test_a_backtest(self):
        done = run("backtest", "--csv", self.write(self.hourly(1000)))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.split() for line in done.stdout.splitlines()]
        day = next(line for line in lines if line and line[0] == "1d00h")
        self.assertGreater(float(day[2]), 99)
        self.assertEqual(day[-1], "met")


HORIZON = {"ahead_seconds": 3600, "bin_seconds": 300, "mean": 60, "low80": 40.5, "high80": 80,
           "low95": 30, "high95": 90.25, "accuracy": 0.93, "skill": 0.12, "confidence": 0.8}
SIGNAL = {"signal": "arrivals/review", "kind": "review", "unit": "tasks/h",
          "horizons": [HORIZON, {**HORIZON, "ahead_seconds": 86400}],
          "course_bin_seconds": 3600, "past": [0, None, 90], "ahead": [HORIZON, HORIZON]}


class Answers(http.server.BaseHTTPRequestHandler):
    """What a daemon says after some days, which no test waits for."""
    asked = []

    def do_GET(self):  # noqa: N802, the library's name
        self.asked.append(self.path)
        body = json.dumps({"forecasts": [SIGNAL]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OutlookTest(unittest.TestCase):
    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}"
        Answers.asked.clear()

    def test_a_table(self):
        done = run("forecast", "--url", self.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "arrivals/review in tasks/h")
        self.assertEqual(lines[2].split(), "1h00m 60 40.500 80 30 90.250 93% 12% 80% - -".split())
        self.assertEqual(len(lines), 4)
        self.assertEqual(Answers.asked, ["/v1/forecasts"])

    def test_the_json_as_it_is(self):
        done = run("forecast", "--url", self.url, "--json", "arrivals/review")
        self.assertEqual(json.loads(done.stdout), {"forecasts": [SIGNAL]})
        self.assertEqual(Answers.asked, ["/v1/forecasts?signal=arrivals%2Freview"])

    def test_a_chart_on_a_terminal(self):
        above, below = pty.openpty()
        done = subprocess.run([BALLAST, "forecast", "--url", self.url, "arrivals/review"],
                              stdout=below, stderr=subprocess.PIPE, timeout=SECONDS_MAX)
        os.close(below)
        shown = os.read(above, 65536).decode()
        os.close(above)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split("|")[1] for line in shown.splitlines() if "|" in line]
        self.assertEqual(len(rows), 10)
        self.assertEqual(rows[0], "  #  ")       # the highest value, and nothing else
        self.assertEqual(rows[1], "  #..")       # the interval ends there
        self.assertEqual(rows[3], "  #oo")       # the mean: two thirds of the way
        self.assertEqual(rows[5], "  #..")       # and begins there
        self.assertEqual(rows[9], "# #  ")       # a zero is something, a hole is not

    def test_when_it_is_used_up(self):
        use = {"signal": "memory/coder", "pool": "coder", "unit": "MiB", "now": 700, "limit": 4096,
               "horizons": [], "exhaustion": {"by": "trend", "likely_seconds": 12000,
                                              "soonest_seconds": 10200, "latest_seconds": 15000}}
        lasts = {**use, "exhaustion": {"by": "none", "likely_seconds": None,
                                       "soonest_seconds": None, "latest_seconds": None}}
        for signal, wanted in (
                (use, "memory/coder reaches its limit of 4096 MiB in 3h20m (2h50m to 4h10m)"),
                (lasts, "memory/coder stays below its limit of 4096 MiB, as far as can be "
                        "foreseen")):
            with unittest.mock.patch.dict(SIGNAL, signal, clear=True):
                done = run("forecast", "--url", self.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            self.assertEqual(lines[:2], ["memory/coder in MiB, now 700", wanted])

    def test_nobody_there(self):
        done = run("forecast", "--url", "http://127.0.0.1:1")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
