"""Count how often --like warns of changes where there are none, and where there are some.

    python tests/benchmarks/alarms.py [PAIRS [FIRST_SEED]]

Each pair is two months of customers drawn from the same groups: 3 to 6 normal clusters in three
features, 60 to 1,000 customers. In the first month they are segmented, in the second given to these
segments. Then a tenth of the second month become a group of their own, four root mean squares of
the distances of the first month away from the nearest centroid, and half as wide as a segment.
"""

import argparse
import itertools
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import segment

SIZES = (60, 100, 200, 500, 1000)
GROUPS = (3, 4, 5, 6)
FEATURES = ["A", "B", "C"]
WARNINGS = {"far": "new kind", "mean": "the mean of", "empty": "no customers"}


def make_groups(rng: np.random.Generator, groups: int) -> tuple[np.ndarray, ...]:
    """Draw centres at least four apart, spreads of 1 to 1.6, and shares."""
    while True:
        centres = rng.uniform(0, 12, (groups, 3))
        distances = np.linalg.norm(centres[:, None] - centres, axis=2)
        if (distances + 99 * np.eye(groups)).min() >= 4:
            return centres, rng.uniform(1, 1.6, groups), rng.dirichlet(np.full(groups, 8.0))


def draw(rng: np.random.Generator, customers: int, groups: tuple[np.ndarray, ...]) -> pd.DataFrame:
    """Draw the customers of a month."""
    centres, spreads, shares = groups
    group = rng.choice(len(centres), customers, p=shares)
    noise = rng.normal(size=(customers, 3)) * spreads[group, None]
    return pd.DataFrame(centres[group] + noise, columns=FEATURES)


def place_strangers(rng: np.random.Generator, fit: segment.Fit, customers: int) -> np.ndarray:
    """Draw customers four root mean squares from the nearest centroid."""
    reach = np.sqrt(fit.evidence.curve.at[len(fit.centroids), "wcss"] / len(fit.labels))
    while True:
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        centre = rng.choice(fit.centroids) + 4 * reach * direction
        if np.linalg.norm(fit.centroids - centre, axis=1).min() >= 4 * reach * (1 - 1e-9):
            return centre + rng.normal(size=(customers, 3)) * reach / np.sqrt(3) / 2


def list_alarms(earlier: segment.Earlier, scaled: pd.DataFrame) -> list[bool]:
    """Tell of each kind of warning whether this month gets it."""
    fit = segment.find_again(scaled, earlier)
    categories = pd.DataFrame(index=scaled.index)
    segments = segment.describe(scaled, scaled, categories, fit)
    cautions = " ".join(segment.find_changes(segments, scaled, earlier))
    return [word in cautions for word in WARNINGS.values()]


def judge(case: tuple[int, int, int]) -> dict:
    """Segment a first month, and ask of two second ones, without and with strangers."""
    customers, group_count, seed = case
    rng = np.random.default_rng(case)
    groups = make_groups(rng, group_count)
    first = draw(rng, customers, groups)
    units = segment.measure_units(first)
    units.insert(0, "log", False)
    scaled = pd.DataFrame(segment.apply_units(first, units), columns=FEATURES)
    options = argparse.Namespace(clusters=group_count, max_clusters=10, seed=0)
    fit = segment.find_segments(scaled, options)
    segments = segment.describe(first, scaled, pd.DataFrame(index=first.index), fit)
    then = segment.summarize(segments, fit.evidence)
    model = {"far_deviation": fit.evidence.far_deviation}
    earlier = segment.Earlier(Path(), model, units, then, fit.centroids)
    second = draw(rng, customers, groups)
    scaled = pd.DataFrame(segment.apply_units(second, units), columns=FEATURES)
    false = list_alarms(earlier, scaled)
    strangers = place_strangers(rng, fit, customers // 10)
    scaled.iloc[: len(strangers)] = strangers
    found = list_alarms(earlier, scaled)
    names = {f"false: {name}": alarm for name, alarm in zip(WARNINGS, false, strict=True)}
    case = {"customers": customers, "groups": group_count}
    return case | names | {"false: any": any(false), "strangers found": found[0]}


def main() -> None:
    """Print a table in per cent, a row for each number of customers and of groups."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="?", type=int, default=200)
    parser.add_argument("first_seed", nargs="?", type=int, default=0)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.pairs)
    cases = list(itertools.product(SIZES, GROUPS, seeds))
    with ProcessPoolExecutor(os.cpu_count(), None, threadpool_limits, (1,)) as pool:
        judged = pd.DataFrame(pool.map(judge, cases, chunksize=4))
    shares = 100 * judged.groupby(["customers", "groups"]).mean()
    print(shares.to_string(float_format="{:.1f}".format))


if __name__ == "__main__":
    main()
