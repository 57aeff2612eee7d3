"""Files as spreadsheets and shop systems write them: read as their clean version, or explained."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import MALL_CSV, call_main, segment_shop, texts_in

import segment

pytestmark = pytest.mark.filterwarnings("error")
MALL = MALL_CSV.read_text()
MALL_HEADER, MALL_ROWS = MALL.split("\n", 1)
FEW = "".join(MALL.splitlines(keepends=True)[:41])  # where the segments do not matter
QUICK = ["-k", 3, "--max-clusters", 3]


@pytest.fixture(scope="module")
def mall_segments(tmp_path_factory):
    """Segment the mall's customers; return the rows of its segments.csv."""
    return segment_shop(tmp_path_factory.mktemp("mall"), MALL, *QUICK).rows("segments.csv")


def segments_of(rows):
    """List the segments and their names of the rows of a segments.csv."""
    return [(row["Segment"], row["Segment name"]) for row in rows]


def segments_in(run):
    """List the segments and their names that a run gave to the customers."""
    return segments_of(run.rows("segments.csv"))


def read(folder, text, encoding="utf-8"):
    """Read a shop.csv of this text."""
    path = folder / "shop.csv"
    path.write_bytes(text.encode(encoding))
    return segment.read_customers(path)


def read_column(folder, values, separator=",", others=None):
    """Read a file that has these values in column A, and others, or whole numbers, in column B."""
    others = others or range(len(values))
    table = pd.DataFrame({"A": values, "B": others})
    return read(folder, table.to_csv(index=False, sep=separator))["A"]


def refuse(folder, text, *arguments, encoding="utf-8"):
    """Run the command on a shop.csv of this text; return the one line that refuses it."""
    (folder / "shop.csv").write_bytes(text.encode(encoding))
    run = call_main(folder / "output", folder / "shop.csv", *arguments)
    assert run.status == 2
    assert not (folder / "output").exists()
    (error,) = run.errors
    return error


# ------------------------------------------------------------------------------------------ empty


@pytest.mark.parametrize("separator", [",", ";"])
def test_empty_rows_and_columns_are_not_there(separator, tmp_path, mall_segments):
    lines = [line + ",," for line in MALL.splitlines()]
    lines = lines[:50] + [",,,,,,"] * 3 + lines[50:] + [", ,,,,,"] * 80
    text = "\n".join(lines).replace(",", separator) + "\n"
    run = segment_shop(tmp_path, text, *QUICK)
    assert segments_in(run) == segments_of(mall_segments)
    assert "83 empty rows and 2 empty columns left out" in run.report
    assert "200 rows (customers), 5 columns" in run.report
    assert "blank" not in run.report and "duplicate" not in "".join(run.warnings)


def test_line_of_two_quotes_is_an_empty_row(tmp_path):
    assert read(tmp_path, 'A,B\n1,2\n""\n3,4\n').index.tolist() == [2, 4]


def test_line_that_only_ends_a_quoted_text_is_no_empty_row(tmp_path):
    header, *rows = FEW.splitlines()
    lines = [f"{header},Note"] + [f'{row},"good\n"' for row in rows]
    run = segment_shop(tmp_path, "\n".join(lines) + "\n", *QUICK)
    assert "empty rows" not in run.report
    assert len(run.labels()) == len(rows)


def test_column_with_a_value_and_no_name_stays(tmp_path):
    customers = read(tmp_path, "A,B,\n1,2,\n2,3,x\n")
    assert customers["(no name)"].isna().tolist() == [True, False]


def test_lines_are_counted_with_empty_rows(tmp_path):
    error = refuse(tmp_path, "A,B\n1,2\n,\n,\nx,3\n5,6\n", "-f", "A", "B")
    assert "line 5, column A: 'x'" in error


# ---------------------------------------------------------------------------------------- numbers

SPELT_NUMBERS = {  # case: (values, the separator, what they mean)
    "dollars": (["$2,621.87", "$900.00"], ",", [2621.87, 900]),
    "groups and decimals": (["2,621.87", "900"], ";", [2621.87, 900]),
    "points group": (["2.621,87", "900"], ",", [2621.87, 900]),
    "euros before": (["€ 319,83", "€ 1.200,00"], ";", [319.83, 1200]),
    "euros behind": (["319,83 €", "5 €"], ";", [319.83, 5]),
    "spaces group": (["2 621,87", "900"], ";", [2621.87, 900]),
    "no-break spaces group": (["2\xa0621,87", "1\u202f000"], ";", [2621.87, 1000]),
    "apostrophes group": (["2'621.87", "CHF 5"], ",", [2621.87, 5]),
    "lakhs": (["₹319.83", "₹1,23,456.5"], ",", [319.83, 123456.5]),
    "letters behind": (["320kr", "400 kr."], ",", [320, 400]),
    "code behind": (["320 EUR", "5 eur"], ",", [320, 5]),
    "reais": (["R$ 1.234,56", "R$ 5,00"], ";", [1234.56, 5]),
    "per cent": (["15%", "7.5 %"], ",", [15, 7.5]),
    "accountants": (["(123.40)", "($5)", "7"], ",", [-123.4, -5, 7]),
    "minus before the sign": (["-$5", "$-7", "−9"], ",", [-5, -7, -9]),
    "comma of thousands": (["1,200", "900", "4", "56"], ",", [1200, 900, 4, 56]),
    "dash behind thousands": (["1.170,-", "900,-"], ",", [1170, 900]),
    "a currency has no thousandths": (["$12.528", "$896"], ",", [12528, 896]),
    "a plus before decimals": (["+1 233 646,14", "+618 638"], ";", [1233646.14, 618638]),
    "a plus before a currency": (["+zł 87 023 151", "zł 5"], ";", [87023151, 5]),
    "a point of the currency": (["Rs. 9,470", "-6,770 Rs.", "Rs. 0"], ",", [9470, -6770, 0]),
    "dinars have": (["KWD 12.528", "KWD 8.960"], ",", [12.528, 8.96]),
    "nothing tells between commas": (["1.677", "2.454"], ",", [1.677, 2.454]),
    "nothing tells between semicolons": (["1,677", "2,454"], ";", [1.677, 2.454]),
    "many points group": (
        [
            "7",
            "246",
            "35",
            *[f"{n}.{n}00" for n in range(1, 10)],
            *[f"{n}.{n}5" for n in range(10, 30)],
        ],
        ",",
        [
            7,
            246,
            35,
            *[1100 * n for n in range(1, 10)],
            *[1000 * n + 10 * n + 5 for n in range(10, 30)],
        ],
    ),
    "no zero before the mark": ([".5", "1.25"], ",", [0.5, 1.25]),
    "two groups": (["1.234.567", "1.677"], ";", [1234567, 1677]),
    "own decimals decide": (["1,200", "12,5"], ",", [1.2, 12.5]),
    "a zero groups nothing": (["0,677", "5"], ";", [0.677, 5]),
    "dash for cents": (["5,-", "7,–"], ";", [5, 7]),
    "exponent": (["1,5E+03", "2"], ";", [1500, 2]),
    "gaps of words": (["$5", "n/a", "#DIV/0!", "<NA>", "NONE"], ",", [5] + [np.nan] * 4),
}
UNREAD_NUMBERS = {  # case: (values, the separator)
    "two currencies": (["$5", "€7"], ","),
    "per cent beside none": (["15%", "7"], ","),
    "thousands, or a number without zeros": (["1.677", "900"], ";"),
    "the same with a comma": (["1,677", "900"], ";"),
    "beside a number of four digits": (["1,677", "900", "4", "56", "1200"], ","),
    "one mark that may be a slip": (["12,50", *[f"6,{n}" for n in range(100, 150)]], ","),
    "two signs": (["--5", "7"], ","),
    "a phone number": (["+1 555 624 303", "+1 555 540 690"], ","),
    "numbers of articles": (["211.576.508", "730.211.757"], ","),
    "both marks for decimals": (["1,5", "2.5"], ";"),
    "groups of two": (["1.23.456,5", "2,5"], ";"),
    "dates": (["01.02.2024", "02.02.2024"], ","),
    "ranges": (["25-35", "36-45"], ","),
    "addresses": (["10.10.10.100", "10.10.10.101"], ","),
    "unknown": (["?", "5"], ","),
    "abbreviations": (["12k", "13k"], ","),
}


@pytest.mark.parametrize("case", SPELT_NUMBERS)
def test_numbers_are_read_as_people_write_them(case, tmp_path):
    values, separator, numbers = SPELT_NUMBERS[case]
    column = read_column(tmp_path, values, separator)
    assert pd.api.types.is_numeric_dtype(column)
    np.testing.assert_array_equal(column, numbers)


@pytest.mark.parametrize("case", UNREAD_NUMBERS)
def test_what_may_mean_several_numbers_is_none(case, tmp_path):
    values, separator = UNREAD_NUMBERS[case]
    assert read_column(tmp_path, values, separator).tolist() == values


def test_another_column_tells_what_a_comma_is(tmp_path):
    assert read_column(tmp_path, ["1,677", "2,9"], ";", ["2,5", "3"]).tolist() == [1.677, 2.9]
    assert read_column(tmp_path, ["1.677", "2.454"], ",", ["2,5", "3"]).tolist() == [1677, 2454]
    assert read_column(tmp_path, ["1.677", "900"], ",", ["2,5", "3"]).tolist() == [1677, 900]
    # A mark before decimals elsewhere, and numbers without it that would then have lost it.
    assert read_column(tmp_path, ["1,677", "900"], ";", ["2,5", "3"]).tolist() == ["1,677", "900"]


def test_codes_have_no_say(tmp_path):
    for name, texts in {
        "Article": ["211.576.508", "730.211.757", "816.454.512"],
        "Phone": ["1.555.624", "1.555.540", "12.555.150"],
        "Customer ID": ["1.234,5", "1.234,6", "1.234,7"],
    }.items():
        table = pd.DataFrame({name: texts, "Dose": ["3.005", "5.370", "6.427"], "N": [1, 2, 3]})
        customers = read(tmp_path, table.to_csv(index=False))
        assert customers["Dose"].tolist() == [3.005, 5.37, 6.427]
        assert customers[name].tolist() == texts


def test_reading_that_nothing_tells_is_told_and_refused_where_it_matters(tmp_path):
    rows = [f"{n % 3 * 4 + 1}.{100 + n},{n % 3 * 20 + n % 5}" for n in range(40)]
    shop = "\n".join(["Dose,Age", *rows]) + "\n"
    run = segment_shop(tmp_path, shop, "-f", "Dose", "Age", *QUICK)
    assert "in Dose '1.100' is 1.1, though nothing in the file tells" in run.report
    for option in (["--log", "Dose"], ["--no-scale"]):
        error = call_main(tmp_path / "other", tmp_path / "shop.csv", "-f", "Dose", "Age", *option)
        (text,) = error.errors
        assert "line 2, column Dose: '1.100' may be 1,100 or 1.1; write 1100 or 1.10" in text


def test_mark_of_the_earlier_run_counts(tmp_path):
    rows = [f"{n % 3 * 40 + n % 7}.{100 + n};{n % 3 * 20 + n % 5},5" for n in range(40)]
    (tmp_path / "then.csv").write_text("\n".join(["Spent;Age", *rows]) + "\n")
    arguments = ["-f", "Spent", "Age", *QUICK]
    then = call_main(tmp_path / "then", tmp_path / "then.csv", *arguments)
    assert then.status == 0, then.err
    rows = [row.replace(",5", "") for row in rows if not row.startswith("0")]
    (tmp_path / "now.csv").write_text("\n".join(["Spent;Age", *rows]) + "\n")
    run = call_main(tmp_path / "now", tmp_path / "now.csv", "--like", tmp_path / "then")
    assert run.status == 0, run.err
    assert "as in the earlier run" in run.report


def test_columns_that_disagree_tell_nothing_of_a_third(tmp_path):
    customers = read(tmp_path, "A;B;C\n1.677;2,5;1.5\n900;3,5;2.5\n")
    assert customers["A"].tolist() == ["1.677", "900"]
    assert customers["B"].tolist() == [2.5, 3.5] and customers["C"].tolist() == [1.5, 2.5]


def test_spelt_numbers_give_the_same_segments_and_stay_as_spelt(tmp_path, mall_segments):
    rows = [row.split(",") for row in MALL_ROWS.splitlines()]
    for row in rows:
        row[0] = row[0].zfill(4)
        row[3] = f'"${int(row[3]) * 1000:,}.00"'
    text = "\n".join([MALL_HEADER, *map(",".join, rows)]) + "\n"
    run = segment_shop(tmp_path, text, *QUICK)
    for row, wanted in zip(run.rows("segments.csv"), mall_segments, strict=True):
        assert row["Segment"] == wanted["Segment"]
        assert row["CustomerID"] == wanted["CustomerID"].zfill(4)
        assert row["Annual Income (k$)"] == f"${int(wanted['Annual Income (k$)']) * 1000:,}.00"
    assert "in Annual Income (k$) '$15,000.00' is 15000" in run.report


# ---------------------------------------------------------------------------------------- letters


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("gbk", "北京"), ("cp1251", "Москва"), ("cp1250", "Łódź"), ("shift_jis", "東京")],
)
def test_encoding_can_be_named(encoding, word, tmp_path):
    path = tmp_path / "shop.csv"
    path.write_bytes(FEW.replace("Female", word).encode(encoding))
    run = call_main(tmp_path / "output", path, *QUICK, "--encoding", encoding)
    assert run.status == 0
    assert {row["Gender"] for row in run.rows("segments.csv")} == {"Male", word}


def test_encoding_that_makes_no_letters_is_refused(tmp_path):
    error = refuse(tmp_path, FEW.replace("Female", "\\ud800"), "--encoding", "unicode_escape")
    assert "is no text in unicode_escape" in error


def test_damaged_utf8_is_read_with_a_warning_that_names_the_line(tmp_path):
    path = tmp_path / "shop.csv"
    data = FEW.replace("Female", "Münchnerin").encode()
    path.write_bytes(data.replace("Münch".encode(), b"M\xc3nch", 1))
    run = call_main(tmp_path / "output", path, *QUICK)
    genders = [row["Gender"] for row in run.rows("segments.csv")]
    assert genders.count("Münchnerin") == FEW.count("Female") - 1
    assert genders.count("M\ufffdnchnerin") == 1
    (warning,) = [text for text in run.warnings if "damaged" in text]
    assert "line 4 " in warning


def test_windows_letters_are_called_a_guess(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_bytes(FEW.replace("Male", "Männlich").encode("cp1252"))
    run = call_main(tmp_path / "output", path, *QUICK)
    (warning,) = [text for text in run.warnings if "Windows-1252" in text]
    assert "'Männlich' in line 2" in warning and "--encoding" in warning
    run = call_main(tmp_path / "output", path, *QUICK, "--encoding", "cp1252")
    assert "Windows-1252" not in "".join(run.warnings)


@pytest.mark.parametrize("name", ["klingon", "hex", "a\0b"])
def test_unknown_encoding_is_refused(name, tmp_path):
    error = refuse(tmp_path, MALL, "--encoding", name)
    assert "--encoding" in error and "unknown" in error


def test_first_line_of_excel_names_the_separator(tmp_path, mall_segments):
    run = segment_shop(tmp_path, "sep=;\n" + MALL.replace(",", ";"), *QUICK)
    assert segments_in(run) == segments_of(mall_segments)
    assert (run.folder / "segments.csv").read_text().startswith("sep=;\nCustomerID;")
    # A comma is in each header and customer, but the file says what it is.
    customers = read(tmp_path, "sep=|\nA, x|B, y\n1,5|2,5\n2,5|3,5\n")
    assert customers["A, x"].tolist() == [1.5, 2.5] and customers.index.tolist() == [3, 4]


# ----------------------------------------------------------------------------------- no customers


@pytest.mark.parametrize(
    "line",
    ["Total,,,,", "Gesamtsumme,,,100,7", ",Grand Total,,,5", "moyenne,,40,,", "Promedio,,,1,2"],
)
@pytest.mark.parametrize("place", ["first", "last", "before empty rows"])
def test_total_or_average_is_refused_with_its_line(line, place, tmp_path):
    text = {
        "first": f"{MALL_HEADER}\n{line}\n{MALL_ROWS}",
        "last": f"{MALL}{line}\n",
        "before empty rows": f"{MALL}{line}\n,,,,\n,,,,\n",
    }[place]
    error = refuse(tmp_path, text)
    number = 2 if place == "first" else 202
    assert re.search(f"line {number} .*(total or an average|total or the average)", error)


def test_customer_of_a_name_that_only_begins_like_a_total_is_one(tmp_path):
    rows = "".join(f"Customer {i},{i},{i * i % 17}\n" for i in range(9))
    customers = read(tmp_path, f"Name,A,B\n{rows}Total Tools Ltd,3,4\n")
    assert customers["Name"].iloc[-1] == "Total Tools Ltd"


def test_lines_that_are_no_customers_are_called_what_they_are(tmp_path):
    def told(text):
        return refuse(tmp_path, text)

    units = told(f"{MALL_HEADER}\n,,years,k$,points\n{MALL_ROWS}")
    assert "line 1 has texts where the next lines have numbers" in units
    assert "the table seems to begin in line 2" in units
    assert "line 5 repeats the header" in told(MALL.replace("4,", f"{MALL_HEADER}\n4,", 1))
    above = "Customers of 2024,,,,\n,,,,\nmade by,me,,,\n"
    assert "the table seems to begin in line 4" in told(f"{above}{MALL}")


# ------------------------------------------------------------------------------------ the command


def make_shop(columns, customers=60):
    """Make a shop whose column of each name has the values that a function of random numbers has.

    Returns a DataFrame.
    """
    rng = np.random.default_rng(1)
    return pd.DataFrame({name: values(rng, customers) for name, values in columns.items()})


def test_suggestion_has_what_measures_and_lists_the_rest(tmp_path):
    shop = make_shop(
        {
            "Row": lambda rng, n: np.arange(n),
            "Client ID": lambda rng, n: rng.permutation(n) * 7 + 1000,
            "Region": lambda rng, n: rng.integers(1, 4, n),
            "Zip Code": lambda rng, n: rng.integers(10_000, 99_999, n),
            "Newsletter": lambda rng, n: rng.integers(0, 2, n),
            "Country": lambda rng, n: np.full(n, 49),
            "Visits": lambda rng, n: rng.poisson(20, n),
            "Spent": lambda rng, n: rng.gamma(4, 20, n).round(2),
        }
    )
    error = refuse(tmp_path, shop.to_csv(index=False))
    assert error.endswith(f"{tmp_path / 'shop.csv'} -f Region Visits Spent")
    assert "of two values: Newsletter;" in error
    assert "IDs or codes: Row, Client ID, Zip Code;" in error
    assert "Country" not in error


def test_feature_that_numbers_the_rows_is_warned_of(tmp_path):
    run = segment_shop(tmp_path, FEW, "-f", "CustomerID", "age", *QUICK)
    assert any("CustomerID is an ID" in warning for warning in run.warnings)


def test_word_that_fits_one_column_is_enough(tmp_path, mall_segments):
    run = segment_shop(tmp_path, MALL, "-f", "age", "income", "score", *QUICK)
    assert run.rows("segments.csv") == mall_segments


def test_word_that_fits_two_columns_is_refused(tmp_path):
    shop = "Spending Score,Credit Score,Age\n1,2,3\n3,4,5\n"
    error = refuse(tmp_path, shop, "-f", "score", "age")
    assert "Spending Score or Credit Score" in error


@pytest.mark.parametrize("option", ["-f", "--log"])
def test_file_behind_the_columns_is_told_to_go_first(option, tmp_path):
    run = call_main(tmp_path / "output", option, "age", "income", "shop.csv")
    assert run.status == 2
    (error,) = run.errors
    assert "put the CSV first" in error and "shop.csv" in error


def test_rows_of_one_customer_look_like_orders(tmp_path):
    shop = make_shop(
        {
            "Customer ID": lambda rng, n: rng.integers(1, 20, n),
            "Amount": lambda rng, n: rng.gamma(4, 20, n).round(2),
            "Items": lambda rng, n: rng.poisson(9, n),
        }
    )
    run = segment_shop(tmp_path, shop, "-f", "amount", "items", *QUICK)
    (warning,) = [text for text in run.warnings if "Customer ID" in text]
    assert "a row for each order" in warning and "entered twice" not in warning


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("missing", "is no number; write digits, or leave it blank"),
        ("yes", "is no number"),
        ("2024-03-01", "write dates as"),
        ("01.03.2024", "write dates as"),
        ("3/1/24 10:30", "write dates as"),
        ("5-Jan-2024", "write dates as"),
        ("25-35", "is no number"),
        ("C-001", "is no number"),
        ("-", "is no number"),
        ("$5€", "is no number"),
        ("1e16", "is beyond 1e15"),
    ],
)
def test_refusal_says_what_a_value_is(value, told, tmp_path):
    rows = "".join(f"{i},{i * i % 17}\n" for i in range(20))
    error = refuse(tmp_path, f"A,B\n{rows}7,{value}\n", "-f", "A", "B")
    assert "line 22, column B" in error and told in error


# ------------------------------------------------------------------------------------------ texts


def test_characters_that_control_a_terminal_are_nowhere(tmp_path):
    evil = "\x1b[31mFe\u202emale"
    path = tmp_path / f"{evil}.csv"
    path.write_text(FEW.replace("Female", evil), encoding="utf-8")
    run = call_main(tmp_path / f"out{evil}", path, *QUICK)
    assert run.status == 0
    printed = run.out + run.err + "".join(map("".join, map(texts_in, run.figures.values())))
    assert "\x1b" not in printed and "\u202e" not in printed
    error = call_main(tmp_path / "output", path, "-f", "age", "gender").err
    assert "\x1b" not in error and "\u202e" not in error
    # But the file stays as it was spelt.
    assert sum(row["Gender"] == evil for row in run.rows("segments.csv")) == FEW.count("Female")


def test_no_two_columns_of_the_profiles_share_a_name(tmp_path):
    shop = FEW.replace("Age", "Name", 1).replace("Annual Income (k$)", "Share", 1)
    run = segment_shop(tmp_path, shop, "-f", "Name", "Share", *QUICK)
    header = (run.folder / "profiles.csv").read_text().split("\n")[0].split(",")
    assert len(set(header)) == len(header)
    assert "Name (mean)" in header and "Share (mean)" in header


def test_category_of_many_values_shows_the_most_common(tmp_path):
    shop = pd.read_csv(MALL_CSV)
    cities = [f"City {number}" for number in range(9)] * 13
    shop["Town"] = cities + [f"Village {number}" for number in range(200 - len(cities))]
    run = segment_shop(tmp_path, shop, *QUICK)
    shares = {name for name in run.rows("profiles.csv")[0] if name.startswith("Town: ")}
    assert shares == {"Town: other"} | {f"Town: City {number}" for number in range(9)}
    # Those of the villages are the most, but no group of their own.
    (title,) = [text for text in texts_in(run.figures["02_counts.png"]) if "largest" in text]
    assert "Town City" in " ".join(title.split())
    assert "City 8 13 (6.5%), other 83 (41.5%)" in run.report
    shop["Town"] = [f"Village {n % 50}" for n in range(200)]
    run = segment_shop(tmp_path, shop, *QUICK)
    assert not any(name.startswith("Town") for name in run.rows("profiles.csv")[0])


def test_names_of_columns_are_read_as_words(tmp_path):
    rng = np.random.default_rng(3)
    rich = np.repeat([0, 1], 40)
    shop = pd.DataFrame(
        {
            "MntMeatProducts": rich * 100 + rng.normal(0, 20, 80),
            "newsletter": rich,
            "Number of Orders": rich * 9 + rng.normal(0, 3, 80).round(),
            "months_as_customer": rich * 50 + rng.normal(0, 30, 80),
        }
    )
    run = segment_shop(tmp_path, shop, "-f", *shop, "-k", 2, "--max-clusters", 3)
    # The three that set the segments apart most, in the order of the features.
    assert {row["Name"] for row in run.rows("profiles.csv")} == {
        "low meat products, without newsletter, low orders",
        "high meat products, with newsletter, high orders",
    }
