"""Count how often each method names the right number of clusters.

    python tests/benchmarks/elbow.py SEED [SEED ...]

For every seed it makes data sets with a known number k of normal clusters: k = 2 to 9 in 2, 3, 5
and 8 features, 200 and 1,000 customers, centres at least 3, 4 or 6 standard deviations (of the
wider cluster of the two) apart. They lie in a box whose side is twice that distance, or as much
more as it takes. Half of the data sets have clusters of one size and spread; in the other half the
largest has up to three times the customers of the smallest, and up to twice its spread. Every
feature has a unit of its own. Then it makes data sets without clusters. All methods see the same
z-scores and the same K-Means, with k = 1 to 10 (from 2 where k = 1 is not defined).
"""

import argparse
import itertools
import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from kneed import KneeLocator
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score
from threadpoolctl import threadpool_limits

import segment

LARGEST = 10
GAP_REFERENCES = 10
METHODS = ["ours", "Kneedle", "Kneedle from 2", "silhouette", "Calinski-Harabasz", "gap"]


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
    kinds = ("uniform", "normal", "correlated normal", "exponential")
    cases = itertools.product(kinds, (2, 3, 5, 8), (200, 1000), range(3))
    for case, (kind, features, customers, _) in enumerate(cases):
        rng = np.random.default_rng([seed, 10_000 + case])
        size = customers, features
        if kind == "uniform":
            values = rng.uniform(size=size)
        elif kind == "exponential":
            values = rng.exponential(size=size)
        else:
            values = rng.normal(size=size)
        if kind == "correlated normal":
            values = values @ rng.normal(size=(features, features))
        yield kind, 1, in_own_units(rng, values)


def log_wcss(points: np.ndarray, restarts: int, seed: int) -> np.ndarray:
    """Return ln WCSS at k = 1, 2, ..., LARGEST."""
    fits = (
        KMeans(k, n_init=restarts, random_state=seed).fit(points) for k in range(1, LARGEST + 1)
    )
    return np.log([fit.inertia_ for fit in fits])


def read_gap(points: np.ndarray, wcss: np.ndarray, seed: int) -> int:
    """Read the gap statistic (Tibshirani, Walther and Hastie 2001), uniform over the ranges."""
    rng = np.random.default_rng(seed)
    low, high = points.min(axis=0), points.max(axis=0)
    references = np.array(
        [log_wcss(rng.uniform(low, high, points.shape), 2, seed) for _ in range(GAP_REFERENCES)]
    )
    gap = references.mean(axis=0) - np.log(wcss)
    error = references.std(axis=0) * np.sqrt(1 + 1 / GAP_REFERENCES)
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return int(enough[0]) + 1 if len(enough) else LARGEST


def judge(case: tuple[str, int, np.ndarray]) -> dict:
    """Let every method name its k for one data set."""
    kind, k, values = case
    points = segment.scale(pd.DataFrame(values), raw=False)
    curve = segment.search(points, LARGEST, seed=0)
    wcss, ks = curve["wcss"].to_numpy(), curve.index.to_numpy()
    ours, sharpness = segment.find_elbow(wcss)
    fits = [KMeans(n, n_init=10, random_state=0).fit_predict(points) for n in ks[1:]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed says so when it finds no knee
        knees = [
            KneeLocator(ks[start:], wcss[start:], curve="convex", direction="decreasing").knee
            for start in (0, 1)
        ]
    scores = [calinski_harabasz_score(points, labels) for labels in fits]
    named = [ours, *knees, curve["silhouette"].idxmax(), ks[1:][np.argmax(scores)]]
    clear = sharpness >= segment.CLEAR_SHARPNESS
    gap = read_gap(points, wcss, seed=0)
    return {"kind": kind, "k": k, "clear": clear, **dict(zip(METHODS, [*named, gap], strict=True))}


def show_progress(results: Iterator[dict], total: int, seed: int) -> Iterator[dict]:
    """Pass the results on, and count them in place on stderr."""
    for done, result in enumerate(results, start=1):
        print(f"\rseed {seed}: {done} of {total} data sets", end="", file=sys.stderr, flush=True)
        yield result
    print(file=sys.stderr)


def summarize(judged: pd.DataFrame) -> dict[str, float]:
    """Compute the columns of the table, in per cent."""
    planted = judged[judged["kind"] == "clusters"]
    right = planted[METHODS].eq(planted["k"], axis=0)
    kinds = judged[judged["kind"] != "clusters"].groupby("kind")["clear"].mean()
    even = judged[judged["kind"].isin(["uniform", "normal"])]
    shares = {
        **right.mean(),
        "ours clear": planted["clear"].mean(),
        "right if clear": right.loc[planted["clear"], "ours"].mean(),
        "clear: uniform or normal": even["clear"].mean(),
        **{f"clear: {kind}": share for kind, share in kinds.items()},
    }
    return {name: 100 * share for name, share in shares.items()}


def main() -> None:
    """Judge the data sets of every seed and print the table, a column a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="+", type=int, metavar="SEED")
    table = {}
    for seed in parser.parse_args().seeds:
        cases = [*make_clusters(seed), *make_structureless(seed)]
        # Data sets share the cores; a data set has one.
        with ProcessPoolExecutor(os.cpu_count(), None, threadpool_limits, (1,)) as pool:
            results = list(show_progress(pool.map(judge, cases), len(cases), seed))
        table[f"seed {seed}"] = summarize(pd.DataFrame(results))
    shown = pd.DataFrame(table)
    shown["mean"] = shown.mean(axis=1)
    print(shown.to_string(float_format="{:.1f}".format))


if __name__ == "__main__":
    main()
