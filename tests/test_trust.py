"""How far to trust the segments: stability, silhouettes, and what the user is told."""

import re

import numpy as np
import pandas as pd
import pytest
from benchmarks import elbow as benchmark
from conftest import INCOME_AND_SCORE, segment_shop
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples


def segment_points(folder, points, *arguments):
    """Run the command for points as customers with two features or more."""
    table = pd.DataFrame(points).add_prefix("feature ")
    return segment_shop(folder, table, "-f", *table, *arguments)


def stabilities(run):
    return {int(row["Segment"]): float(row["Stability"]) for row in run.rows("profiles.csv")}


def make_clusters(centres, customers, seed):
    """Make so many customers around each of the centres."""
    centres = np.repeat(centres, customers, axis=0)
    return centres + np.random.default_rng(seed).normal(size=centres.shape)


def test_separated_segments_are_stable_and_clear(tmp_path):
    centres = [[0, 0], [9, 0], [0, 9], [9, 9], [18, 4]]
    run = segment_points(tmp_path, make_clusters(centres, 50, seed=5))
    assert len(stabilities(run)) == 5
    assert min(stabilities(run).values()) > 0.95
    assert run.warnings == []
    assert "elbow at 5 segments is clear" in run.report
    assert "the silhouette names 5, too" in run.report
    assert "these segments can be relied on" in run.report
    assert "All 5 segments are stable" in run.report


def test_more_segments_than_were_searched_are_not_called_none(tmp_path):
    centres = [[x * 20, y * 20] for x in range(4) for y in range(3)]
    run = segment_points(tmp_path, make_clusters(centres, 20, seed=6))
    assert "no clear segments" not in run.report + run.err
    assert "the last k: look further with --max-clusters" in run.report


@pytest.fixture(scope="module", params=range(2))
def cut_cloud(request, tmp_path_factory):
    """Cut a round cloud in four: the customers, and the run."""
    points = np.random.default_rng(request.param).normal(size=(200, 2))
    folder = tmp_path_factory.mktemp("cloud")
    return points, segment_points(folder, points, "-k", 4, "--max-clusters", 3)


def test_round_cloud_cut_in_four_is_not_stable(cut_cloud):
    _, run = cut_cloud
    assert min(stabilities(run).values()) < 0.75


def test_report_names_the_unstable_segments(cut_cloud):
    _, run = cut_cloud
    report = " ".join(run.report.split())
    said = re.search(r"Not stable: segment ([^.;]*(\.\d[^.;]*)*)", report)[1]
    shaky = [int(number) for number in re.findall(r"(\d+) \(", said)]
    for number, stability in stabilities(run).items():
        assert (number in shaky) or stability > 0.65  # above it may be about 0.75
        assert (number not in shaky) or stability < 0.75


def test_report_counts_the_customers_nearer_to_another_segment(cut_cloud):
    points, run = cut_cloud
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    misplaced = (silhouette_samples(points, run.labels()) < 0).sum()
    assert misplaced
    assert f"{misplaced} of 200 customers fit another segment better." in run.report
    title = run.figures["06_silhouette.png"].texts[0].get_text()
    assert title == f"{misplaced} of 200 customers lie nearer to another segment"


@pytest.mark.parametrize(("features", "seed"), [(2, 0), (5, 1)])
def test_single_cloud_has_no_clear_segments(features, seed, tmp_path):
    points = np.random.default_rng(seed).normal(size=(300, features))
    run = segment_points(tmp_path, points)
    assert re.search(r"elbow at \d+ segments is weak", run.report)
    assert "no clear segments" in run.report
    assert run.figures["00_summary.png"].texts[0].get_text().endswith("are of no clear kinds")
    assert "So do not take them for kinds of customers." in run.report
    assert not re.search("(All .*|Both) segments are stable[^;]*$", run.report)
    assert run.noise == []


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
    for number, stability in stabilities(income_run).items():
        assert stability >= 0.75
        assert stability == pytest.approx(np.mean(best[number]), abs=0.05)


DISAGREEING = make_clusters([[0, 0], [7, 0], [60, 60]], 20, seed=1)


def test_disagreement_is_reported(tmp_path):
    run = segment_points(tmp_path, DISAGREEING)
    assert len(stabilities(run)) == 3
    verdict = (
        r"elbow at 3 segments is clear \(sharpness [\d.]+, clear from 3\); the silhouette prefers 2"
    )
    assert re.search(verdict, run.report)
    assert run.warnings == []


def test_number_that_was_asked_for_is_no_doubt(tmp_path):
    run = segment_points(tmp_path, DISAGREEING, "-k", 4)
    assert "You asked for 4 segments; without -k it would be 3 segments: the elbow" in run.report
    assert "agree" not in run.report
    assert not any("elbow" in warning for warning in run.warnings)


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


def test_benchmark_counts_public_sets_that_k_means_can_do(tmp_path):
    points = make_clusters([[0, 0], [9, 9]], 30, seed=2)
    clusters, noise = np.repeat([1, 2], 30), np.arange(60) % 10 == 0
    for name, labels in {"two": np.where(noise, 0, clusters), "odd": np.arange(60) % 2 + 1}.items():
        np.savetxt(tmp_path / f"{name}.data.gz", points)
        np.savetxt(tmp_path / f"{name}.labels0.gz", labels, fmt="%d")
    judged = benchmark.judge_public(tmp_path / "two.data.gz")
    assert judged["k"] == judged["ours"] == 2 and judged["clear"]
    assert benchmark.judge_public(tmp_path / "odd.data.gz") is None
