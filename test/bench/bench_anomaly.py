#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`ballast anomalies` on the labelled files of the Numenta Anomaly Benchmark, and what it costs.

Every file goes through the program; the scorer of the shared tools gives the three scores of the
benchmark with one threshold for all files. Then each part of the detector is left out in turn.
The data is found in BALLAST_SHARED (default ../shared); without it only the cost is measured.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BALLAST = os.environ.get("BALLAST", "build/ballast")
SHARED = pathlib.Path(os.environ.get("BALLAST_SHARED", "../shared"))
if not SHARED.is_absolute():
    SHARED = pathlib.Path(__file__).resolve().parents[2] / SHARED
DATA = SHARED / "data" / "nab"
SCORER = SHARED / "bench" / "forecast" / "nab_score.py"
GOALS = {"standard": 72, "reward_low_FP_rate": 62, "reward_low_FN_rate": 77}
UPDATE_GOAL_US, SIZE_GOAL = 20, 64 * 1024
PARTS = ["deviation", "envelope", "motif", "rougher", "smoother", "range", "persistence",
         "refractory"]


def say(text):
    print(text, flush=True)


def verdict(met):
    return "met" if met else "missed"


def score(files, *without):
    with tempfile.TemporaryDirectory() as folder:
        for name in files:
            out = pathlib.Path(folder, name)
            out.parent.mkdir(exist_ok=True)
            subprocess.run([BALLAST, "anomalies", "--csv", DATA / name, "--out", out,
                            *(f"--without={part}" for part in without)], check=True)
        listed = pathlib.Path(folder, "files.txt")
        listed.write_text("\n".join(files) + "\n")
        run = subprocess.run([sys.executable, SCORER, folder, "--files", listed],
                             capture_output=True, text=True, check=True)
    found = {}
    for line in run.stdout.splitlines():
        match = re.match(r"(\S+) +score +(\S+) .* threshold (\S+) +windows hit (\S+) +"
                         r"false detections (\d+)", line)
        if match:
            found[match[1]] = (float(match[2]), float(match[3]), match[4], int(match[5]))
    return found


def cost():
    update = os.environ.get("BENCH_UPDATE")
    if update is None:
        return
    us, size = subprocess.run([update], capture_output=True, text=True, check=True).stdout.split()
    say(f"anomaly update: {us} us of CPU (goal {UPDATE_GOAL_US}: "
        f"{verdict(float(us) <= UPDATE_GOAL_US)}), state {size} bytes (goal {SIZE_GOAL}: "
        f"{verdict(int(size) <= SIZE_GOAL)})")


def main():
    cost()
    if not (DATA.is_dir() and SCORER.is_file()):
        say(f"anomaly scores: skipped, no labelled files in {DATA}")
        return
    files = sorted(json.loads((DATA / "windows.json").read_text()))
    found = score(files)
    for profile, goal in GOALS.items():
        points, threshold, hit, false = found[profile]
        say(f"{profile:20} {points:6.2f} (goal {goal}: {verdict(points >= goal)}), threshold "
            f"{threshold:.3f}, windows {hit}, false detections {false}, {len(files)} files")
    for part in PARTS:
        found = score(files, part)
        say(f"without {part:12} " + " / ".join(f"{found[name][0]:.2f}" for name in GOALS))


main()
