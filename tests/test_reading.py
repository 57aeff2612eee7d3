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
    assert segment.find_column(wanted, ["Age", "Annual Income (k$)"]) == "Annual Income (k$)"


def test_name_that_may_mean_two_columns_is_refused():
    columns = ["Income (k$)", "Income (EUR)", "income"]
    assert segment.find_column("income", columns) == "income"
    assert segment.find_column("income (eur)", columns) == "Income (EUR)"
    with pytest.raises(segment.InputError, match="write it in full"):
        segment.find_column("in-come", columns[:2])
    assert segment.find_column("€$", [*columns, "$$"]) is None


def test_categories_are_texts_of_few_values():
    customers = pd.DataFrame(
        {
            "Name": [f"customer {i}" for i in range(40)],
            "City": ["Rome", "Oslo", "Bonn", None] * 10,
            "Country": ["Italy"] * 40,
            "Visits": [1, 2] * 20,
        }
    )
    categories = segment.find_categories(customers)
    assert list(categories) == ["City"]
    assert categories["City"].value_counts()["(blank)"] == 10


def test_bands_are_round_and_hold_everyone():
    scores = pd.Series([1.0, 20, 21, 40, 41, 60, 99, 100])
    assert segment.count_bands(scores, is_age=False).to_dict() == {
        "1 to 20": 2, "21 to 40": 2, "41 to 60": 2, "61 to 80": 0, "81 to 100": 2,
    }  # fmt: skip
    ages = pd.Series([18.0, 25, 25.9, 26, 55, 56, 80])
    assert segment.count_bands(ages, is_age=True).to_dict() == {
        "18-25": 3, "26-35": 1, "36-45": 0, "46-55": 1, "56+": 2,
    }  # fmt: skip
    assert segment.count_bands(pd.Series([17.0, 30]), is_age=True)["under 18"] == 1
    rates = pd.Series(np.linspace(-0.31, 0.42, 50))
    assert segment.count_bands(rates, is_age=False).sum() == 50
    sums = pd.Series(np.cumsum([0, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]) + 1e-16)
    assert segment.count_bands(sums, is_age=False).sum() == 8
    times = pd.Series(1.7e9 + np.arange(20) / 1000)
    assert segment.count_bands(times, is_age=False).sum() == 20
    assert segment.count_bands(pd.Series([0.0, 1, 1]), is_age=False).to_dict() == {"0": 1, "1": 2}
