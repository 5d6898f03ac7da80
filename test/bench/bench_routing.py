#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_routing.py: routing policies in the simulator, as a table with the goals.

Each row is one `ballast simulate routing`, with ratios that are paired over seeds and their 95 %
interval; a goal is about the upper end of the interval. BENCH_SEEDS=100 worlds for the main rows,
10 for the others (a thousand agents, whose worlds are sixty times as large: BENCH_LARGE=10).
Exit status 1 when a goal is missed.
"""
import json
import os
import pathlib
import subprocess
import sys

BALLAST = os.environ.get("BALLAST", "build/ballast")
SEEDS = int(os.environ.get("BENCH_SEEDS", "100"))
LARGE = int(os.environ.get("BENCH_LARGE", "10"))
FEW = 10
TEN_GOAL = 0.85  # of the mean ratio of any ten seeds
SHARED = pathlib.Path(os.environ.get("BALLAST_SHARED", "../shared"))
CONVERSATIONS = SHARED / "data/traces/azure_llm_2023_conv.csv.gz"

# what, options, ratio to, figure, goal, seeds
CENTRAL, PER_SLOT, IN_FLIGHT = "central-fcfs", "least-per-slot", "least-in-flight"
WORLDS = [
    ("unequal agents", [], CENTRAL, "p99", 0.82, SEEDS),
    ("unequal agents", [], PER_SLOT, "p99", 0.74, SEEDS),
    ("unequal agents", [], CENTRAL, "mean", 1.01, SEEDS),
    ("equal agents", ["--mix", "equal"], CENTRAL, "p99", 1.02, SEEDS),
    ("equal agents", ["--mix", "equal"], CENTRAL, "mean", 1.02, SEEDS),
    ("Pareto sizes", ["--sizes", "pareto"], CENTRAL, "p99", 0.90, FEW),
    ("load 0.70", ["--load", "0.70"], CENTRAL, "p99", 0.90, FEW),
    ("load 0.95", ["--load", "0.95"], CENTRAL, "p99", 0.90, FEW),
    ("4 agents", ["--agents", "4"], CENTRAL, "p99", 0.90, FEW),
    ("64 agents", ["--agents", "64"], CENTRAL, "p99", 0.90, FEW),
    ("1000 agents", ["--agents", "1000"], CENTRAL, "p99", 0.90, LARGE),
]
TRACES = [
    (f"Azure conversations, load {load}",
     ["--trace", str(CONVERSATIONS), "--seconds-per-token", "0.00025,0.025", "--load", load],
     against, "p99", goal, FEW)
    for load in ("0.70", "0.85")
    for against, goal in ((IN_FLIGHT, 0.60), (PER_SLOT, 0.80))
]


def measure(options, against, seeds, first=1):
    """The row of ballast; runs that differ in nothing are made once."""
    command = [BALLAST, "simulate", "routing", "--policies", "ballast", "--against", against,
               "--seeds", f"{first}-{first + seeds - 1}", "--json", *options]
    key = tuple(command)
    if key not in measure.known:
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        measure.known[key] = next(r for r in json.loads(out) if r["policy"] == "ballast")
    return measure.known[key]


measure.known = {}


def main():
    missed = 0
    print(f"{'world':32} {'figure':6} {'to':16} {'seeds':>5}  {'ratio':>6}  "
          f"{'95 % interval':15} goal")
    rows = WORLDS + (TRACES if CONVERSATIONS.exists() else [])
    for what, options, against, figure, goal, seeds in rows:
        row = measure(options, against, seeds)
        low, high = row[f"{figure}_ratio_ci"]
        verdict = "" if high <= goal else "  MISSED"
        missed += bool(verdict)
        print(f"{what:32} {figure:6} {against:16} {seeds:5}  {row[f'{figure}_ratio']:6.3f}  "
              f"{low:.3f} to {high:.3f}  <= {goal:.2f}{verdict}", flush=True)
    tens = [measure([], CENTRAL, 10, first)["p99_ratio"] for first in range(1, SEEDS, 10)]
    verdict = "" if max(tens) <= TEN_GOAL else "  MISSED"
    missed += bool(verdict)
    print(f"{'unequal agents, the worst of':32} p99    {CENTRAL:16} {len(tens):2}x10  "
          f"{max(tens):6.3f}  {'':15} <= {TEN_GOAL:.2f}{verdict}")
    if not CONVERSATIONS.exists():
        print(f"the trace {CONVERSATIONS} is not there: its rows are left out")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
