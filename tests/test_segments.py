"""The segments, their names and their profiles, checked against the tests' own computation."""

import csv
import statistics

import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, INCOME_AND_SCORE, MALL_CSV, segment_shop

THREE = ["-k", 3, "--max-clusters", 3]


def test_segments_table_is_the_input_with_two_columns_more(mall_run):
    written = MALL_CSV.read_text(encoding="utf-8").splitlines()
    lines = (mall_run.folder / "segments.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 201
    assert lines[0] == written[0] + ",Segment,Segment name"
    for line, original in zip(lines[1:], written[1:], strict=True):
        assert line.startswith(original + ",")


def test_profiles_are_the_sizes_and_means_of_the_segments(mall_run):
    rows, profiles = mall_run.rows("segments.csv"), mall_run.rows("profiles.csv")
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


def test_silhouettes_by_their_definition(mall_run):
    rows, profiles = mall_run.rows("segments.csv"), mall_run.rows("profiles.csv")
    values = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    points = (values - values.mean(axis=0)) / values.std(axis=0)
    labels = mall_run.labels()
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
    curve = {row["k"]: row["silhouette"] for row in mall_run.rows("elbow.csv")}
    assert float(curve["6"]) == pytest.approx(silhouettes.mean())


@pytest.mark.parametrize(
    ("names", "seed"), [(FEATURES, 1), (FEATURES, 3), (INCOME_AND_SCORE, 2)], ids=str
)
def test_neither_seed_nor_order_nor_unit_moves_a_customer(
    names, seed, tmp_path, mall_run, income_run
):
    customers = pd.read_csv(MALL_CSV).sample(frac=1, random_state=seed)
    customers[names[seed % len(names)]] *= 1000
    run = segment_shop(tmp_path, customers, "-f", *names, "--seed", seed)
    # Both ways find the same five segments of income and score, which are on scales alike.
    expected = (mall_run if len(names) == 3 else income_run).labels()
    assert run.labels().tolist() == expected[customers.index].tolist()


def test_raw_values_are_clustered_as_they_are(tmp_path):
    customers = pd.read_csv(MALL_CSV)
    customers["Age"] *= 1000
    run = segment_shop(tmp_path, customers, "--no-scale", "-k", 6, "--max-clusters", 3)
    # With ages in the thousands nothing else matters: no two segments share an age.
    spans = customers["Age"].groupby(run.labels()).agg(["min", "max"]).sort_values("min")
    assert (spans["max"].to_numpy()[:-1] < spans["min"].to_numpy()[1:]).all()


@pytest.fixture(scope="module")
def three_pairs(tmp_path_factory):
    """Run the command on three pairs of customers, the oldest first."""
    arguments = ["-f", "age", "annual income", *THREE]
    shop = "Age,Annual Income\n60,1\n60,1\n40,5\n40,5\n20,9\n20,9\n"
    return segment_shop(tmp_path_factory.mktemp("pairs"), shop, *arguments)


def test_equal_sizes_are_ordered_by_centroid(three_pairs):
    assert three_pairs.labels().tolist() == [3, 3, 2, 2, 1, 1]
    wcss = [float(row["wcss"]) for row in three_pairs.rows("elbow.csv")]
    assert wcss[2] == pytest.approx(0)


def names_of(run):
    return [row["Name"] for row in run.rows("profiles.csv")]


def test_names_say_what_sets_a_segment_apart(three_pairs):
    names = ["younger, high income", "average", "older, low income"]
    assert names_of(three_pairs) == names


def test_half_a_standard_deviation_earns_a_word(tmp_path):
    # Visits make the segments, of which the second and the third lie just below and just above
    # half a standard deviation (of a sample) in age.
    ages = np.add.outer([30, 44.9, 45.1], [6.5, -6.5, 6.5, -6.5]).ravel()
    visits = np.repeat([1000, 2000, 3000], 4) + np.tile([0, 1], 6)
    table = pd.DataFrame({"Age": ages, "Visits": visits})
    run = segment_shop(tmp_path, table, "-f", "age", "visits", "--no-scale", *THREE)
    assert run.labels().tolist() == [1] * 4 + [2] * 4 + [3] * 4
    apart = (ages.reshape(3, 4).mean(axis=1) - ages.mean()) / ages.std(ddof=1)
    assert 0.48 < apart[1] < 0.5 < apart[2] < 0.52
    assert names_of(run) == ["younger, low visits", "average", "older, high visits"]


def test_long_names_are_told_apart_by_their_own_words(tmp_path):
    # All words of the first name are in the second one, too.
    first = "Money spent on food in all branches"
    second = f"{first} at night"
    rich = np.repeat([0, 1], 10)
    noise = np.random.default_rng(1).normal(size=(2, 20))
    table = pd.DataFrame({first: 10 * rich + noise[0], second: 9 * (1 - rich) + noise[1]})
    run = segment_shop(tmp_path, table, "-f", *table, "-k", 2, "--max-clusters", 3)
    for name in names_of(run):
        words = sorted(phrase.split(" ", 1)[1] for phrase in name.split(", "))
        assert words == ["at night", "branches"]


def test_no_two_segments_share_a_name(tmp_path):
    # Incomes make the segments, of which two differ in no digit that a name shows.
    incomes = np.repeat([10, 12, 50, 70, 70.02, 71], 5)
    table = pd.DataFrame({"Annual income": incomes, "Total income": np.tile(np.arange(5), 6) / 1e4})
    arguments = ["-f", *table, "--no-scale", "-k", 6, "--max-clusters", 3]
    names = names_of(segment_shop(tmp_path, table, *arguments))
    assert len(set(names)) == 6
    # Both columns are incomes, so a name has to say which.
    assert names[0] == "low annual income (annual income 10)"


def test_words_of_a_name_are_short_where_they_can_be(mall_run):
    words = {word for name in names_of(mall_run) for word in name.split(", ")}
    assert {"younger", "older", "low income", "high spending"} <= words


def test_customers_with_a_missing_feature_stay_without_a_segment(tmp_path):
    lines = MALL_CSV.read_text().splitlines()
    lines[4] = "4,Female,,16,77"
    lines[9] = "9,,64,19,3"
    run = segment_shop(tmp_path, "\n".join(lines) + "\n", "-k", 6, "--max-clusters", 3)
    assert "1 of Gender, 1 of Age" in run.report
    assert "customers who miss a feature, and so get no segment: 1" in run.report
    rows = (run.folder / "segments.csv").read_text().splitlines()
    assert rows[4] == "4,Female,,16,77,,"
    assert rows[9].startswith("9,,64,19,3,")
    assert sum(row.endswith(",,") for row in rows) == 1
    profiles = run.rows("profiles.csv")
    sizes = [int(row["Customers"]) for row in profiles]
    assert sum(sizes) == 199
    assert sum(float(row["Share"]) for row in profiles) == pytest.approx(1)
    blanks = [float(row["Gender: (blank)"]) for row in profiles]
    assert np.dot(blanks, sizes) == pytest.approx(1)


def test_values_stay_as_the_file_spells_them(tmp_path):
    rows = ["00001,TRUE,19,0.50,NA", "00002,true,,1.25,", '00003,False,61,9.00,"a,b"']
    rows += [f"{i:05},x,{i},{i % 5}.0,z" for i in range(4, 30)]
    text = "id,Member,Age,Spent,Note\n" + "\n".join(rows) + "\n"
    run = segment_shop(tmp_path, text, "-f", "age", "spent", *THREE)
    lines = (run.folder / "segments.csv").read_text().splitlines()
    for line, original in zip(lines[1:], rows, strict=True):
        assert line.startswith(original + ",")
    assert lines[2] == rows[1] + ",,"


def test_features_may_be_called_like_columns_of_the_profiles(tmp_path):
    names = ["Segment", "Name", "Customers", "City: Rome"]
    values = np.random.default_rng(3).normal(size=(30, 4)) + np.repeat([[0], [9], [18]], 10, axis=0)
    table = pd.DataFrame(values, columns=names).assign(City=["Rome", "Oslo"] * 15)
    run = segment_shop(tmp_path, table, "-f", *names, *THREE)
    with open(run.folder / "profiles.csv", newline="") as file:
        header, *rows = csv.reader(file)
    means_are_called = ["Segment (mean)", "Name (mean)", "Customers (mean)", "City: Rome"]
    assert header[:8] == ["Segment", "Name", "Customers", "Share", *means_are_called]
    assert len(set(header)) == len(header)
    assert [row[0] for row in rows] == list("123")
    assert [row[2] for row in rows] == ["10"] * 3
    means = values.reshape(3, 10, 4).mean(axis=1)
    found = np.array([row[4:8] for row in rows], dtype=float)
    assert np.sort(found, axis=0) == pytest.approx(means)


def test_names_see_a_logged_feature_as_k_means_does(tmp_path):
    rng = np.random.default_rng(2)
    spent = np.exp(np.repeat([2, 5, 8], 50) + rng.normal(0, 0.2, 150))
    spent[0] = 1e7  # beside which all others are alike
    table = pd.DataFrame({"Visits": rng.normal(9, 1, 150), "Spent": spent})
    run = segment_shop(tmp_path, table, "-f", "visits", "spent", "--log", "spent", *THREE)
    names = ", ".join(names_of(run))
    assert "low spent" in names and "high spent" in names


def test_means_of_a_logged_feature_keep_their_unit(tmp_path):
    shop = "A,B\n" + "".join(f"{10.0**i},{i % 2}\n" for i in range(6))
    run = segment_shop(tmp_path, shop, "-f", "A", "B", "--log", "A", *THREE)
    means = [float(row["A"]) * int(row["Customers"]) for row in run.rows("profiles.csv")]
    assert sum(means) == pytest.approx(111_111)
