"""Dates, two texts and units as features; tables whose reading is certain; the first answer."""

import csv
import datetime
import io
import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from conftest import call_main, segment_shop

import segment

QUICK = ("-k", 3, "--max-clusters", 3)
LATEST = datetime.date(2023, 11, 30)
AGO = [0, 3, 9, 14, 200, 204, 211, 219, 600, 606, 610, 625]  # days before the latest date
DAYS = [LATEST - datetime.timedelta(days) for days in AGO]
ORDERS = [30, 28, 31, 29, 10, 12, 11, 9, 1, 2, 3, 2]
MONTH_WORDS = "January February March April May June July Aug. Sept. October November December"
MONTH_WORDS = dict(enumerate(MONTH_WORDS.split(), start=1))
FORMS = {
    "ISO": lambda day: f"{day}",
    "slashes": lambda day: f"{day:%Y/%m/%d %H:%M}",
    "Hungarian": lambda day: f"{day:%Y.%m.%d.}",
    "Korean": lambda day: f"{day.year}. {day.month}. {day.day}.",
    "flat": lambda day: f"{day:%Y%m%d}",
    "flat with time": lambda day: f"{day:%Y%m%d}T120000Z",
    "flat as decimal": lambda day: f"{day:%Y%m%d}.0",
    "weekday": lambda day: f"{day:%a %d.%m.%Y}",
    "American": lambda day: f"{day.month}/{day.day}/{day:%y}, 11:05 PM",
    "British": lambda day: f"{day:%d/%m/%Y} 23:59:59.997",
    "Czech": lambda day: f"{day.day}. {day.month}. {day:%y}",
    "dashes": lambda day: f"{day:%d-%m-%Y}T07:15+02:00[Europe/Prague]",
    "in words": lambda day: f"{MONTH_WORDS[day.month]} {day.day}, {day.year}, 7 a.m.",
    "Oracle": lambda day: f"{day:%d-%b-%y}".upper(),
    "JavaScript": lambda day: f"{day:%a %b %d %Y} 00:30:00 GMT+0100 (CET)",
    "mail": lambda day: f"{day:%a, %d %b %Y} 10:00:00 +0000",
    "C": lambda day: f"{day:%a %b %d} 10:00:00 UTC {day.year}",
    "SAS": lambda day: f"{day:%d%b%Y}:10:00:00".upper(),
}


def write_shop(path, columns, separator=","):
    """Write columns as a CSV file with orders, and return its path."""
    pd.DataFrame({**columns, "Orders": ORDERS}).to_csv(path, index=False, sep=separator)
    return path


def read_means(run):
    """Return the means of profiles.csv, a row a segment."""
    return pd.DataFrame(run.rows("profiles.csv")).set_index("Segment")


def refuse(path, *arguments):
    """Run, and return why it is refused, with nothing left."""
    run = call_main(path.parent / "refused", path, *arguments)
    assert run.status == 2 and not run.folder.exists()
    (error,) = run.errors
    return error


def test_dates_are_days_before_the_latest_however_they_are_written(tmp_path):
    columns = {name: list(map(write, DAYS)) for name, write in FORMS.items()}
    shop = write_shop(tmp_path / "shop.csv", columns)
    assert all(segment.read_customers(shop)[name].dtype != int for name in FORMS)
    run = call_main(tmp_path / "output", shop, "-f", *FORMS, "Orders", *QUICK)
    assert run.status == 0
    assert "days since ISO are days before 2023-11-30" in run.report
    means = read_means(run)
    for name in FORMS:
        found = sorted(means[f"days since {name}"].astype(float))
        assert found == pytest.approx([6.5, 208.5, 610.25]), name


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["03/05/2024", "11/12/2023", "01/02/2023"], ["line 2", "2024-03-05 or 2024-05-03"]),
        (["03/25/2024", "25/03/2024", "01/02/2023"], ["line 3", "'03/25/2024' in line 2"]),
        (["2024-02-30", "2024-02-01", "2024-01-01"], ["line 2", "no date of the calendar"]),
        (["31.2.2024", "1.2.2024", "1.1.2024"], ["line 2", "no date of the calendar"]),
        (["5. März 2024", "6. März 2024", "1. Mai 2024"], ["line 2", "write dates as 2024-03-05"]),
        (["5 mars 2024", "6 mars 2024", "1 mai 2024"], ["line 2", "write dates as 2024-03-05"]),
        (["2024年3月5日", "2024年3月6日", "2023年1月1日"], ["line 2", "write dates as"]),
        (["5/3/2567", "16/3/2567", "1/1/2566"], ["line 2", "no date of the calendar"]),
        (["24-03-15", "24-04-20", "23-11-12"], ["line 2", "may have its year first"]),
        (["12-Mar-65", "3-Apr-85", "9-Jan-99"], ["line 2", "may be of 1965 or of 2065"]),
        (["20240305", "20240101", "20241301"], ["line 4", "'20241301' is no date"]),
        (["Tue Mar 05 10:30:15", "Wed Mar 06 11:30:00", "Thu Mar 07 12:00:00"], ["is no date"]),
        (["2024-03", "2024-04", "2023-01"], ["line 2", "'2024-03' is no date"]),
        (["4/12", "3/12", "1/12"], ["line 2", "'4/12' is no number"]),
        (["3.4.2024", "12.13.2024", "2.0.2022"], ["line 4", "'2.0.2022' is no date"]),
    ],
)
def test_date_that_is_not_certain_is_refused_with_its_line(texts, told, tmp_path):
    shop = write_shop(tmp_path / "shop.csv", {"Last": texts * 4})
    error = refuse(shop, "-f", "Last", "Orders")
    assert all(word in error for word in told), error


def test_each_column_of_dates_has_its_own_order(tmp_path):
    columns = {"A": [f"{day:%d/%m/%Y}" for day in DAYS], "B": [f"{day:%m/%d/%Y}" for day in DAYS]}
    run = call_main(tmp_path / "o", write_shop(tmp_path / "shop.csv", columns), "-f", "A", "B")
    assert run.status == 0
    assert sum("days since A 200" in line for line in run.out.splitlines()) == 0
    means = read_means(run)
    assert (means["days since A"] == means["days since B"]).all()


GAPS = [
    *("", "NULL", "NaT", "0000-00-00", "0000-00-00 00:00:00", "9999-12-31", "<nil>", "None"),
    *("0001-01-01T00:00:00Z", "(error)", "Invalid Date", "#DIV/0 !", "#N/D", "Err:502"),
]


def test_gap_among_dates_is_no_date(tmp_path):
    names = [f"Last{number}" for number in range(len(GAPS))]
    columns = {name: [gap, *map(str, DAYS[1:])] for name, gap in zip(names, GAPS, strict=True)}
    shop = write_shop(tmp_path / "shop.csv", columns)
    run = call_main(tmp_path / "o", shop, "-f", *names, "Orders", *QUICK)
    assert run.status == 0, run.errors
    for name in names:
        assert f"days since {name} are days before 2023-11-27" in " ".join(run.report.split())
        assert f"1 of {name}" in " ".join(run.report.split())
    assert "so get no segment: 1" in " ".join(run.report.split())


def test_next_month_counts_from_its_own_latest_date_and_knows_the_words(tmp_path):
    columns = {"Last": list(map(str, DAYS)), "Mail": ["Yes", "yes", "no"] * 4}
    shop = write_shop(tmp_path / "shop.csv", columns)
    first = call_main(tmp_path / "first", shop, "-f", "Last", "Mail", "Orders", *QUICK)
    assert first.status == 0
    features = json.loads((first.folder / "model.json").read_text(encoding="utf-8"))["features"]
    assert [feature["name"] for feature in features] == ["days since Last", "Mail", "Orders"]
    assert [feature.get("column") for feature in features] == ["Last", "Mail", None]
    later = [f"{day + datetime.timedelta(90):%d.%m.%Y}" for day in DAYS]
    now = write_shop(tmp_path / "now.csv", {"Last": later, "Mail": ["NO"] * 12})
    again = call_main(tmp_path / "again", now, "--like", first.folder)
    assert again.status == 0 and "days before 2024-02-28" in again.report
    then = call_main(tmp_path / "then", shop, "--like", first.folder)
    assert then.labels().tolist() == first.labels().tolist()
    (days,) = [line for line in first.out.splitlines() if line.startswith("days since Last  ")]
    assert days.split() in [line.split() for line in again.out.splitlines()]
    numbers = write_shop(tmp_path / "numbers.csv", {"Last": later, "Mail": [0, 1] * 6})
    assert "column Mail: '0' is neither" in refuse(numbers, "--like", first.folder)
    other = write_shop(tmp_path / "other.csv", {"Last": later, "Mail": ["maybe"] * 12})
    assert "line 2, column Mail: 'maybe' is neither" in refuse(other, "--like", first.folder)


PAIRS = [
    *(("no", "yes"), ("FALSE", "TRUE"), ("f", "t"), ("N", "Y"), ("nein", "ja"), ("non", "oui")),
    *(("no", "sí"), ("FALSCH", "WAHR"), ("FAUX", "VRAI"), ("HAMIS", "IGAZ"), ("Female", "Male")),
]


def test_two_texts_are_0_and_1(tmp_path):
    columns = {
        f"Kind {one}": [one, zero, zero] * 3 + [one, "", zero.swapcase()] for zero, one in PAIRS
    }
    shop = write_shop(tmp_path / "shop.csv", columns)
    run = call_main(tmp_path / "o", shop, "-f", *columns, "Orders", *QUICK)
    table = read_means(run)
    report = " ".join(run.report.split())
    for zero, one in PAIRS:
        assert f"in Kind {one} '{one}' is 1 and '{zero}' is 0" in report
        share = (table[f"Kind {one}"].astype(float) * table["Customers"].astype(int)).sum()
        assert share == pytest.approx(4)
    assert ": " not in "".join(table)
    axes = run.figures["02_counts.png"].axes
    labels = [[tick.get_text() for tick in ax.get_yticklabels()] for ax in axes]
    assert all([*pair] in labels for pair in PAIRS[: len(labels) - 1])


def test_features_of_two_values_alone_are_warned_of(tmp_path):
    columns = {"A": ["yes", "no"] * 6, "B": [1, 1, 0] * 4, "C": ["x", "x", "x", "y"] * 3}
    shop = write_shop(tmp_path / "shop.csv", columns)
    run = call_main(tmp_path / "o", shop, "-f", "A", "B", "C", *QUICK)
    assert any("all features have two values" in warning for warning in run.warnings)
    assert not any("--log" in warning for warning in run.warnings)


UNITS = {  # two numbers each, with a unit
    "Rupiah": ("Rp 1.250.000", 1_250_000, "Rp 875.500", 875_500),
    "Ringgit": ("RM 0.50", 0.5, "RM 12.75", 12.75),
    "Shilling": ("KES 12,528.00", 12_528, "KES 999.50", 999.5),
    "Lira": ("1.234,50 TL", 1234.5, "17,25 TL", 17.25),
    "cents": ("$.50", 0.5, "-$.25", -0.25),
    "degrees": ("52.520°", 52.52, "13.405°", 13.405),
    "Sol": ("S/ 12.50", 12.5, "S/ 8.25", 8.25),
    "Rand": ("R 1 234.50", 1234.5, "R 217 025.25", 217_025.25),
    "KSh": ("KSh 78", 78, "KSh 1,250", 1250),
    "Franc": ("12 500 FCFA", 12_500, "9 250 FCFA", 9250),
    "Hryvnia": ("грн 12,50", 12.5, "грн 1200,75", 1200.75),
    "weight": ("12.5 kg", 12.5, "8.25 kg", 8.25),
    "way": ("-3 km", -3, "4 km", 4),
    "cell": (" $(92.17)", -92.17, " $1,310.25", 1310.25),
    "nothing": (" $-   ", 0, " $1,310.25", 1310.25),
}


def test_number_may_have_any_unit_as_a_feature(tmp_path):
    columns = {name: ([text, other] * 6) for name, (text, _, other, _) in UNITS.items()}
    columns["way"] = ["0", "-3 km", "4 km"] * 4
    shop = write_shop(tmp_path / "shop.csv", columns, separator="|")
    run = call_main(tmp_path / "o", shop, "-f", *UNITS, "Orders", "-k", 2)
    assert run.status == 0, run.errors
    rows = {name: line.split() for line in run.out.splitlines() for name in line.split()[:1]}
    for name, (_, number, _, other) in UNITS.items():
        ends = float(rows[name][-5].replace(",", "")), float(rows[name][-1].replace(",", ""))
        assert ends == pytest.approx(sorted([number, other]), rel=0.005), name


def test_code_or_multiplier_is_no_number(tmp_path):
    codes = ["K001", "Q1", "KW12", "KW 07", "0049 km", "1.2k", "1.2 Mio", "3 lakh", "5 M", "12kg"]
    columns = {
        code: [re.sub(r"\d(?=\D*$)", digit, code) for digit in "123456789123"] for code in codes
    }
    shop = write_shop(tmp_path / "shop.csv", columns)
    for code in codes:
        assert f"column {code}: " in refuse(shop, "-f", code, "Orders")


def test_other_unit_is_refused_with_its_line(tmp_path):
    texts = [f"{number}.5 kg" for number in range(11)] + ["5.5 km"]
    shop = write_shop(tmp_path / "shop.csv", {"Weight": texts})
    assert "column Weight: '0.5 kg' is no number" in refuse(shop, "-f", "Weight", "Orders")


def test_codes_are_not_taken_for_numbers(tmp_path):
    columns = {
        "version": [f"1.{i}.0" for i in range(12)],
        "flat": [f"{i}a" for i in range(12)],
        "outlet": [f"PEN{i:03}" for i in range(12)],
        "mobile": [f"+4917{i}{12345 * i}" for i in range(10_000, 10_012)],
        "padded": [f"{i * i:05}" for i in range(12)],
        "week": [f"2024-W{10 + i}" for i in range(12)],
        "size": [f"{36 + i} EU" for i in range(12)],
        "range": [f"{i}-{i + 10}" for i in range(12)],
        "phone": [f"030 / 12345{i:02}" for i in range(12)],
        "address": [f"10.0.0.{i}" for i in range(12)],
        "hour": [f"{i}:30" for i in range(12)],
        "date": [f"202403{i + 1:02}" for i in range(12)],
    }
    customers = segment.read_customers(write_shop(tmp_path / "shop.csv", columns))
    for name, texts in columns.items():
        assert customers[name].tolist() == texts


def test_first_answer_runs_and_names_what_measures(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    spent = rng.gamma(2, 50, 40).round(2)
    table = pd.DataFrame(
        {
            "PERMITID": rng.permutation(40) * 7 + 100,
            "PAID": spent,
            "twice paid": 2 * spent,
            "Loyalty index": rng.integers(1, 6, 40),
            "Orders by phone": rng.poisson(4, 40),
            "it's $9": [f"KES {value:,.2f}" for value in rng.gamma(2, 900, 40)],
            "last order": pd.Timestamp("2024-01-01")
            - pd.to_timedelta(rng.integers(0, 99, 40), "D"),
            "birthday": ["03/04/1990"] * 39 + ["04/03/1991"],
            "mail": rng.choice(["yes", "no"], 40),
            "Segment": rng.integers(1, 4, 40),
        }
    )
    table.to_csv(tmp_path / "the shop.csv", index=False)
    monkeypatch.chdir(tmp_path)
    error = refuse(tmp_path / "the shop.csv")
    command = shlex.split(error.split("for example: ")[1])
    names = command[command.index("-f") + 1 :]
    assert names == ["PAID", "Loyalty index", "Orders by phone", "it's $9", "last order"]
    assert call_main(tmp_path / "output", *command[4:], *QUICK).status == 0


def test_advice_stays_short(tmp_path):
    table = pd.DataFrame(np.random.default_rng(2).integers(0, 50, (20, 800)))
    table.columns = [f"{name} of a long name ID" for name in range(400)] + [
        f"{name} of a long name" for name in range(400)
    ]
    table.to_csv(tmp_path / "shop.csv", index=False)
    error = refuse(tmp_path / "shop.csv")
    text, command = error.split("for example: ")
    assert len(text) < 500 + len(str(tmp_path))
    assert len(shlex.split(command)) - shlex.split(command).index("-f") == 9


def test_yes_and_no_are_offered_where_nothing_measures(tmp_path):
    columns = {"A": ["Yes", "No"] * 6, "B": ["x", "x", "y"] * 4}
    pd.DataFrame(columns).to_csv(tmp_path / "shop.csv", index=False)
    assert refuse(tmp_path / "shop.csv").endswith("-f A B")


def test_letters_that_are_a_guess_are_named_in_every_refusal(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_bytes("나이,구매\n1,x\n2,y\n3,z\n".encode("cp949"))
    assert "--encoding" in refuse(path, "-f", "age", "spent")
    assert "--encoding" in refuse(path)


PLAIN = "".join(f"K{i},Ulm,{i % 3 * 9 + i % 2},{i % 3 * 40 + i % 5}\n" for i in range(12))
LINES = ["Who,Town,Visits,Spent", *PLAIN.splitlines()]
WHOLE = '"K6,""Ulm, Donau"",0,1"'
TABLES = {
    "row names": '"Who","Town","Visits","Spent"\n'
    + "".join(f'"{i}",{line}\n' for i, line in enumerate(LINES[1:])),
    "a line in quotes": "\n".join([*LINES[:7], WHOLE, *LINES[8:]]),
    "padded lines": "\n".join(f"{line};;" for line in [*LINES[:7], WHOLE, *LINES[8:]]),
    "all lines in quotes": "\n".join(f'"{line}"' for line in LINES),
    "blank fields": "\n".join([*LINES[:7], f"{LINES[7]},,", *LINES[8:]]),
    "missing fields": "Who,Town,Visits,Spent,Note,Mail\n" + PLAIN,
    "a name twice": "Town,Town,Visits,Spent\n" + PLAIN,
    "three names": "Town,Town,Town (1),Visits,Spent\n" + PLAIN.replace("Ulm", "Ulm,Bonn"),
    "comma in a name": "Who;Town;Visits, all;Spent, EUR\n" + PLAIN.replace(",", ";"),
}


@pytest.mark.parametrize("name", TABLES)
def test_table_whose_reading_is_certain_is_read(name, tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(TABLES[name])
    customers = segment.read_customers(path)
    assert customers[[column for column in customers if "Visits" in column][0]].tolist() == [
        i % 3 * 9 + i % 2 for i in range(12)
    ]
    run = call_main(tmp_path / "o", path, "-f", "visits", "spent", *QUICK)
    assert run.status == 0
    assert name in ("comma in a name", "a name twice", "three names") or run.out.startswith(
        "Read  "
    )
    rows = csv.reader(io.StringIO((run.folder / "segments.csv").read_text()), delimiter=";")
    if name != "comma in a name":
        rows = csv.reader(io.StringIO((run.folder / "segments.csv").read_text()))
    header, *rows = [row for row in rows if row]
    assert len(rows) == 12 and {len(row) for row in rows} == {len(header)}
    for row, (_, customer) in zip(rows, customers.iterrows(), strict=True):
        assert [field or None for field in row[:-2]] == [
            None if pd.isna(value) else str(value) for value in customer
        ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Visits\n1\n2\n3\n", ["one name only", "'Visits'"]),
        ("Report\nof,2024\n\n" + "\n".join(LINES), ["begin in line 4"]),
        ("\n".join([*LINES[:5], "K4,Ulm,9", *LINES[6:]]), ["line 6", "has 3 of 4 fields"]),
        ("\n".join([*LINES[:5], '"K\\"4",Ulm,9,9', *LINES[6:]]), ["line 6", "backslash"]),
        ("Who,Visits, EUR,Spent\n" + PLAIN.replace(",Ulm", ""), ["line 2", "3 of 4 fields"]),
        ("K,A,B\nC1,34,12,50\nC2,35,14,75\nC3,61,99,10\nC4,9,98,20\n", ["4 fields", "has 3"]),
        ("A,B\n" + "\n".join(LINES[1:]), ["line 2", "4 fields", "has 2"]),
    ],
)
def test_other_table_is_refused_for_the_right_reason(text, told, tmp_path):
    (tmp_path / "shop.csv").write_text(text)
    error = refuse(tmp_path / "shop.csv", "-f", "visits", "spent")
    assert all(word in error for word in told), error


def test_own_segments_of_numbers_are_a_category(tmp_path):
    shop = write_shop(tmp_path / "shop.csv", {"Visits": ORDERS[::-1], "Segment": [1, 2, 3] * 4})
    run = call_main(tmp_path / "o", shop, "-f", "Visits", "Orders", *QUICK)
    assert "Segment: 1" in read_means(run)
    assert "Segment" not in refuse(shop).split("-f ")[1]


def test_heads_and_names_are_short_and_no_two_alike(tmp_path):
    names = [f"how_satisfied_were_you_with_the_{word}" for word in ("coffee", "prices", "music")]
    columns = {name: np.roll(ORDERS, 4 * place) for place, name in enumerate(names)}
    run = segment_shop(tmp_path, pd.DataFrame(columns), "-f", *names, *QUICK)
    (line,) = [line for line in run.out.splitlines() if line.endswith("Name")]
    assert line.split() == ["Customers", "coffee", "prices", "music", "Stability", "Name"]
    assert all(word in run.out for word in ("high coffee", "high prices", "high music"))
