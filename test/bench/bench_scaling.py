#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Untuned strategies of ballast against the tuned grids of hpa, kpa and keda, on recorded load.

    bench_scaling.py [--boot 30s,60s,120s] [--policies adaptive,predictive] [--sample] [NAME...]
    bench_scaling.py --season [--policies predictive]

For every trace and series of 48 hours and more, and every boot time: instance-hours against the
oracle, the share of waits over two seconds, and the cheapest point of the grid that is no later.
Then daily loads: one as it was learned and turned upside down, and a week each of recorded ones
(--season plays these alone); at equal cost means against the fewest violations of the grid for no
more hours. --sample plays two files at 60 s.
The data is found in BALLAST_SHARED (default ../shared); without it only the daily load is played.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

BALLAST = os.environ.get("BALLAST", "build/ballast")
SHARED = pathlib.Path(os.environ.get("BALLAST_SHARED", "../shared"))
if not SHARED.is_absolute():
    SHARED = pathlib.Path(__file__).resolve().parents[2] / SHARED
DATA = SHARED / "data"
GOAL = 1.05
HOURS_LEAST = 48
SAMPLE = ["twitter_2021_per_second_days1-11.txt.gz", "servegen_msmall_10m.csv"]
SEASONAL = ["nyctaxi_30m", "ped_bourke_1h", "ped_qvmarket_1h"]
FEWER_GOAL, WRONG_GOAL = 0.7, 1.1


def say(text=""):
    print(text, flush=True)


def files():
    """Paths of what lasts long enough, traces first, of each series its finest step."""
    if not DATA.is_dir():
        return
    yield from sorted((DATA / "traces").glob("*_per_second*"))
    best = {}
    with open(DATA / "series" / "MANIFEST.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if int(row["n"]) * int(row["step_s"]) < HOURS_LEAST * 3600:
                continue
            family = row["name"].rsplit("_", 1)[0]
            if family not in best or int(row["step_s"]) < best[family][0]:
                best[family] = (int(row["step_s"]), row["name"])
    for _, name in sorted(best.values(), key=lambda pair: pair[1]):
        yield DATA / "series" / f"{name}.csv"


def play(path, boot, policies, *more):
    kind = "--trace" if path.suffix == ".gz" else "--series"
    run = subprocess.run([BALLAST, "simulate", "scaling", kind, path, "--boot", boot, "--policies",
                          policies, "--json", *more], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{path}: {run.stderr.strip()}")
    return json.loads(run.stdout)


def ours():
    """The strategies that are meant to need no tuning; of an older program the simple ones."""
    run = subprocess.run([BALLAST, "simulate", "scaling", "--policies", "none"],
                         capture_output=True, text=True)
    return ",".join(name for name in ("adaptive", "predictive") if f" {name}" in run.stderr) \
        or "conservative,aggressive"


def judge(path, boot, policies):
    """The rows of one file and boot time; how many were judged and how many missed."""
    missed = judged = 0
    for row in play(path, boot, policies, "--frontier"):
        line = (f"| {row['trace']} | {row['boot_s']:g} | {row['policy']} | {row['hours_ratio']:.3f}"
                f" | {100 * row['wait_gt_2s']:.2f} % | {100 * row['utilisation']:.0f} %"
                f" | {row['reversals']} |")
        if "frontier" in row:
            judged += 1
            passed = row["passed"]
            missed += not passed
            line += (f" {row['frontier']} | {row['frontier_ratio']:.3f} |"
                     f" {'passed' if passed else 'missed'} |")
        say(line)
    return judged, missed


def daily(path, is_turned):
    """A daily load of four days; turned, the last two are upside down, which nobody can foresee."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("timestamp,value\n")
        for minute in range(4 * 1440):
            height = math.cos(2 * math.pi * (minute / 1440 - 0.5))
            if is_turned and minute >= 2 * 1440:
                height = -height
            day, rest = divmod(minute, 1440)
            file.write(f"2025-01-{6 + day:02}T{rest // 60:02}:{rest % 60:02}:00Z,"
                       f"{600 * (1 + 0.8 * height):.1f}\n")


def best_reactive(rows, hours):
    """The fewest violations in the grid for at most these hours."""
    shares = [row["wait_gt_2s"] for row in rows if row["hours_ratio"] <= hours]
    return min(shares) if shares else None


def compare(path, policies, days, goal):
    """Ours against the best reactive tuning; how many missed the goal."""
    grid = play(path, "60s", "grid", "--lean", "--days", days)
    missed = 0
    for row in play(path, "60s", policies, "--days", days):
        best = best_reactive(grid, row["hours_ratio"])
        ratio = row["wait_gt_2s"] / best if best else 0.0
        missed += ratio > goal
        say(f"{path.stem}, {row['policy']}: {row['hours_ratio']:.3f} hours,"
            f" {100 * row['wait_gt_2s']:.2f} % late;"
            + (f" {ratio:.2f} times the best of the grid for no more hours"
               f" (goal {goal}): {'met' if ratio <= goal else 'missed'}"
               if best is not None else " no point of the grid costs so little: met"))
    return missed


def season(policies):
    """A forecast that is right, and one that is wrong, against the best reactive tuning."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for is_turned in (False, True):
            path = pathlib.Path(folder, "turned.csv" if is_turned else "daily.csv")
            daily(path, is_turned)
            missed += compare(path, policies, "4", WRONG_GOAL if is_turned else FEWER_GOAL)
    for name in SEASONAL:
        path = DATA / "series" / f"{name}.csv"
        if path.is_file():
            missed += compare(path, policies, "7", FEWER_GOAL)
        else:
            say(f"{name}: not there, skipped")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--boot", default="30s,60s,120s")
    parser.add_argument("--policies", default=ours())
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--season", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    judged = missed = 0
    if args.season:
        sys.exit(1 if season(args.policies) else 0)
    boots = ["60s"] if args.sample else args.boot.split(",")
    names = SAMPLE if args.sample else args.names
    say("| trace | boot | policy | hours | > 2 s | busy | reversals | grid | ratio | |")
    say("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for path in files():
        if names and not any(name in path.name for name in names):
            continue
        for boot in boots:
            more_judged, more_missed = judge(path, boot, args.policies)
            judged += more_judged
            missed += more_missed
    say()
    if judged == 0:
        say(f"no recorded load in {DATA}: nothing to judge")
    else:
        say(f"{judged - missed} of {judged} within {GOAL} of the cheapest point of the grid")
    if not args.sample:
        season(args.policies)


if __name__ == "__main__":
    main()
