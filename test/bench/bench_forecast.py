#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench_forecast.py [--halves] [--without]: the forecasts against other methods on the same work,
and against the goals. Needs BALLAST_SHARED for series, other methods' results and the scorer.
--halves adds what each half of the data says alone, --without what happens when one family of
models is left out. With R and its package forecast, the cost is compared with mstl+arima's."""
import collections
import csv
import gzip
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BALLAST = os.environ["BALLAST"]
BENCH = os.environ["BENCH_FORECAST"]
SHARED = pathlib.Path(os.environ.get("BALLAST_SHARED", "../shared"))
SCORER = SHARED / "bench/forecast/score_forecasts.py"
DATA = SHARED / "data"
# Seconds of CPU for each line of values on standard input.
R_SCRIPT = """suppressMessages(library(forecast))
for (line in readLines(file("stdin"))) {
  x <- msts(as.numeric(strsplit(line, ",")[[1]]), c(24, 168))
  times <- sapply(1:3, function(i) {
    used <- system.time(forecast(mstl(x), method = "arima", h = 168)); used[[1]] + used[[2]] })
  cat(median(times), "\\n")
}"""


def run(*arguments):
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{arguments[0]}: {done.stderr or done.stdout}")
    return done.stdout


def read_work():
    """{series: {steps: [origins]}}: each origin once, for its longest horizon."""
    longest = collections.defaultdict(dict)
    with open(DATA / "peers/origins.csv") as file:
        for row in csv.DictReader(file):
            steps = longest[row["series"]]
            origin = int(row["origin"])
            steps[origin] = max(steps.get(origin, 0), int(row["steps"]))
    work = collections.defaultdict(lambda: collections.defaultdict(list))
    for series, origins in longest.items():
        for origin, steps in sorted(origins.items()):
            work[series][steps].append(str(origin))
    return work


def read_uses():
    with open(DATA / "series/MANIFEST.csv") as file:
        return {row["name"]: (row["use"], int(row["step_s"])) for row in csv.DictReader(file)}


def forecast_load(path, work, off):
    with open(path, "w") as file:
        for series, origins in work.items():
            source = DATA / f"series/{series}.csv"
            for steps, rows in origins.items():
                if off is None:
                    file.write(run(BALLAST, "forecast", "--csv", source, "--steps", steps,
                                   "--origin", ",".join(rows)))
                else:
                    file.write(run(BENCH, "--off", off, steps, source, *rows))


def forecast_m4(path, off):
    train = DATA / "m4/Hourly-train.csv"
    if off is None:
        run(BALLAST, "forecast", "--m4", train, "--out", path)
    else:
        path.write_text(run(BENCH, "--off", off, 48, train))


def score_m4(path, scorer=SCORER):
    text = run(sys.executable, scorer, "m4", path)
    names = {"OWA": "OWA", "cover95": "coverage", "MSIS": "MSIS"}
    return {name: float(re.search(rf"{key} ([\d.]+)", text)[1]) for key, name in names.items()}


def score_load(path, scorer=SCORER):
    """Rows of the scorer, and the coverage it pooled."""
    text = run(sys.executable, scorer, "load", path)
    table = text.split("\n\n")[0].splitlines()
    pooled = re.search(r"80% -> ([\d.]+), 95% -> ([\d.]+)", text)
    return list(csv.DictReader(table)), (float(pooled[1]), float(pooled[2]))


def read_peers():
    """{(series, horizon): {method: WAPE}} of the other methods, pooled over origins."""
    sums = collections.defaultdict(lambda: collections.defaultdict(lambda: [0.0, 0.0]))
    for name in ("load_hourly.csv.gz", "load_fine.csv.gz"):
        with gzip.open(DATA / "peers" / name, "rt") as file:
            for row in csv.DictReader(file):
                if row["series"] == "series":
                    continue
                total = sums[row["series"], row["horizon"]][row["method"]]
                total[0] += float(row["sum_abs_err"])
                total[1] += float(row["sum_abs_y"])
    return {key: {method: error / size for method, (error, size) in methods.items() if size > 0}
            for key, methods in sums.items()}


def compare_load(rows, peers, uses):
    """{(fine, horizon): (ratio to the best method, its name, series)} over the dev series. The best
    method is the one that comes nearest to us among those that did nearly all the series."""
    logs = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in rows:
        use, step_s = uses[row["series"]]
        if use != "dev":
            continue
        for method, wape in peers[row["series"], row["horizon"]].items():
            ratio = math.log(float(row["wape"]) / wape)
            logs[step_s < 3600, row["horizon"]][method].append(ratio)
    result = {}
    for key, methods in logs.items():
        most = max(map(len, methods.values()))
        ratios = {method: math.exp(sum(found) / len(found)) for method, found in methods.items()
                  if len(found) >= most - 1}
        best = max(ratios, key=ratios.get)
        result[key] = (ratios[best], best, len(methods[best]))
    return result


def judge(met):
    return "met" if met else "MISSED"


def goal_of(fine, horizon):
    if not fine:
        return 0.95
    return {"15m": 1.0, "1h": 0.95, "4h": 0.95}.get(horizon)


def seconds_of(horizon):
    return int(horizon[:-1]) * {"m": 60, "h": 3600}[horizon[-1]]


def print_m4(score):
    print(f"M4 Hourly: OWA {score['OWA']:.4f} (goal 0.41: {judge(score['OWA'] <= 0.41)}), "
          f"95 % covers {score['coverage']:.3f} "
          f"(goal 0.94-0.96: {judge(0.94 <= score['coverage'] <= 0.96)}), "
          f"MSIS {score['MSIS']:.2f} (goal 6.3: {judge(score['MSIS'] <= 6.3)})")


def print_load(rows, coverage, peers, uses):
    found = compare_load(rows, peers, uses)
    for key in sorted(found, key=lambda key: (key[0], seconds_of(key[1]))):
        ratio, method, count = found[key]
        goal = goal_of(*key)
        verdict = f"goal {goal}: {judge(ratio <= goal)}" if goal else "no goal"
        print(f"  {'fine' if key[0] else 'hourly'} {key[1]:5} WAPE / best other method's: "
              f"{ratio:.3f} ({method}, {count} series; {verdict})")
    worst = {"dev": (0, ""), "stress": (0, "")}
    for row in rows:
        naives = [wape for method, wape in peers[row["series"], row["horizon"]].items()
                  if method.startswith("snaive")]
        if naives:
            use = uses[row["series"]][0]
            ratio = float(row["wape"]) / min(naives)
            worst[use] = max(worst[use], (ratio, f"{row['series']} {row['horizon']}"))
    for use, goal in (("dev", 1.15), ("stress", 1.5)):
        if not worst[use][1]:
            continue
        print(f"  worst {use} series against its better seasonal naive: {worst[use][0]:.2f}, "
              f"{worst[use][1]} (goal {goal}: {judge(worst[use][0] <= goal)})")
    print(f"  coverage: 80 % -> {coverage[0]:.3f} ({judge(0.77 <= coverage[0] <= 0.83)}), "
          f"95 % -> {coverage[1]:.3f} ({judge(0.93 <= coverage[1] <= 0.97)})")


def measure(folder, work, off):
    m4, load = folder / "m4.csv", folder / "load.csv"
    forecast_m4(m4, off)
    forecast_load(load, work, off)
    return score_m4(m4), *score_load(load)


def rows_of(path, kept, start):
    """The rows of a CSV file from `start` on whose first column is kept; all before."""
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return rows[:start] + [row for row in rows[start:] if row[0] in kept]


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)


def write_half(folder, half, ids, series):
    """Data, forecasts and scorer as the scorer expects them, with half of the data."""
    root = folder / f"half{half}"
    for name in ("Hourly-train.csv", "Hourly-test.csv"):
        write_rows(root / "data/m4" / name, rows_of(DATA / "m4" / name, ids, 1))
    write_rows(root / "data/peers/origins.csv", rows_of(DATA / "peers/origins.csv", series, 1))
    for path in (DATA / "peers").glob("*_*"):
        (root / "data/peers" / path.name).symlink_to(path.resolve())
    (root / "data/series").symlink_to((DATA / "series").resolve())
    (root / "bench/forecast").mkdir(parents=True)
    shutil.copy(SCORER, root / "bench/forecast/score.py")
    write_rows(root / "m4.csv", rows_of(folder / "m4.csv", ids, 0))
    write_rows(root / "load.csv", rows_of(folder / "load.csv", series, 0))
    return root


def family_of(series):
    """A series without its step: the same load in other steps is in the same half."""
    return series.rsplit("_", 1)[0]


def print_halves(folder, peers, uses):
    """Every other series of M4 and every other load: what was chosen for one shows on the other."""
    with open(DATA / "m4/Hourly-train.csv", newline="") as file:
        ids = [row[0] for row in list(csv.reader(file))[1:]]
    loads = sorted({family_of(name) for name, (use, _) in uses.items() if use == "dev"})
    for half in range(2):
        chosen = {name for name in uses if family_of(name) in loads[half::2]}
        root = write_half(folder, half + 1, set(ids[half::2]), chosen)
        scorer = root / "bench/forecast/score.py"
        print(f"\nhalf {half + 1}: every other id of M4, and {', '.join(loads[half::2])}")
        print_m4(score_m4(root / "m4.csv", scorer))
        print_load(*score_load(root / "load.csv", scorer), peers, uses)


def print_without(folder, work, uses):
    """One line for each family that is left out: M4, and the mean WAPE of the dev series."""
    families = run(BENCH, "--families").splitlines()
    print(f"\n{'left out':26} {'OWA':>7} {'MSIS':>6}  geometric mean WAPE of the dev series")
    for index, family in [(None, "nothing"), *enumerate(families)]:
        score, rows, _ = measure(folder, work, 0 if index is None else 1 << index)
        logs = [math.log(float(row["wape"])) for row in rows if uses[row["series"]][0] == "dev"]
        print(f"{family:26} {score['OWA']:7.4f} {score['MSIS']:6.2f}  "
              f"{math.exp(sum(logs) / len(logs)):.4f}", flush=True)


def print_r_cost(ours):
    if shutil.which("Rscript") is None:
        print("R is not installed: no ratio to mstl+arima")
        return
    done = subprocess.run(["Rscript", "-e", R_SCRIPT], input=run(BENCH, "--series"),
                          capture_output=True, text=True)
    if done.returncode != 0:
        print("R has no package forecast: no ratio to mstl+arima")
        return
    theirs = statistics.median(map(float, done.stdout.split())) * 1e3
    print(f"R's mstl+arima on five of these series, median: {theirs:.0f} ms, "
          f"{theirs / ours:.1f} times as much")


def main():
    cost = run(BENCH)
    print(cost, end="")
    print_r_cost(float(re.search(r"steps: ([\d.]+) ms", cost)[1]))
    if not SCORER.exists():
        print(f"accuracy: skipped, no {SCORER}")
        return
    work, uses, peers = read_work(), read_uses(), read_peers()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        score, rows, coverage = measure(folder, work, None)
        print_m4(score)
        print_load(rows, coverage, peers, uses)
        if "--halves" in sys.argv[1:]:
            print_halves(folder, peers, uses)
        if "--without" in sys.argv[1:]:
            print_without(folder, work, uses)


if __name__ == "__main__":
    main()
