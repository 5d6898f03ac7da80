#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ballast anomalies` over files: every row comes back with its score, which no later row changes;
odd files are scored or refused with their line, never crash it."""
import math
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

BALLAST = os.environ["BALLAST"]
HEADER = "timestamp,value,anomaly_score"


def load(count, seed=1, level=100.0):
    """A load with a daily course, a row every five minutes."""
    draw = random.Random(seed)
    return [(i * 300, level * (2 + math.sin(i / 288 * 2 * math.pi) + draw.gauss(0, 0.05)))
            for i in range(count)]


def text(rows):
    return "timestamp,value\n" + "".join(f"{time},{value!r}\n" for time, value in rows)


class AnomaliesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name, "series.csv")

    def run_on(self, content, *options):
        if isinstance(content, str):
            content = content.encode()
        self.path.write_bytes(content)
        return subprocess.run([BALLAST, "anomalies", "--csv", self.path, *options],
                              capture_output=True, text=True, timeout=120)

    def scores(self, content, *options):
        run = self.run_on(content, *options)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr, "")
        lines = run.stdout.splitlines()
        self.assertEqual(lines[0], HEADER)
        rows = [line.split(",") for line in lines[1:]]
        for row in rows:
            self.assertTrue(0 <= float(row[2]) <= 1, row)
        return rows

    def refused(self, content, *words):
        run = self.run_on(content)
        self.assertEqual(run.returncode, 2, run.stdout)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def test_every_row_in_its_order_as_it_stood(self):
        content = ("when,load\n2014-04-10 07:15:00,1.50\n2014-04-10 07:15:00,2e0\n"
                   "2014-04-10 07:10:00,\n2014-04-10 07:20:00,NaN\n")
        self.assertEqual([row[:2] for row in self.scores(content)],
                         [line.split(",") for line in content.splitlines()[1:]])
        # A byte order mark, no header, spaces, CR LF, empty lines at the end.
        rows = self.scores(b"\xef\xbb\xbf1, 2\r\n2, 3\r\n\r\n\r\n")
        self.assertEqual([row[:2] for row in rows], [["1", "2"], ["2", "3"]])

    def test_a_score_depends_on_no_later_row(self):
        rows = load(3000)
        rows[2000] = (rows[2000][0], 900.0)
        whole = self.scores(text(rows))
        self.assertGreater(float(whole[2000][2]), 0.5)
        for cut in (3, 191, 1999, 2001, 2500):
            self.assertEqual(self.scores(text(rows[:cut])), whole[:cut])
            other = self.scores(text(rows[:cut] + [(time, 1e9) for time, _ in rows[cut:]]))
            self.assertEqual(other[:cut], whole[:cut])

    def test_any_scale(self):
        for level in (1e-12, 1e12):
            rows = load(1500, level=level)
            rows[1200] = (rows[1200][0], 12 * level)
            scores = [float(row[2]) for row in self.scores(text(rows))]
            self.assertGreater(scores[1200], 0.5)
            self.assertLess(sum(score > 0.5 for score in scores), 6)

    def test_constants_zeros_and_few_points(self):
        for value in ("0", "-3", "1e12", "1e-12"):
            content = "".join(f"{i * 60},{value}\n" for i in range(5000))
            self.assertTrue(all(float(row[2]) < 0.5 for row in self.scores(content)))
        self.assertEqual(len(self.scores("1,1\n2,2\n3,3\n")), 3)
        self.assertEqual(len(self.scores("1,1\n")), 1)

    def test_a_spike_among_zeros(self):
        content = "".join(f"{i * 60},{int(i == 700)}\n" for i in range(1500))
        scores = [float(row[2]) for row in self.scores(content)]
        self.assertGreater(scores[700], 0.5)
        self.assertEqual(sum(score > 0.5 for score in scores), 1)

    def test_holes_score_nothing_and_change_nothing(self):
        rows = load(1000)
        holes = text(rows).replace("\n", "\n150000,\n")
        scored = [row for row in self.scores(holes) if row[1] != ""]
        self.assertEqual(scored, self.scores(text(rows)))

    def test_times_that_are_doubled_or_go_back(self):
        rows = load(2000)
        random.Random(2).shuffle(rows)
        self.assertEqual(len(self.scores(text(rows + rows[:50]))), 2050)

    def test_garbage_is_refused_with_its_line(self):
        self.refused("", "series.csv:1:", "no row")
        self.refused("timestamp,value\n", "no row")
        self.refused("1,2\nyesterday,3\n", "series.csv:2:", "time")
        self.refused("1,2\n2,many\n", "series.csv:2:", "number")
        self.refused("1,2\n2,inf\n", "series.csv:2:", "number")
        self.refused("1,2\n2,1e31\n", "series.csv:2:", "number")
        self.refused("1,2\n2\n", "series.csv:2:")
        self.refused(bytes(range(256)), "series.csv:")
        self.refused(b"\0" * 10000, "series.csv:")

    def test_options(self):
        content = text(load(300))
        out = pathlib.Path(self.folder.name, "out.csv")
        run = self.run_on(content, "--out", out)
        self.assertEqual((run.returncode, run.stdout), (0, ""))
        self.assertEqual(out.read_text(), self.run_on(content).stdout)
        piped = subprocess.run([BALLAST, "anomalies", "--csv", "-"], input=content,
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(piped.stdout, out.read_text())
        self.scores(content, "--without", "motif", "--without", "refractory")
        self.assertEqual(self.run_on(content, "--without", "luck").returncode, 2)
        self.assertEqual(self.run_on(content, "--out", "/nowhere/out.csv").returncode, 1)
        self.assertEqual(self.run_on(content, "--out", "/dev/full").returncode, 1)
        missing = subprocess.run([BALLAST, "anomalies", "--csv", "/nowhere.csv"],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(missing.returncode, 2)
        self.assertIn("/nowhere.csv", missing.stderr)
        self.assertEqual(subprocess.run([BALLAST, "anomalies"], capture_output=True,
                                        timeout=60).returncode, 2)

    def test_a_million_points(self):
        draw = random.Random(4)
        content = "".join(f"{i * 60},{draw.random():.6f}\n" for i in range(1000000))
        self.assertEqual(len(self.scores(content)), 1000000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
