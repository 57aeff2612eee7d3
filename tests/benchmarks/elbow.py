"""Count how often each method names the right number of clusters.

    python tests/benchmarks/elbow.py SEED [SEED ...]
    python tests/benchmarks/elbow.py --public DIR

For every seed it makes data sets with a known number k of normal clusters: k = 2 to 9 in 2, 3, 5
and 8 features, 200 and 1,000 customers, centres at least 3, 4 or 6 standard deviations (of the
wider cluster of the two) apart. They lie in a box whose side is twice that distance, or as much
more as it takes. Half of the data sets have clusters of one size and spread; in the other half the
largest has up to three times the customers of the smallest, and up to twice its spread. Every
feature has a unit of its own. Then it makes data sets without clusters. All methods see the same
z-scores and the same K-Means, with k = 1 to 10 (from 2 where k = 1 is not defined).

A public folder holds data sets that others made, as SUITE/NAME.data.gz, a line a point, and
SUITE/NAME.labels0.gz, a line a label: 1, 2, ..., or 0 for noise; further labellings in labels1 and
so on. gagolews/clustering-data-v1 on GitHub is one. Only those data sets count whose
labels K-Means finds when it is told k (adjusted Rand index 0.8 or more); with ten clusters or more,
k goes to 30.
"""

import argparse
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from kneed import KneeLocator
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score
from threadpoolctl import threadpool_limits

import segment

LARGEST = 10
LARGEST_OF_MANY = 30  # where there are ten clusters or more
RECOVERED = 0.8  # adjusted Rand index from which K-Means has found the labels
GAP_REFERENCES = 10
METHODS = [
    "ours",
    "elbow alone",
    "silhouette",
    "Calinski-Harabasz",
    "Davies-Bouldin",
    "gap",
    "Kneedle",
    "Kneedle from 2",
]


def place_centres(rng: np.random.Generator, features: int, apart: np.ndarray) -> np.ndarray:
    """Draw centres in a box just large enough, each pair at least `apart` from one another."""
    side = 2 * apart.max()
    while True:
        for _ in range(50):
            centres = rng.uniform(0, side, (len(apart), features))
            if (np.linalg.norm(centres[:, None] - centres, axis=2) >= apart).all():
                return centres
        side *= 1.25


def in_own_units(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Give each feature a unit of its own, thousandths to hundred thousands."""
    return values * 10.0 ** rng.integers(-3, 6, values.shape[1])


def make_clusters(seed: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Make the data sets with clusters: (kind, k, values)."""
    cases = itertools.product(range(2, 10), (2, 3, 5, 8), (3, 4, 6), (200, 1000), (True, False))
    for case, (k, features, distance, customers, equal) in enumerate(cases):
        rng = np.random.default_rng([seed, case])
        weights = np.ones(k) if equal else rng.uniform(1, 3, k)
        spreads = np.ones(k) if equal else rng.uniform(1, 2, k)
        apart = distance * np.maximum(spreads[:, None], spreads)
        np.fill_diagonal(apart, 0)
        sizes = np.floor(customers * weights / weights.sum()).astype(int)
        sizes[0] += customers - sizes.sum()
        cluster = np.repeat(np.arange(k), sizes)
        noise = rng.normal(size=(customers, features)) * spreads[cluster, None]
        values = place_centres(rng, features, apart)[cluster] + noise
        yield "clusters", k, in_own_units(rng, values)


def make_structureless(seed: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Make the data sets without clusters: (kind, 1, values)."""
    kinds = ("uniform", "normal", "correlated normal", "exponential", "lognormal", "t")
    cases = itertools.product(kinds, (2, 3, 5, 8), (200, 1000), range(3))
    for case, (kind, features, customers, _) in enumerate(cases):
        rng = np.random.default_rng([seed, 10_000 + case])
        size = customers, features
        if kind == "uniform":
            values = rng.uniform(size=size)
        elif kind == "exponential":
            values = rng.exponential(size=size)
        elif kind == "lognormal":
            values = rng.lognormal(size=size)
        elif kind == "t":
            values = rng.standard_t(3, size=size)
        else:
            values = rng.normal(size=size)
        if kind == "correlated normal":
            values = values @ rng.normal(size=(features, features))
        yield kind, 1, in_own_units(rng, values)


def log_wcss(points: np.ndarray, largest: int, restarts: int, seed: int) -> np.ndarray:
    """Return ln WCSS at k = 1, 2, ..., largest."""
    ks = range(1, largest + 1)
    return np.log([KMeans(k, n_init=restarts, random_state=seed).fit(points).inertia_ for k in ks])


def read_gap(points: np.ndarray, wcss: np.ndarray, seed: int) -> int:
    """Read the gap statistic (Tibshirani, Walther and Hastie 2001), uniform over the ranges."""
    rng = np.random.default_rng(seed)
    low, high = points.min(axis=0), points.max(axis=0)
    clouds = [rng.uniform(low, high, points.shape) for _ in range(GAP_REFERENCES)]
    references = np.array([log_wcss(cloud, len(wcss), 2, seed) for cloud in clouds])
    gap = references.mean(axis=0) - np.log(wcss)
    error = references.std(axis=0) * np.sqrt(1 + 1 / GAP_REFERENCES)
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return int(enough[0]) + 1 if len(enough) else len(wcss)


def read_knee(wcss: pd.Series) -> int | None:
    """Read the curve by Kneedle, None if it finds no knee."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed says so when it finds no knee
        return KneeLocator(wcss.index, wcss, curve="convex", direction="decreasing").knee


def judge(case: tuple[str, int, np.ndarray]) -> dict:
    """Let every method name its k for one data set."""
    kind, k, values = case
    points = segment.scale(pd.DataFrame(values), raw=False)
    points = points[segment.draw_sample(len(points), segment.SAMPLE)]
    curve = segment.search(points, LARGEST if k < 10 else LARGEST_OF_MANY, seed=0)
    wcss = curve["wcss"]
    ours, sharpness = segment.choose_k(curve)
    harabasz, bouldin = {}, {}
    for n in curve.index[1:]:
        labels = KMeans(n, n_init=10, random_state=0).fit_predict(points)
        harabasz[n] = calinski_harabasz_score(points, labels)
        bouldin[n] = davies_bouldin_score(points, labels)
    named = {
        "ours": ours,
        "elbow alone": segment.find_elbow(wcss)[0],
        "silhouette": curve["silhouette"].idxmax(),
        "Calinski-Harabasz": max(harabasz, key=harabasz.get),
        "Davies-Bouldin": min(bouldin, key=bouldin.get),
        "gap": read_gap(points, wcss.to_numpy(), seed=0),
        "Kneedle": read_knee(wcss),
        "Kneedle from 2": read_knee(wcss.loc[2:]),
    }
    return {"kind": kind, "k": k, "clear": sharpness >= segment.CLEAR_SHARPNESS, **named}


def judge_public(path: Path) -> dict | None:
    """Do the same for a public data set; None if K-Means finds none of its labellings."""
    values = np.loadtxt(path, ndmin=2)
    points = segment.scale(pd.DataFrame(values), raw=False)
    name = path.name.removesuffix(".data.gz")
    for labelling in sorted(path.parent.glob(f"{name}.labels*.gz")):
        truth = np.loadtxt(labelling).astype(int)
        k = len(np.unique(truth[truth > 0]))
        if k < 2:
            continue
        labels = KMeans(k, n_init=25, random_state=0).fit_predict(points)
        if adjusted_rand_score(truth[truth > 0], labels[truth > 0]) >= RECOVERED:
            return judge((path.parent.name, k, values))
    return None


def show_progress(results: Iterator[dict | None], total: int, name: str) -> Iterator[dict | None]:
    """Pass the results on, and count them in place on stderr."""
    for done, result in enumerate(results, start=1):
        print(f"\r{name}: {done} of {total} data sets", end="", file=sys.stderr, flush=True)
        yield result
    print(file=sys.stderr)


def judge_all(work: Callable, cases: list, name: str) -> pd.DataFrame:
    """Judge data sets on all cores, a data set on one."""
    with ProcessPoolExecutor(os.cpu_count(), None, threadpool_limits, (1,)) as pool:
        results = show_progress(pool.map(work, cases), len(cases), name)
        return pd.DataFrame([result for result in results if result is not None])


def summarize(judged: pd.DataFrame) -> dict[str, float]:
    """Compute a column of the table of made data sets, in per cent."""
    planted = judged[judged["kind"] == "clusters"]
    others = judged[judged["kind"] != "clusters"]
    right = planted[METHODS].eq(planted["k"], axis=0)
    shares = {
        **right.mean(),
        "clear": planted["clear"].mean(),
        "right if clear": right.loc[planted["clear"], "ours"].mean(),
        "clear without clusters": others["clear"].mean(),
        **others.groupby("kind")["clear"].mean().add_prefix("clear: "),
    }
    return {name: 100 * share for name, share in shares.items()}


def summarize_public(judged: pd.DataFrame) -> dict[str, float]:
    """Compute the columns of a suite: right and within one of each method; clear, in per cent."""
    distance = judged[METHODS].sub(judged["k"], axis=0).abs()
    right = distance == 0
    shares = {
        **right.mean(),
        **(distance <= 1).mean().add_suffix(", within one"),
        "clear": judged["clear"].mean(),
        "right if clear": right.loc[judged["clear"], "ours"].mean(),
    }
    return {"data sets": len(judged)} | {name: 100 * share for name, share in shares.items()}


def main() -> None:
    """Judge the data sets of every seed or public suite, and print a table, a column for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="*", type=int, metavar="SEED")
    parser.add_argument("--public", type=Path, metavar="DIR", help="folder of public data sets")
    options = parser.parse_args()
    table = {}
    for seed in options.seeds:
        cases = [*make_clusters(seed), *make_structureless(seed)]
        table[f"seed {seed}"] = summarize(judge_all(judge, cases, f"seed {seed}"))
    if table:
        columns = pd.DataFrame(table)
        columns["mean"] = columns.mean(axis=1)
        print(columns.to_string(float_format="{:.1f}".format))
    if options.public:
        paths = sorted(options.public.glob("*/*.data.gz"))
        judged = judge_all(judge_public, paths, "public")
        suites = {suite: summarize_public(sets) for suite, sets in judged.groupby("kind")}
        print(pd.DataFrame(suites).to_string(float_format="{:.1f}".format))


if __name__ == "__main__":
    main()
