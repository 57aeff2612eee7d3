"""Reading customers and finding the columns that are meant."""

import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, MALL_CSV

import segment


def test_shipped_customers_are_the_known_ones():
    customers = segment.read_customers(MALL_CSV)
    assert customers.shape == (200, 5)
    assert list(customers) == ["CustomerID", "Gender", *FEATURES]
    assert customers[FEATURES].mean().round(2).tolist() == [38.85, 60.56, 50.20]
    assert customers["Gender"].value_counts().to_dict() == {"Female": 112, "Male": 88}


def test_blank_is_missing_and_a_word_is_not(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("Country,Age,Spent\nNA,19,1.5\nnull,,2.25\nnan,40,\n")
    customers = segment.read_customers(path)
    assert customers["Country"].tolist() == ["NA", "null", "nan"]
    assert customers["Age"].isna().tolist() == [False, True, False]
    assert customers["Spent"].dropna().tolist() == [1.5, 2.25]


def test_words_for_missing_are_missing_where_a_number_belongs(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text("Age,Spent,Code\n19,1.5,NA\nNA, ,x\n#N/A,3,null\n")
    customers = segment.read_customers(path)
    assert customers[["Age", "Spent"]].isna().to_numpy().tolist() == [
        [False, False], [True, True], [True, False],
    ]  # fmt: skip
    assert customers[["Age", "Spent"]].dtypes.tolist() == [float, float]
    assert customers["Code"].tolist() == ["NA", "x", "null"]


@pytest.mark.parametrize(
    "wanted",
    ["Annual Income (k$)", "annual_income", "ANNUAL-INCOME", "Annual income k", "annualincome"],
)
def test_name_matches_whatever_its_case_spaces_and_unit(wanted):
    columns = ["Age", "Annual Income (k$)"]
    assert segment.find_columns([wanted], columns, "column") == ["Annual Income (k$)"]


def test_name_that_may_mean_two_columns_is_refused():
    columns = ["Income (k$)", "Income (EUR)", "income"]
    found = segment.find_columns(["income", "income (eur)"], columns, "column")
    assert found == ["income", "Income (EUR)"]
    with pytest.raises(segment.InputError, match="write it in full"):
        segment.find_columns(["in-come"], columns[:2], "column")
    with pytest.raises(segment.InputError, match="has no column €\\$; choose from"):
        segment.find_columns(["€$"], [*columns, "$$"], "column")


def test_categories_are_texts_of_few_values(tmp_path):
    rows = zip(range(40), ["Rome", "Oslo", "Bonn ", ""] * 10, [1, 2] * 20, strict=True)
    lines = [f"customer {i},{city},Italy,{visits}" for i, city, visits in rows]
    path = tmp_path / "shop.csv"
    path.write_text("Name,City,Country,Visits\n" + "\n".join(lines) + "\n")
    categories = segment.find_categories(segment.read_customers(path), ["Visits"])
    assert list(categories) == ["City"]
    assert categories["City"].value_counts().to_dict() == {
        "Rome": 10, "Oslo": 10, "Bonn": 10, "(blank)": 10,
    }  # fmt: skip


def count_bands(values, name="Score"):
    """Count the values of one feature in its bands."""
    features = pd.DataFrame({name: values})
    return segment.count_groups(features, features[[]])[name]


def test_bands_are_round_and_hold_everyone():
    assert count_bands([1.0, 20, 21, 40, 41, 60, 99, 100]).to_dict() == {
        "1 to 20": 2, "21 to 40": 2, "41 to 60": 2, "61 to 80": 0, "81 to 100": 2,
    }  # fmt: skip
    ages = [18.0, 25, 25.9, 26, 55, 56, 80]
    assert count_bands(ages, "Age").to_dict() == {
        "18-25": 3, "26-35": 1, "36-45": 0, "46-55": 1, "56+": 2,
    }  # fmt: skip
    assert count_bands([17.0, 30], "Age")["under 18"] == 1
    assert count_bands(np.linspace(-0.31, 0.42, 50)).sum() == 50
    sums = np.cumsum([0, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]) + 1e-16
    assert count_bands(sums).sum() == 8
    assert count_bands(1.7e9 + np.arange(20) / 1000).sum() == 20
    assert count_bands([0.0, 1, 1]).to_dict() == {"0": 1, "1": 2}
    assert count_bands([1, 2, 2, 5]).to_dict() == {"1": 1, "2": 2, "3": 0, "4": 0, "5": 1}
