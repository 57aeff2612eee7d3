"""Time the script against what it can't do without: its imports, and reading and writing the file.

    python tests/benchmarks/speed.py [RUNS [CUSTOMERS ...]]

All figures are of whole processes, run in turn with what they are compared with, so that both see
the same machine: the default run against a process that only imports the same packages; runs of
10,000 to 10,000,000 customers against one that reads the file into pandas and writes it back. For
up to a million customers it also fits K-Means to all of them, ten starts each, to see if the
script's sample names the same k and its segments have as low a WCSS.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

import segment

IMPORTS = "import matplotlib.pyplot, numpy, pandas, seaborn, sklearn.cluster, sklearn.metrics"
COPY = "import sys, pandas; pandas.read_csv(sys.argv[1]).to_csv(sys.argv[2], index=False)"
NOISE = {"Age": 3, "Annual Income (k$)": 4, "Spending Score (1-100)": 4}


def make_customers(customers: int, seed: int = 0) -> pd.DataFrame:
    """Draw customers of the mall anew, and blur their features within the mall's ranges."""
    rng, mall = np.random.default_rng(seed), pd.read_csv(segment.SHIPPED_CSV)
    table = mall.iloc[rng.integers(len(mall), size=customers)].reset_index(drop=True)
    for name, deviation in NOISE.items():
        blurred = (table[name] + rng.normal(0, deviation, customers)).round()
        table[name] = blurred.clip(mall[name].min(), mall[name].max()).astype(int)
    table["CustomerID"] = np.arange(1, customers + 1)
    return table


def measure(*command: object) -> tuple[float, float]:
    """Run a command; return its seconds, and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(map(str, command), stdout=-3, stderr=-3)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command} failed")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def compare(first: list, second: list, runs: int) -> tuple[float, float, float, float]:
    """Return the median seconds of two commands, of their ratios, and of the first's peak MB."""
    pairs = [(measure(*first), measure(*second)) for _ in range(runs + 1)][1:]
    return (
        statistics.median(one[0] for one, _ in pairs),
        statistics.median(other[0] for _, other in pairs),
        statistics.median(one[0] / other[0] for one, other in pairs),
        statistics.median(one[1] for one, _ in pairs),
    )


def compare_with_all(table: pd.DataFrame, folder: Path) -> str:
    """Say which k K-Means on all customers names, and how much lower its WCSS is."""
    points = segment.scale(table[list(NOISE)].astype(float), raw=False)
    models = [KMeans(k, n_init=10, random_state=1).fit(points) for k in range(1, 11)]
    k = segment.find_elbow([model.inertia_ for model in models])[0]
    curve = pd.read_csv(folder / "elbow.csv", index_col="k")["wcss"]
    found = len(pd.read_csv(folder / "profiles.csv"))
    excess = curve[found] / models[found - 1].inertia_ - 1
    return f"k = {found}, on all {k}; WCSS {excess:+.4%}"


def main(runs: int, sizes: list[int]) -> None:
    """Print a table of medians."""
    script = [sys.executable, segment.__file__]
    with tempfile.TemporaryDirectory() as temporary:
        folder, path = Path(temporary, "output"), Path(temporary, "customers.csv")
        default = [*script, "-o", folder]
        ours, imports, ratio, _ = compare(default, [sys.executable, "-c", IMPORTS], runs)
        print(f"default run {ours:.2f} s, imports {imports:.2f} s, ratio {ratio:.2f}")
        for size in sizes:
            table = make_customers(size)
            table.to_csv(path, index=False)
            memory = table.memory_usage(deep=True).sum() / 2**20
            copy = [sys.executable, "-c", COPY, path, Path(temporary, "copy.csv")]
            ours, other, ratio, peak = compare([*script, path, "-o", folder], copy, runs)
            print(
                f"{size:>10,} customers {ours:6.2f} s, read and write {other:6.2f} s, "
                f"ratio {ratio:.2f}; peak {peak:,.0f} MB, {peak / memory:.1f} times the table; "
                + (compare_with_all(table, folder) if size <= 1_000_000 else ""),
                flush=True,
            )


if __name__ == "__main__":
    numbers = [int(float(word)) for word in sys.argv[1:]]
    main((numbers or [5])[0], numbers[1:] or [10**4, 10**5, 10**6, 10**7])
