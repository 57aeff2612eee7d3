"""How far to trust the segments: stability, silhouettes, and what the user is told."""

import numpy as np
import pandas as pd
import pytest
from benchmarks import elbow as benchmark
from conftest import INCOME_AND_SCORE, find_segments
from sklearn.cluster import KMeans

import segment


def trust(points, k=None):
    """Go from points to labels, profiles, and verdict, trust and doubts."""
    curve, labels = find_segments(points, k)
    silhouettes = pd.Series(segment.silhouettes_of(points, labels))
    stability = segment.find_stability(points, labels, seed=0)
    even = segment.find_even_silhouette(points, labels.max(), seed=0)
    names = pd.Series("a segment", range(1, labels.max() + 1))
    profiles = segment.profile(names, labels, silhouettes, stability)
    return labels, profiles, segment.judge(curve, profiles, silhouettes, even)


def five_clusters():
    centres = np.array([[0, 0], [9, 0], [0, 9], [9, 9], [18, 4]])
    noise = np.random.default_rng(5).normal(size=(250, 2))
    return np.repeat(centres, 50, axis=0) + noise


def test_separated_segments_are_stable_and_clear():
    _, profiles, (verdict, _, doubts) = trust(five_clusters())
    assert len(profiles) == 5
    assert (profiles["Stability"] > 0.95).all()
    assert doubts == []
    assert verdict.startswith("The elbow at 5 segments is clear")
    assert "The silhouette agrees" in verdict


def test_more_segments_than_were_searched_are_not_called_none():
    centres = np.array([[x, y] for x in range(4) for y in range(3)]) * 20
    noise = np.random.default_rng(6).normal(size=(240, 2))
    _, _, (verdict, _, doubts) = trust(np.repeat(centres, 20, axis=0) + noise)
    assert "no clear segments" not in verdict
    assert any("look further with --max-clusters" in doubt for doubt in doubts)


@pytest.mark.parametrize("seed", range(3))
def test_round_cloud_cut_in_four_is_not_stable(seed):
    points = np.random.default_rng(seed).normal(size=(200, 2))
    assert trust(points, k=4)[1]["Stability"].min() < 0.75


@pytest.mark.parametrize("features", [2, 5])
@pytest.mark.parametrize("seed", range(2))
def test_single_cloud_has_no_clear_segments(features, seed):
    points = np.random.default_rng(seed).normal(size=(300, features))
    _, _, (verdict, _, doubts) = trust(points)
    assert "weak" in verdict and "no clear segments" in verdict
    assert "no clear segments" in doubts[0]


def test_report_and_warning_say_that_there_are_no_clear_segments(tmp_path, capsys):
    cloud = np.random.default_rng(7).normal(size=(200, 2))
    pd.DataFrame(cloud, columns=["Visits", "Spent"]).to_csv(tmp_path / "shop.csv", index=False)
    folder = tmp_path / "output"
    assert (
        segment.main([str(tmp_path / "shop.csv"), "-f", "visits", "spent", "-o", str(folder)]) == 0
    )
    out, err = capsys.readouterr()
    assert "K-Means found no clear segments." in out
    lines = err.splitlines()
    assert all(line.startswith("segment.py: warning: ") for line in lines)
    assert "no clear segments" in lines[0]


def test_stability_of_the_mall_against_a_second_computation(income_run):
    rows = income_run.rows("segments.csv")
    values = np.array([[float(row[name]) for name in INCOME_AND_SCORE] for row in rows])
    segments = {}
    for customer, row in enumerate(rows):
        segments.setdefault(int(row["Segment"]), set()).add(customer)
    draw = np.random.default_rng(99)
    best = {number: [] for number in segments}
    for _ in range(30):
        drawn = draw.choice(200, 200)
        refit = KMeans(5, n_init=5, random_state=1).fit_predict(values[drawn])
        groups = [set(drawn[refit == group].tolist()) for group in range(5)]
        for number, members in segments.items():
            here = members & set(drawn.tolist())
            best[number].append(max(len(here & g) / len(here | g) for g in groups))
    for row in income_run.rows("profiles.csv"):
        stability = float(row["Stability"])
        assert stability >= 0.75
        assert stability == pytest.approx(np.mean(best[int(row["Segment"])]), abs=0.05)


def test_stability_by_hand():
    # Two pairs of customers, far apart. If some of both are drawn, both segments come back whole.
    # If one pair is missing, its segment has 0, and the other one is cut into the customers drawn.
    points = np.array([[0.0, 0], [1, 0], [50, 0], [51, 0]])
    rng = np.random.default_rng(0)
    expected = []
    for _ in range(segment.RESAMPLES):
        drawn = set(rng.integers(4, size=4).tolist())
        pairs = [drawn & {0, 1}, drawn & {2, 3}]
        both = all(pairs)
        expected.append([1 if both else 1 / len(pair) if pair else 0 for pair in pairs])
    found = segment.find_stability(points, np.array([1, 1, 2, 2]), seed=0)
    assert found == pytest.approx(np.mean(expected, axis=0))
    assert not np.all(expected)  # the draws do hold the case of a missing pair


def test_same_seed_same_trust():
    points = five_clusters()
    labels = find_segments(points, 5)[1]
    first, second = (segment.find_stability(points, labels, seed=3) for _ in range(2))
    assert (first == second).all()
    assert segment.find_even_silhouette(points, 5, 3) == segment.find_even_silhouette(points, 5, 3)


def judge(stability, silhouettes):
    """Judge a curve with its elbow at 3, sharp, and its best silhouette at 2."""
    wcss, scores = [100, 50, 10, 9, 8.5], [np.nan, 0.6, 0.5, 0.4, 0.3]
    curve = pd.DataFrame({"wcss": wcss, "silhouette": scores}, index=range(1, 6))
    profiles = pd.DataFrame({"Stability": stability}, index=range(1, len(stability) + 1))
    return segment.judge(curve, profiles, pd.Series(silhouettes), even=0.1)


def test_trust_counts_the_misplaced_and_names_the_unstable():
    _, text, doubts = judge([0.9, 0.74, 0.55], [0.5, -0.1, 0.2, 0.3])
    text = " ".join(text.split())
    assert "25% of the customers have a silhouette below 0" in text
    assert "Not stable: segment 2 (0.74), 3 (0.55)" in text
    assert any("not stable: segment 2, 3" in doubt for doubt in doubts)


def test_disagreement_is_a_doubt_that_says_what_to_try():
    verdict, _, doubts = judge([1.0, 1, 1], [0.5])
    assert len(doubts) == 1
    assert "elbow names 3 segments, the silhouette 2" in doubts[0] and "-k" in doubts[0]
    assert "disagrees and prefers 2 (0.60)" in verdict
    assert judge([1.0, 1, 1, 1], [0.5])[2] == []


def test_benchmark_makes_what_it_says_and_asks_every_method():
    rng = np.random.default_rng(0)
    centres = benchmark.place_centres(rng, 3, 4.0 * (1 - np.eye(6)))
    distances = np.linalg.norm(centres[:, None] - centres, axis=2)
    assert distances[np.triu_indices(6, 1)].min() >= 4
    cases = list(benchmark.make_clusters(1))
    assert len(cases) == 8 * 4 * 3 * 2 * 2
    assert {len(values) for _, _, values in cases} == {200, 1000}
    judged = benchmark.judge(cases[9])  # two clusters in 2 features, 200 customers, 6 apart
    assert set(benchmark.METHODS) < set(judged)
    assert judged["k"] == 2
