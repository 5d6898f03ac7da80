#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ballast simulate: what it prints for programs and for people, and what it refuses."""
import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

BALLAST = os.environ["BALLAST"]
TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:15:51.2224670,879,55
2023-11-16 18:15:51.3000000,91,16
"""
MOONCAKE = """{"timestamp": 0, "input_length": 6955, "output_length": 52, "hash_ids": [46]}
{"timestamp": 3052, "input_length": 6472, "output_length": 26, "hash_ids": [46, 2]}
{"timestamp": 3052, "input_length": 1647, "output_length": 1026, "hash_ids": [9]}
"""
FIELDS = {"policy", "mean", "p50", "p95", "p99", "waiting", "jain", "mean_ratio", "mean_ratio_ci",
          "p99_ratio", "p99_ratio_ci"}


def simulate(*words):
    return subprocess.run([BALLAST, "simulate", *words], capture_output=True, text=True,
                          timeout=240)


def routing(*words):
    found = simulate("routing", "--json", *words)
    if found.returncode != 0:
        raise AssertionError(found.stderr)
    return {row["policy"]: row for row in json.loads(found.stdout)}


SCALING_FIELDS = {"policy", "trace", "boot_s", "hours_ratio", "wait_gt_2s", "wait_gt_service",
                  "utilisation", "reversals", "agents_peak", "tasks", "instance_hours"}
FRONTIER_FIELDS = {"frontier", "frontier_ratio", "frontier_wait_gt_2s", "passed"}


def scaling(*words):
    found = simulate("scaling", "--json", *words)
    if found.returncode != 0:
        raise AssertionError(found.stderr)
    return json.loads(found.stdout)


class ScalingTest(unittest.TestCase):
    """ballast simulate scaling."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def counts(self, hours):
        """Counts per second that go up and down every two hours."""
        path = self.folder / "counts.txt"
        path.write_text("".join(f"{5 + 3 * (second // 3600 % 2)}\n"
                                for second in range(3600 * hours)))
        return path

    def series(self, hours):
        path = self.folder / "series.csv"
        path.write_text("timestamp,value\n" + "".join(
            f"2025-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z,{100 + 10 * (hour % 24)}\n"
            for hour in range(hours)))
        return path

    def test_rows(self):
        rows = scaling("--trace", self.counts(6), "--boot", "30s,60s", "--policies", "all")
        self.assertEqual({row["boot_s"] for row in rows}, {30, 60})
        names = {row["policy"] for row in rows}
        self.assertLessEqual({"conservative", "aggressive", "hpa", "kpa", "keda", "oracle"}, names)
        self.assertEqual(len(rows), 2 * len(names))
        for row in rows:
            self.assertEqual(set(row), SCALING_FIELDS)
            self.assertEqual(row["trace"], "counts.txt")
            self.assertGreaterEqual(row["wait_gt_2s"], 0)
            self.assertLess(0, row["utilisation"])
            self.assertLessEqual(row["utilisation"], 1)
        oracle = [row for row in rows if row["policy"] == "oracle"]
        self.assertEqual([row["hours_ratio"] for row in oracle], [1, 1])
        self.assertLess(oracle[0]["instance_hours"], oracle[1]["instance_hours"])
        self.assertEqual(len({row["tasks"] for row in rows}), 1)

    def test_frontier_and_history(self):
        """Of two days the first is not scored, and a verdict is given."""
        words = ("--series", self.series(48))
        row, = scaling(*words, "--frontier", "--policies", "aggressive")
        self.assertEqual(set(row), SCALING_FIELDS | FRONTIER_FIELDS)
        again, best = scaling(*words, "--policies", f"aggressive,{row['frontier']}")
        self.assertEqual({key: row[key] for key in SCALING_FIELDS}, again)
        self.assertAlmostEqual(row["frontier_ratio"],
                               row["instance_hours"] / best["instance_hours"], places=4)
        self.assertEqual(row["frontier_wait_gt_2s"], best["wait_gt_2s"])
        self.assertEqual(row["passed"], row["frontier_ratio"] <= 1.05)

    def test_plot(self):
        path = self.folder / "plot.svg"
        found = simulate("scaling", "--trace", self.counts(3), "--policies", "hpa", "--lean",
                         "--plot", path)
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertIn("too short for a verdict", found.stdout)
        root = xml.etree.ElementTree.parse(path).getroot()
        self.assertIn("hpa on counts.txt", "".join(root.itertext()))

    def test_refusals(self):
        counts = self.counts(1)
        for words, said in [
            ((), "one of --trace FILE and --series FILE"),
            (("--trace", counts, "--series", counts), "one of --trace FILE and --series FILE"),
            (("--trace", self.folder / "none"), "No such file"),
            (("--trace", counts, "--policies", "vpa"), "there is no policy vpa; there are:"),
            (("--trace", counts, "--boot", "soon"), "--boot wants times"),
            (("--trace", counts, "--boot", "2h"), "--boot wants times"),
        ]:
            found = simulate("scaling", *words)
            self.assertEqual(found.returncode, 2, words)
            self.assertIn(said, found.stderr)


class SimulateTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)

    def test_rows(self):
        rows = routing("--policies", "ballast,p2c", "--seeds", "1-4", "--tasks", "4000")
        self.assertEqual(set(rows), {"ballast", "p2c", "central-fcfs"})
        for row in rows.values():
            self.assertEqual(set(row), FIELDS)
            low, high = row["p99_ratio_ci"]
            self.assertLessEqual(low, row["p99_ratio"])
            self.assertLessEqual(row["p99_ratio"], high)
            self.assertLess(row["p50"], row["p95"])
            self.assertLess(row["p95"], row["p99"])
        self.assertEqual(rows["central-fcfs"]["mean_ratio"], 1)
        self.assertLess(rows["ballast"]["p99_ratio"], rows["p2c"]["p99_ratio"])

    def test_all_policies_and_again(self):
        words = ("--policies", "all", "--seeds", "7", "--tasks", "2000", "--tenants", "3",
                 "--priorities", "--arrivals", "bursts", "--sizes", "pareto")
        rows = routing(*words)
        self.assertGreaterEqual(len(rows), 14)
        self.assertEqual(rows, routing(*words))
        self.assertTrue(all(0 < row["jain"] <= 1 for row in rows.values()))

    def test_the_ratio_turned_round(self):
        words = ("--policies", "ballast", "--seeds", "3", "--tasks", "3000")
        one = routing(*words, "--against", "least-per-slot")["ballast"]["p99_ratio"]
        other = routing("--policies", "least-per-slot", *words[2:], "--against", "ballast")
        self.assertAlmostEqual(one * other["least-per-slot"]["p99_ratio"], 1, places=4)

    def test_traces(self):
        for name, text in (("azure", TRACE), ("counts", "3\n0\n5\n"), ("mooncake", MOONCAKE)):
            plain = self.folder / name
            packed = self.folder / (name + ".gz")
            plain.write_text(text)
            packed.write_bytes(gzip.compress(text.encode()))
            words = ("--policies", "ballast", "--seeds", "1-2", "--trace")
            self.assertEqual(routing(*words, str(plain)), routing(*words, str(packed)))
        cheap = routing(*words[:-1], "--seconds-per-token", "0,0.001", "--trace", str(plain))
        self.assertLess(cheap["ballast"]["mean"], routing(*words, str(plain))["ballast"]["mean"])

    def test_plot(self):
        plot = self.folder / "plot.svg"
        found = simulate("routing", "--seeds", "1-2", "--tasks", "2000", "--plot", str(plot))
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertIn("least-per-slot", found.stdout)
        root = xml.etree.ElementTree.parse(plot).getroot()
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        for policy in ("ballast", "central-fcfs", "p2c"):
            self.assertIn(policy, texts)

    def test_faults(self):
        found = simulate("faults", "--seeds", "1-20", "--tasks", "500", "--json")
        self.assertEqual(found.returncode, 0, found.stdout)
        report = json.loads(found.stdout)
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["seeds"], 20)
        self.assertGreater(report["retried"], 100)
        self.assertIn("nothing wrong", simulate("faults", "--seeds", "3", "--tasks", "100").stdout)

    def test_scenes(self):
        found = simulate("scene", "warm", "--seeds", "1-3", "--tasks", "4000", "--json")
        (scene,) = json.loads(found.stdout)
        self.assertEqual(scene["factor"], "collaboration")
        self.assertLess(scene["with"]["measure"], scene["without"]["measure"])
        self.assertIn("required weights", simulate("scene", "price", "--tasks", "500").stdout)

    def test_settings(self):
        words = ("--policies", "ballast", "--seeds", "1-2", "--tasks", "4000")
        rows = [routing(*words, "--set", f"weight_performance={weight}")["ballast"]["mean"]
                for weight in ("25%", "0")]
        self.assertLess(rows[0], rows[1])

    def test_refused(self):
        for words in (("routing", "--policies", "nope"), ("routing", "--agents", "0"),
                      ("routing", "--load", "none"), ("routing", "--seeds", "5-1"),
                      ("routing", "--mix", "odd"), ("routing", "--set", "weight_load=2000"),
                      ("routing", "--set", "weigt_load=20"), ("routing", "--arrivals", "never"),
                      ("routing", "--trace", str(self.folder / "missing")),
                      ("routing", "--policies", "srpt", "--agents", "1000"),
                      ("scene", "nope"), ("scene",), ("nonsense",), ()):
            found = simulate(*words)
            self.assertEqual(found.returncode, 2, words)
            self.assertIn("simulate", found.stderr)


if __name__ == "__main__":
    unittest.main()
