"""The segments, their names and their profiles, checked against the tests' own computation."""

import statistics

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, INCOME_AND_SCORE, MALL_CSV, find_segments

import segment


def segments_of(customers, names, seed=0, raw=False):
    """Go the script's way from the customers to their segments, without the pictures."""
    features = customers[names].astype(float)
    points = segment.scale(features, raw)
    return find_segments(points, seed=seed)[1]


def test_segments_table_is_the_input_with_two_columns_more(default_run):
    with open(MALL_CSV, encoding="utf-8") as file:
        written = file.read().splitlines()
    lines = (default_run.folder / "segments.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 201
    assert lines[0] == written[0] + ",Segment,Segment name"
    for line, original in zip(lines[1:], written[1:], strict=True):
        assert line.startswith(original + ",")


def test_profiles_are_the_sizes_and_means_of_the_segments(default_run):
    rows, profiles = default_run.rows("segments.csv"), default_run.rows("profiles.csv")
    assert [row["Segment"] for row in profiles] == list("123456")
    for described in profiles:
        members = [row for row in rows if row["Segment"] == described["Segment"]]
        assert int(described["Customers"]) == len(members)
        assert float(described["Share"]) == pytest.approx(len(members) / 200)
        assert {row["Segment name"] for row in members} == {described["Name"]}
        for name in FEATURES:
            mean = statistics.fmean(float(row[name]) for row in members)
            assert float(described[name]) == pytest.approx(mean)
        women = sum(row["Gender"] == "Female" for row in members) / len(members)
        assert float(described["Gender: Female"]) == pytest.approx(women)
        assert float(described["Gender: Male"]) == pytest.approx(1 - women)
    sizes = [int(row["Customers"]) for row in profiles]
    assert sum(sizes) == 200
    assert sizes == sorted(sizes, reverse=True)


def test_silhouettes_by_their_definition(default_run):
    rows, profiles = default_run.rows("segments.csv"), default_run.rows("profiles.csv")
    values = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    points = (values - values.mean(axis=0)) / values.std(axis=0)
    labels = np.array([int(row["Segment"]) for row in rows])
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    totals = np.array([distances[:, labels == s].sum(axis=1) for s in range(1, 7)])
    sizes = np.bincount(labels)[1:]
    own = (labels - 1, np.arange(200))
    inside = totals[own] / (sizes[labels - 1] - 1)
    means = totals / sizes[:, None]
    means[own] = np.inf
    nearest = means.min(axis=0)
    silhouettes = (nearest - inside) / np.maximum(nearest, inside)
    for row in profiles:
        mean = silhouettes[labels == int(row["Segment"])].mean()
        assert float(row["Silhouette"]) == pytest.approx(mean)
    curve = {row["k"]: row["silhouette"] for row in default_run.rows("elbow.csv")}
    assert float(curve["6"]) == pytest.approx(silhouettes.mean())


@pytest.mark.parametrize("names", [FEATURES, INCOME_AND_SCORE], ids=["three", "two"])
def test_neither_seed_nor_order_moves_a_customer(names):
    customers = segment.read_customers(MALL_CSV)
    expected = segments_of(customers, names)
    for seed in range(1, 21):
        shuffled = customers.sample(frac=1, random_state=seed)
        found = pd.Series(segments_of(shuffled, names, seed), shuffled.index)
        assert (found.sort_index() == expected).all(), seed


def test_unit_of_a_column_moves_no_customer():
    customers = segment.read_customers(MALL_CSV)
    expected = segments_of(customers, FEATURES)
    for name in FEATURES:
        larger = customers.assign(**{name: customers[name] * 1000})
        assert (segments_of(larger, FEATURES) == expected).all(), name


def test_raw_values_are_clustered_as_they_are():
    customers = segment.read_customers(MALL_CSV)
    larger = customers.assign(**{"Age": customers["Age"] * 1000})
    raw = segments_of(larger, FEATURES, raw=True)
    # With ages in the thousands nothing else matters: no two segments share an age.
    assert larger["Age"].groupby(raw).agg(np.ptp).sum() < np.ptp(larger["Age"])


def test_equal_sizes_are_ordered_by_centroid():
    points = np.repeat([[5.0, 1], [1, 9], [1, 2]], 4, axis=0)
    curve, labels = find_segments(points, 3)
    assert labels.tolist() == [3] * 4 + [2] * 4 + [1] * 4
    assert curve.loc[3, "wcss"] == pytest.approx(0)


def names_of(features, labels):
    """Name the segments of customers without categories."""
    nothing = pd.DataFrame(index=features.index)
    return segment.name_segments(*segment.describe(features, nothing, labels))


def test_names_say_what_sets_a_segment_apart():
    features = pd.DataFrame({"Age": [20, 20, 40, 40, 60, 60], "Annual Income": [9, 9, 5, 5, 1, 1]})
    names = names_of(features.astype(float), np.array([1, 1, 2, 2, 3, 3]))
    assert names.to_dict() == {1: "younger, high income", 2: "average", 3: "older, low income"}


def test_half_a_standard_deviation_earns_a_word():
    # Mean 0 and standard deviation 2 (of a sample): the third segment lies just at half of it.
    ages = np.array([-2.0, -2, -2, 1, 1, 1, 3, 0])
    ages = (ages - ages.mean()) / ages.std(ddof=1)
    features = pd.DataFrame({"Age": ages, "Visits": [0.0, 1] * 4})
    labels = np.array([1, 1, 1, 2, 2, 2, 3, 3])
    names = names_of(features, labels)
    for number in (1, 2, 3):
        mean = ages[labels == number].mean()
        assert ("older" in names[number]) == (mean >= 0.5)
        assert ("younger" in names[number]) == (mean <= -0.5)


def test_no_two_segments_share_a_name():
    ages = np.repeat([10.0, 12, 50, 70, 70, 71], 5)
    features = pd.DataFrame({"Age": ages, "Visits": np.tile([1.0, 2, 3, 4, 5], 6)})
    names = names_of(features, np.repeat([1, 2, 3, 4, 5, 6], 5))
    assert names.nunique() == 6
    assert names[1] == "younger (age 10)"
    assert names[4] != names[5]


def test_words_of_a_name_tell_columns_apart():
    assert segment.short_names(["Annual Income (k$)", "Spending Score (1-100)", "Age"]) == {
        "Annual Income (k$)": "income",
        "Spending Score (1-100)": "spending",
        "Age": "age",
    }
    assert segment.short_names(["Annual income", "Total income"]) == {
        "Annual income": "annual income",
        "Total income": "total income",
    }


def analyse(*arguments):
    """Go the whole road but for the pictures on disk: the report and the files to be saved."""
    report, _, files = segment.analyse(segment.parse_arguments([str(part) for part in arguments]))
    plt.close("all")
    return report, files


def test_customers_with_a_missing_feature_stay_without_a_segment(tmp_path):
    lines = MALL_CSV.read_text().splitlines()
    lines[4] = "4,Female,,16,77"
    lines[9] = "9,,64,19,3"
    (tmp_path / "gaps.csv").write_text("\n".join(lines) + "\n")
    report, files = analyse(tmp_path / "gaps.csv")
    report = " ".join(report.split())
    assert "1 of Gender, 1 of Age" in report
    assert "customers who miss a feature, and so get no segment: 1" in report
    segment.save(tmp_path / "output", {"segments.csv": files["segments.csv"]})
    rows = (tmp_path / "output" / "segments.csv").read_text().splitlines()
    assert rows[4] == "4,Female,,16,77,,"
    assert rows[9].startswith("9,,64,19,3,")
    assert sum(row.endswith(",,") for row in rows) == 1
    profiles = files["profiles.csv"]
    assert profiles["Customers"].sum() == 199
    assert (profiles["Gender: (blank)"] * profiles["Customers"]).sum() == pytest.approx(1)


def test_values_stay_as_the_file_spells_them(tmp_path):
    rows = ["00001,TRUE,19,0.50,NA", "00002,true,,1.25,", '00003,False,61,9.00,"a,b"']
    rows += [f"{i:05},x,{i},{i % 5}.0,z" for i in range(4, 30)]
    text = "id,Member,Age,Spent,Note\n" + "\n".join(rows) + "\n"
    (tmp_path / "shop.csv").write_text(text)
    _, files = analyse(tmp_path / "shop.csv", "-f", "age", "spent")
    segment.save(tmp_path / "output", {"segments.csv": files["segments.csv"]})
    lines = (tmp_path / "output" / "segments.csv").read_text().splitlines()
    for line, original in zip(lines[1:], rows, strict=True):
        assert line.startswith(original + ",")
    assert lines[2] == rows[1] + ",,"


def test_features_may_be_called_like_columns_of_the_profiles(tmp_path):
    names = ["Segment", "Name", "Customers", "City: Rome"]
    values = np.random.default_rng(3).normal(size=(30, 4)) + np.repeat([[0], [9], [18]], 10, axis=0)
    table = pd.DataFrame(values, columns=names).assign(City=["Rome", "Oslo"] * 15)
    table.to_csv(tmp_path / "shop.csv", index=False)
    profiles = analyse(tmp_path / "shop.csv", "-f", *names)[1]["profiles.csv"]
    assert profiles.index.name == "Segment"
    assert list(profiles)[:7] == ["Name", "Customers", "Share", *names]
    assert profiles.iloc[:, 1].tolist() == [10, 10, 10]
    means = values[:, 0].reshape(3, 10).mean(axis=1)
    assert sorted(profiles.iloc[:, 3]) == pytest.approx(means.tolist())


def test_names_see_a_logged_feature_as_k_means_does(tmp_path):
    rng = np.random.default_rng(2)
    spent = np.exp(np.repeat([2, 5, 8], 50) + rng.normal(0, 0.2, 150))
    spent[0] = 1e7  # beside which all others are alike
    table = pd.DataFrame({"Visits": rng.normal(9, 1, 150), "Spent": spent})
    table.to_csv(tmp_path / "shop.csv", index=False)
    _, files = analyse(tmp_path / "shop.csv", "-f", "Visits", "Spent", "--log", "Spent", "-k", 3)
    names = files["profiles.csv"]["Name"]
    assert names.str.contains("low spent").any() and names.str.contains("high spent").any()
