"""The curve of WCSS and the reading of its elbow."""

import math

import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, INCOME_AND_SCORE, MALL_CSV, call_main

import segment


def curve_of(drops):
    """Build the WCSS curve that has these relative drops at k = 2, 3, ...."""
    return 1000 * np.exp(-np.cumsum([0, *drops]))


@pytest.mark.parametrize("k", range(2, 10))
def test_sharp_bend_is_found_at_each_k(k):
    drops = [0.6 if at <= k else 0.1 for at in range(2, 11)]
    # The drop to 10 is as large as any later one, and counts (9 / k) ** 0.1 times.
    sharpness = pytest.approx(6 / (9 / k) ** 0.1)
    assert segment.find_elbow(curve_of(drops)) == (k, sharpness)


def test_all_drops_before_the_elbow_tower_over_all_after_it():
    # 0.4 / 0.1 at k = 3 beats 0.5 / 0.4 at k = 2; the drop to 5 counts (4 / 3) ** 0.1 times.
    sharpness = pytest.approx(4 / (4 / 3) ** 0.1)
    assert segment.find_elbow(curve_of([0.5, 0.4, 0.1, 0.1])) == (3, sharpness)
    # At k = 4 the small drop to 3 counts, 0.1 / 0.08; 0.5 / 0.3 at k = 2 is more.
    sharpness = pytest.approx(0.5 / (0.3 * (3 / 2) ** 0.1))
    assert segment.find_elbow(curve_of([0.5, 0.1, 0.3, 0.08, 0.07])) == (2, sharpness)


def test_unit_does_not_matter():
    curve = curve_of([0.3, 0.5, 0.2, 0.1])
    assert segment.find_elbow(curve * 1e9) == pytest.approx(segment.find_elbow(curve * 1e-9))


def test_smaller_of_two_equals():
    # Relative drops of ln 16, ln 4 and ln 2: both quotients are 2.
    assert segment.find_elbow([128, 8, 2, 1]) == (2, pytest.approx(2))


def test_halving_for_ever_has_no_sharp_elbow():
    assert segment.find_elbow([64, 32, 16, 8, 4])[1] == pytest.approx(1)


def test_straight_line_has_no_sharp_elbow():
    # W = 5, 4, 3, 2, 1: drops grow up to ln 2, so the last k is the best.
    k, sharpness = segment.find_elbow([5, 4, 3, 2, 1])
    assert (k, sharpness) == (4, pytest.approx(math.log(1.5) / math.log(2)))


def test_curve_that_reaches_zero_bends_where_it_does():
    assert segment.find_elbow([100, 40, 0, 0, 0]) == (3, math.inf)
    assert segment.find_elbow([100, 40, 1e-14, 3e-15, 0]) == (3, math.inf)


def test_flat_curves():
    assert segment.find_elbow([0, 0, 0]) == (2, 0)
    assert segment.find_elbow([7, 7, 7, 7]) == (2, 0)


def test_shortest_curve():
    # ln(100 / 25) / ln(25 / 5)
    assert segment.find_elbow([100, 25, 5]) == (2, pytest.approx(math.log(4) / math.log(5)))


@pytest.mark.parametrize("wcss", [[], [3, 2], [3, 2, math.nan], [3, -2, 1], [[3, 2, 1]]])
def test_what_is_no_curve_is_refused(wcss):
    with pytest.raises(ValueError, match="find_elbow"):
        segment.find_elbow(wcss)


@pytest.mark.parametrize(
    ("names", "textbook"),
    [
        (INCOME_AND_SCORE, {1: 269981.28, 3: 106348.37, 5: 44448.46}),
        (FEATURES, {5: 75350.78, 6: 58300.44}),
    ],
)
def test_wcss_of_raw_values_is_that_of_the_textbooks(names, textbook):
    customers = segment.read_customers(MALL_CSV)
    points = segment.scale(customers[names].astype(float), raw=True)
    curve = segment.search(points, 10, seed=0)
    for k, wcss in textbook.items():
        assert curve.loc[k, "wcss"] == pytest.approx(wcss, rel=1e-3)


def test_elbow_table_holds_the_curve(income_run):
    rows = income_run.rows("elbow.csv")
    assert [row["k"] for row in rows] == [str(k) for k in range(1, 11)]
    wcss = [float(row["wcss"]) for row in rows]
    assert wcss[0] == pytest.approx(269981.28, rel=1e-6)
    assert all(later < earlier for earlier, later in zip(wcss, wcss[1:], strict=False))
    assert rows[0]["silhouette"] == ""
    assert all(-1 <= float(row["silhouette"]) <= 1 for row in rows[1:])


def test_curve_of_fewer_distinct_customers_than_segments_ends_in_zeros():
    points = np.repeat([[0.0, 0], [0, 9], [9, 0], [9, 9]], 5, axis=0)
    curve = segment.search(points, 10, seed=0)
    assert list(curve.index) == list(range(1, 11))
    assert curve.loc[4:, "wcss"].abs().max() == pytest.approx(0)
    assert curve.loc[4, "silhouette"] == pytest.approx(1)
    assert curve.loc[5:, "silhouette"].isna().all()
    assert segment.find_elbow(curve["wcss"]) == (4, math.inf)


def test_curve_ends_before_every_customer_is_a_segment():
    points = np.random.default_rng(1).normal(size=(6, 2))
    assert list(segment.search(points, 10, seed=0).index) == [1, 2, 3, 4, 5]
    assert list(segment.search(points[:3], 10, seed=0).index) == [1, 2, 3]


def test_final_fit_does_not_bend_the_curve(tmp_path):
    # A better WCSS at one k alone would look like an elbow of it: clear, where it is weak.
    features = ["-f", *INCOME_AND_SCORE]
    run = call_main(tmp_path, MALL_CSV, *features, "-k", 14, "--max-clusters", 15)
    customers = pd.read_csv(MALL_CSV)[INCOME_AND_SCORE]
    searched = segment.search(segment.scale(customers, raw=False), 15, seed=0)
    wcss = [float(row["wcss"]) for row in run.rows("elbow.csv")]
    assert wcss == pytest.approx(searched["wcss"].tolist(), rel=1e-9)


def curve_with(wcss, silhouette):
    """Make a curve as search does, with both kinds of silhouette alike."""
    ks = pd.RangeIndex(1, len(wcss) + 1, name="k")
    columns = {"wcss": wcss, "silhouette": silhouette, "simplified_silhouette": silhouette}
    return pd.DataFrame(columns, ks)


def test_elbow_decides_where_it_is_sharp_and_silhouettes_where_it_is_not():
    silhouettes = [math.nan, 0.3, 0.4, 0.6, 0.5, 0.4]
    wcss = curve_of([1.5, 1.2, 0.2, 0.2, 0.2])
    k, sharpness = segment.find_elbow(wcss)
    assert segment.choose_k(curve_with(wcss, silhouettes)) == (k, sharpness) and k == 3
    wcss = curve_of([0.5, 0.4, 0.3, 0.35, 0.2])
    k, sharpness = segment.find_elbow(wcss)
    assert sharpness < 2 and k != 4
    assert segment.choose_k(curve_with(wcss, silhouettes)) == (4, sharpness)


@pytest.mark.parametrize("seed", range(3))
def test_three_small_groups_beside_a_large_one_are_found(seed):
    rng = np.random.default_rng(seed)
    sizes = {(0, 0): 700, (10, 0): 80, (0, 10): 80, (10, 10): 80}
    groups = [rng.normal(centre, 2, size=(size, 2)) for centre, size in sizes.items()]
    curve = segment.search(segment.scale(pd.DataFrame(np.concatenate(groups))), 10, seed=0)
    assert segment.find_elbow(curve["wcss"])[0] == 6  # WCSS gains more by cutting the large one
    assert segment.choose_k(curve)[0] == 4


def test_wcss_never_rises_however_few_starts_find_the_best():
    points = np.random.default_rng(2).uniform(size=(150, 3))
    wcss = segment.search(points, 30, seed=1)["wcss"]
    assert (np.diff(wcss) < 0).all()


def test_simplified_silhouette_by_its_definition():
    points = np.array([[0.0, 0], [0, 2], [10, 0], [10, 2]])
    curve = segment.search(points, 3, seed=0)
    # Each customer is 1 from its own centroid and sqrt(101) from the other.
    assert curve.loc[2, "simplified_silhouette"] == pytest.approx(1 - 1 / math.sqrt(101))


@pytest.mark.parametrize(
    ("names", "k", "farthest"), [(FEATURES, 6, 11), (INCOME_AND_SCORE, 5, 30)], ids=["6", "5"]
)
def test_k_of_the_mall_hangs_neither_on_seed_nor_on_how_far_the_search_goes(names, k, farthest):
    # Of three features the elbow moves to 11 where the search goes beyond 11.
    points = segment.scale(pd.read_csv(MALL_CSV)[names])
    for seed in (0, 1):
        curve = segment.search(points, farthest, seed)
        for largest in range(8, farthest + 1):
            assert segment.choose_k(curve.loc[:largest])[0] == k


def test_simplified_silhouette_decides_where_elbow_and_silhouette_differ():
    curve = curve_with(curve_of([0.5, 0.4, 0.3, 0.35, 0.2]), [math.nan, 0.3, 0.4, 0.6, 0.5, 0.4])
    elbow, sharpness = segment.find_elbow(curve["wcss"])
    curve["simplified_silhouette"] = [math.nan, 0.3, 0.6, 0.5, 0.4, 0.4]
    assert elbow == 5 and segment.choose_k(curve) == (3, sharpness)
    curve["silhouette"] = curve["silhouette"].where(curve.index != elbow, 0.9)
    assert segment.choose_k(curve) == (elbow, sharpness)


def test_k_beyond_the_search_is_on_the_curve_but_does_not_move_the_elbow(tmp_path):
    run = call_main(tmp_path, MALL_CSV, "-k", 12, "--max-clusters", 8)
    assert [row["k"] for row in run.rows("elbow.csv")] == [str(k) for k in range(1, 13)]
    assert "You asked for 12 segments; without -k it would be 6 segments" in run.report
    assert "elbow at 6 segments" in run.report
