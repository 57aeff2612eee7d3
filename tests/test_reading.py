"""Reading customers and finding the columns that are meant."""

import pytest
from benchmarks import breakage
from conftest import FEATURES, MALL_CSV, call_main, segment_shop, texts_in

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
    assert customers["Age"].isna().tolist() == [False, True, True]
    assert customers["Spent"].isna().tolist() == [False, True, False]
    assert customers[["Age", "Spent"]].dtypes.tolist() == [float, float]
    assert customers["Code"].tolist() == ["NA", "x", "null"]


def refuse_constants(folder, columns, wanted):
    """Ask for columns that are all the same for all customers, and return why they are refused.

    The refusal names the first column that was found.
    """
    table = ["|".join(columns), *["|".join("5" * len(columns))] * 4]
    (folder / "shop.csv").write_text("\n".join(table) + "\n")
    run = call_main(folder / "output", folder / "shop.csv", "-f", *wanted)
    assert run.status == 2
    return run.errors[0]


@pytest.mark.parametrize(
    "wanted",
    ["Annual Income (k$)", "annual_income", "ANNUAL-INCOME", "Annual income k", "annualincome"],
)
def test_name_matches_whatever_its_case_spaces_and_unit(wanted, tmp_path):
    error = refuse_constants(tmp_path, ["Age", "Annual Income (k$)"], [wanted, "age"])
    assert "column Annual Income (k$) does not differ" in error


@pytest.mark.parametrize(
    ("wanted", "found"), [("income", "income"), ("income (eur)", "Income (EUR)")]
)
def test_name_in_full_is_preferred(wanted, found, tmp_path):
    columns = ["Income (k$)", "Income (EUR)", "income", "Age"]
    error = refuse_constants(tmp_path, columns, [wanted, "age"])
    assert f"column {found} does not differ" in error


def test_name_that_may_mean_two_columns_is_refused(tmp_path):
    error = refuse_constants(tmp_path, ["Income (k$)", "Income (EUR)", "Age"], ["age", "in-come"])
    assert "Income (k$)" in error and "Income (EUR)" in error and "in full" in error


def test_name_of_no_letters_means_no_other(tmp_path):
    error = refuse_constants(tmp_path, ["Income", "$$", "Age"], ["age", "€$"])
    assert "€$" in error and "choose from" in error


def test_categories_are_texts_of_few_values(tmp_path):
    lines = ["Name,City,Country,Membership,Visits,Spent"]
    for i in range(40):
        city, membership = ["Rome", "Oslo", "Bonn ", ""][i % 4], ["gold", "silver"][i % 3 == 0]
        lines.append(f"customer {i},{city},Italy,{membership},{i % 3},{i}")
    arguments = ["-f", "visits", "spent", "-k", 3, "--max-clusters", 3]
    run = segment_shop(tmp_path, "\n".join(lines) + "\n", *arguments)
    profiles = run.rows("profiles.csv")
    shares = [name for name in profiles[0] if ": " in name]
    cities = ["City: Rome", "City: Oslo", "City: Bonn", "City: (blank)"]
    assert sorted(shares) == sorted([*cities, "Membership: gold", "Membership: silver"])
    for city in cities:
        found = sum(float(row[city]) * int(row["Customers"]) for row in profiles)
        assert found == pytest.approx(10)
    # Where a name is too long for a line, it breaks between two words.
    assert "Membership:\nsilver" in texts_in(run.figures["09_profiles.png"])


@pytest.mark.parametrize(
    ("separator", "last"),
    [(",", "plain"), (";", "plain"), (",", '"quoted, ""so"""'), ("\t", '   "behind blanks"')],
)
def test_blanks_of_a_field_stay_as_they_are_spelt(separator, last, tmp_path):
    rows = [["ID", "Name", "Age", "Score", "Note"]]
    for i in range(9):
        rows.append([f"k{i}", "  two before", f" {i % 3 * 10 + i}", f"{i * 7 % 5}", " "])
    rows.append(["k9", last, "5", "3", "end "])
    path = tmp_path / "shop.csv"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    arguments = ["-f", "Age", "Score", "-k", 2, "--max-clusters", 3]
    run = call_main(tmp_path / "output", path, *arguments)
    assert run.status == 0, run.err
    found = (run.folder / "segments.csv").read_text().splitlines()
    for line, written in zip(found, path.read_text().splitlines(), strict=True):
        assert line.startswith(written + separator)


def test_separators_and_line_ends_in_a_quoted_header_separate_nothing(tmp_path):
    path = tmp_path / "shop.csv"
    header = '"Notes; of;\nthe; clerk","Age, at; last;\nvisit",Score'
    path.write_text(header + "".join(f'\n"a; b;\n;;c",{i},{i * 3 % 7}' for i in range(8)) + "\n")
    table = segment.read_customers(path)
    assert table.shape == (8, 3)
    assert table["Score"].tolist() == [i * 3 % 7 for i in range(8)]


@pytest.mark.parametrize("start", [0, 100, 200])
def test_what_csv_writer_writes_is_read_or_refused_for_what_it_contains(start, tmp_path):
    for seed in range(start, start + 50):
        rows, data = breakage.make_table(seed)
        difference = breakage.find_difference(rows, tmp_path, data)
        # A text of line ends and just as many separators may be several lines in quotes.
        if difference:
            assert "quotes around whole lines" in difference, (seed, difference)
