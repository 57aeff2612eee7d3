"""The shops whose pictures are looked at: tables, and what the command is told of them."""

import numpy as np
import pandas as pd

CUSTOMERS = 240
LONG_NAME = "Average monthly spending on {} in all branches"  # of about 60 letters
GOODS = ["fruit and vegetables", "meat and fish", "wine and spirits", "household and garden"]


def make_groups(features: int, customers: int = CUSTOMERS, groups: int = 5) -> pd.DataFrame:
    """Draw customers around the centres of some groups, each with a category of its own."""
    rng = np.random.default_rng(features)
    group = rng.integers(groups, size=customers)
    centres = rng.normal(scale=2, size=(groups, features))
    values = centres[group] + rng.normal(size=(customers, features))
    values = (50 + 10 * values).round(1)
    table = pd.DataFrame(values, columns=[f"Feature {n}" for n in range(1, features + 1)])
    table["Region"] = np.array(["north", "south", "east", "west"])[group % 4]
    return table


def make_shop() -> pd.DataFrame:
    """Draw eight features as shops have them: long tails, counts, and days."""
    rng = np.random.default_rng(8)
    kind = rng.integers(4, size=CUSTOMERS)
    spent = np.exp(rng.normal(4 + kind, 0.6))
    return pd.DataFrame(
        {
            "Age": rng.normal(45, 14, CUSTOMERS).round().clip(18, 90),
            "Annual Income (USD)": (
                30_000 + 20_000 * kind + rng.normal(0, 9000, CUSTOMERS)
            ).round(),
            "Amount spent": spent.round(2),
            "Orders": rng.poisson(1 + 3 * kind),
            "Days since last order": rng.exponential(60, CUSTOMERS).round(),
            "Returns": rng.poisson(0.6, CUSTOMERS),
            "Discount (%)": rng.uniform(0, 60, CUSTOMERS).round(1),
            "Months as a customer": rng.uniform(1, 120, CUSTOMERS).round(),
            "Channel": np.array(["shop", "web", "phone", "app"])[kind],
        }
    )


def make_long_tails() -> pd.DataFrame:
    """Draw three features of which a few customers have a hundred times as much."""
    rng = np.random.default_rng(3)
    kind = rng.integers(3, size=CUSTOMERS)
    return pd.DataFrame(
        {
            "Spent": np.exp(rng.normal(3 + 1.5 * kind, 0.5)).round(2),
            "Visits": np.exp(rng.normal(1 + kind, 0.4)).round(),
            "Age": rng.normal(45, 12, CUSTOMERS).round().clip(18, 90),
            "Gender": rng.choice(["Female", "Male"], CUSTOMERS),
        }
    )


def make_ratings() -> pd.DataFrame:
    """Draw ratings of 1 to 5."""
    rng = np.random.default_rng(5)
    kind = rng.integers(3, size=CUSTOMERS)
    table = {}
    for place, name in enumerate(["Service", "Price", "Choice", "Staff"]):
        centre = 2 + (kind + place) % 3
        table[name] = rng.normal(centre, 0.7).round().clip(1, 5).astype(int)
    return pd.DataFrame(table)


def make_flags() -> pd.DataFrame:
    """Draw features that are 0 or 1."""
    rng = np.random.default_rng(6)
    kind = rng.integers(3, size=CUSTOMERS)
    table = {}
    for place, name in enumerate(["Newsletter", "App", "Card", "Returns"]):
        share = np.array([0.1, 0.5, 0.9])[(kind + place) % 3]
        table[name] = (rng.uniform(size=CUSTOMERS) < share).astype(int)
    return pd.DataFrame(table)


def make_categories() -> pd.DataFrame:
    """Draw nine values in a category and thirty columns of yes and no."""
    rng = np.random.default_rng(9)
    table = make_groups(3)
    table["City"] = rng.choice([f"City {letter}" for letter in "ABCDEFGHI"], CUSTOMERS)
    for number in range(1, 31):
        share = 0.2 + 0.6 * (table["Feature 1"] > 50) * (number % 2)
        is_yes = rng.uniform(size=CUSTOMERS) < share
        table[f"Bought {number}"] = np.where(is_yes, "yes", "no")
    return table


def make_long_names() -> pd.DataFrame:
    """Draw features and a category of which each name is long."""
    table = make_groups(4)
    names = [LONG_NAME.format(goods) for goods in GOODS]
    return table.set_axis(
        [*names, "The region in which the customer lives most of the year"], axis=1
    )


def make_outlier() -> pd.DataFrame:
    """Draw customers of whom one has a digit too many."""
    rng = np.random.default_rng(4)
    values = {"Age": rng.normal(45, 12, CUSTOMERS), "Spent": rng.normal(62, 15, CUSTOMERS)}
    table = pd.DataFrame(values).round()
    table.loc[7, "Spent"] = 12_000
    return table


def rename(names: list[str], category: str) -> pd.DataFrame:
    """Draw three features of these names, and a category."""
    return make_groups(len(names)).set_axis([*names, category], axis=1)


# Name: how the table is made, and the options beside its features; None is the shop that ships.
SHOPS = {
    "mall": (None, []),
    "mall, two features": (None, ["-f", "annual_income", "spending_score"]),
    "mall, 2 segments": (None, ["-k", 2]),
    "mall, 12 segments": (None, ["-k", 12]),
    "mall, 30 segments": (None, ["-k", 30]),
    "4 features": (lambda: make_groups(4), []),
    "5 features": (lambda: make_groups(5), []),
    "8 features": (make_shop, []),
    "8 features, 12 segments": (make_shop, ["-k", 12, "--log", "Amount spent"]),
    "20 features": (lambda: make_groups(20), []),
    "40 features": (lambda: make_groups(40, 200), []),
    "long tails": (make_long_tails, []),
    "long tails, --log": (make_long_tails, ["--log", "Spent", "Visits"]),
    "ratings": (make_ratings, []),
    "0 and 1": (make_flags, []),
    "categories": (make_categories, []),
    "long names": (make_long_names, []),
    "Chinese": (lambda: rename(["年龄", "年收入 (k¥)", "消费评分"], "性别"), []),
    "Arabic": (lambda: rename(["العمر", "الدخل السنوي", "درجة الإنفاق"], "الجنس"), []),
    "outlier": (make_outlier, []),
    "100,000 customers": (lambda: make_groups(3, 100_000), []),
    "8 features, 30 segments": (make_shop, ["-k", 30, "--log", "Amount spent"]),
    "long names, 30 segments": (make_long_names, ["-k", 30]),
    "20 features, categories": (
        lambda: make_categories().join(make_groups(20), rsuffix=" again"),
        ["-k", 12],
    ),
}


def list_arguments(table: pd.DataFrame) -> list[str]:
    """Name the columns of numbers as features."""
    return ["-f", *table.select_dtypes("number")]
