"""Rules: conditions of SQL that find a segment's customers, and how good they are."""

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, MALL_CSV, call_main, segment_shop, texts_in
from shops import SHOPS, list_arguments
from sklearn.tree import DecisionTreeClassifier

import segment

QUICK = ("-k", 5, "--max-clusters", 3)


def ask_database(run, features, numbers=None):
    """Count the customers of each rule and of each segment in SQLite, from the tables alone."""
    customers = segment.read_customers(run.folder / "segments.csv")
    column = json.loads((run.folder / "model.json").read_text())["segment_columns"][0]
    if numbers is not None:
        customers[list(numbers)] = numbers.set_index(customers.index)
    customers = customers[customers[column].notna()]
    with sqlite3.connect(":memory:") as database:
        customers.to_sql("customers", database, index=False)
        for row in run.rows("profiles.csv"):
            if not row["Rule"]:
                assert not row["Rule finds"]
                continue
            (found,) = database.execute(f"SELECT COUNT(*) FROM customers WHERE {row['Rule']}")
            own = f'({row["Rule"]}) AND "{column}" = {row["Segment"]}'
            (hits,) = database.execute(f"SELECT COUNT(*) FROM customers WHERE {own}")
            finds = float(row["Rule finds"].replace(",", "."))
            right = float(row["Rule is right"].replace(",", "."))
            assert hits[0] / int(row["Customers"]) == pytest.approx(finds)
            assert hits[0] / found[0] == pytest.approx(right)
            yield found[0]


def test_rules_of_the_mall_are_conditions_of_sql(mall_run):
    assert len(list(ask_database(mall_run, FEATURES))) == 6
    for row in mall_run.rows("profiles.csv"):
        assert row["Rule"] in mall_run.out
    assert "97% of the customers lie within just one rule" in mall_run.report


@pytest.mark.parametrize("name", ["8 features", "ratings", "0 and 1"])
def test_rules_find_what_they_say(name, tmp_path):
    make, _ = SHOPS[name]
    table = make()
    table.iloc[3:6, 0] = np.nan
    run = segment_shop(tmp_path, table, *list_arguments(table), *QUICK)
    assert list(ask_database(run, list_arguments(table)))


def test_rules_of_logged_features_are_in_their_own_units(tmp_path):
    table = SHOPS["long tails"][0]()
    features = list_arguments(table)
    run = segment_shop(tmp_path, table, *features, "--log", "Spent", "Visits", *QUICK)
    assert list(ask_database(run, features))


def test_rules_of_dates_texts_and_odd_names(tmp_path):
    rng = np.random.default_rng(5)
    kind = np.repeat([0, 1, 2], 40)
    latest = pd.Timestamp("2024-11-20")
    days = np.array([3, 90, 300])[kind] + rng.integers(0, 30, 120)
    table = pd.DataFrame(
        {
            "last order": (latest - pd.to_timedelta(days, "D")).strftime("%Y-%m-%d"),
            'the "select" order': np.array([9.5, 2.25, 2.25])[kind] + rng.normal(0, 0.4, 120),
            "group": np.where(kind == 1, "Yes", "no"),
        }
    ).round(3)
    table.loc[[45, 50], "group"] = "yes"
    arguments = ["-f", *table, "-k", 3, "--max-clusters", 3]
    run = segment_shop(tmp_path, table, *arguments)
    assert list(ask_database(run, table))
    rules = " ".join(row["Rule"] for row in run.rows("profiles.csv"))
    assert '"last order" >= \'2024-' in rules or '"last order" < \'2024-' in rules
    later = table.assign(
        **{"last order": (pd.to_datetime(table["last order"]) + pd.Timedelta(31, "D")).astype(str)}
    )
    later.to_csv(tmp_path / "later.csv", index=False)
    again = call_main(tmp_path / "again", tmp_path / "later.csv", "--like", run.folder)
    assert list(ask_database(again, table)) == list(ask_database(run, table))
    assert "the rules are those of then" in again.report
    model = (run.folder / "model.json").read_bytes()
    assert (again.folder / "model.json").read_bytes() == model


def test_two_texts_are_named_in_all_their_spellings(tmp_path):
    table = pd.DataFrame({"Card": ["Yes", "yes", "no", "no"] * 15, "Orders": np.arange(60) % 4})
    run = segment_shop(tmp_path, table, "-f", *table, "-k", 3, "--max-clusters", 3)
    rules = " ".join(row["Rule"] for row in run.rows("profiles.csv"))
    assert "\"Card\" IN ('Yes', 'yes')" in rules or "\"Card\" = 'no'" in rules
    assert list(ask_database(run, table))


def test_rules_of_a_german_file(tmp_path):
    table = pd.read_csv(MALL_CSV).drop(columns="CustomerID")
    table["Annual Income (k$)"] += 0.25
    path = tmp_path / "kunden.csv"
    table.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    run = call_main(tmp_path / "output", path, *QUICK)
    assert list(ask_database(run, FEATURES))


@pytest.mark.parametrize("name", ["5 features", "20 features"])
def test_rules_place_as_many_as_a_tree(name, tmp_path):
    make, _ = SHOPS[name]
    table = make()
    features = list_arguments(table)
    run = segment_shop(tmp_path, table, *features, *QUICK)
    values = table[features[1:]]
    labels = run.labels()
    boxes = segment.explain(values, pd.Series(labels), labels.max())
    placed = segment.judge_rules(boxes, values, pd.Series(labels)).placed
    tree = DecisionTreeClassifier(max_leaf_nodes=max(2, labels.max()), random_state=0)
    assert placed >= (tree.fit(values, labels).predict(values) == labels).mean()
    assert f"{round(100 * placed, 1):g}% of the customers lie within just one rule" in run.report


def test_no_bound_can_be_dropped_for_nothing(mall_run):
    values = pd.read_csv(MALL_CSV)[FEATURES]
    labels = mall_run.labels()
    for number, box in segment.explain(values, pd.Series(labels), 6).items():
        is_member = labels == number

        def measure(box, is_member=is_member):
            is_caught = segment.find_caught(values, box)
            return 2 * (is_caught & is_member).sum() / (is_caught.sum() + is_member.sum())

        for name, bounds in box.items():
            for side, free in enumerate([-np.inf, np.inf]):
                if np.isfinite(bounds[side]):
                    other = {
                        **box,
                        name: [free if place == side else bounds[place] for place in range(2)],
                    }
                    assert measure(box) - measure(other) > 0.01


def test_picture_of_rules_says_the_same_bounds(mall_run):
    texts = texts_in(mall_run.figures["11_rules.png"])
    assert {"above 62", "above 68", "up to 40"} <= set(texts)
    assert texts.count("finds 100%,\nright 100%") == 2


def test_many_segments_have_rules_but_no_picture_of_them(tmp_path):
    run = call_main(tmp_path / "output", MALL_CSV, "-k", 30, "--max-clusters", 3)
    assert "11_rules.png" not in run.figures
    assert any(row["Rule"] for row in run.rows("profiles.csv"))


def test_segment_of_nearly_all_has_a_rule(tmp_path):
    table, features = SHOPS["outlier"][0](), ["Age", "Spent"]
    run = segment_shop(tmp_path, table, "-f", *features, "-k", 2, "--max-clusters", 3)
    assert list(ask_database(run, features)) == [239, 1]
