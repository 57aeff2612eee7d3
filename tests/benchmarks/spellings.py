"""Read tables as people and programs spell them, by an earlier segment.py and by this one.

    python tests/benchmarks/spellings.py OLD_SEGMENT_PY [TABLES [FIRST_SEED]]

What each column means is known, as it is made here. A column of numbers has to be read as them, or
left as the texts it has, which refuses it as a feature. Where nothing tells if a mark parts
thousands, all numbers of a column may be off by a factor of 1,000, if the report says how they were
read. IDs, codes, dates and names have to stay as they are spelt. Dates, two texts and numbers with
any unit stay so, too, and have to be read as what they are, or refused, once they are features. The
status is 1 if they do not.
"""

import collections
import csv
import importlib.util
import math
import random
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import call_main
from new_kinds import MAKERS

import segment


class Dialect(NamedTuple):
    """How the numbers of a country or a program are spelt."""

    mark: str  # before decimals
    group_marks: list[str]
    currencies: list[str]
    group_digits: int = 3  # above the last three


class Column(NamedTuple):
    """A column as it is written, and what it means: numbers, NaN in gaps; None if it has texts."""

    name: str
    kind: str
    texts: list[str]
    numbers: list[float] | None = None
    mark: str = ""
    unit: str = ""


DIALECTS = [
    Dialect(".", [","], ["$", "US$", "USD"]),  # United States
    Dialect(".", [","], ["£", "GBP"]),  # United Kingdom
    Dialect(",", ["."], ["€", "EUR"]),  # Germany
    Dialect(",", ["\u202f", "\xa0", " "], ["€", "EUR"]),  # France
    Dialect(".", ["'", "’"], ["CHF", "Fr.", "SFr."]),  # Switzerland
    Dialect(".", [","], ["₹", "Rs.", "INR"], 2),  # India
    Dialect(",", ["."], ["R$", "BRL", "$", "CLP", "COP", "IDR"]),  # Brazil, Chile, Indonesia ...
    Dialect(",", ["\xa0", " "], ["kr", "SEK", "zł"]),  # Sweden, Poland
    Dialect(".", [""], [""]),  # programs
    Dialect(",", [""], [""]),
]
DINARS = "KWD"  # have three decimals
UNITS = {"per cent": "%", "dinars": DINARS}
# Kinds of numbers: how many of 100 columns have them, their decimals, and about how large they are.
AMOUNTS = [3, 40, 300, 1500, 6000, 50_000, 2_000_000]
KINDS = {
    "whole amounts": (30, [0], AMOUNTS),
    "amounts with cents": (10, [2], AMOUNTS),
    "amounts, .00 dropped": (5, [2], AMOUNTS),
    "dash for no cents": (5, [2], AMOUNTS),
    "dinars": (5, [3], AMOUNTS[:5]),
    "three decimals": (10, [3], AMOUNTS[:4]),
    "zeros dropped": (10, [1, 2, 3], AMOUNTS[:5]),
    "no zero before the mark": (4, [1, 2, 3], [0.4]),
    "per cent": (4, [0, 1, 2, 3], [20]),
    "exponents": (3, [1, 2, 3, 6], AMOUNTS),
    "all digits": (4, [3, 6, 17], [0.001, 40, 300]),
    "other mark once": (8, [0, 0, 2], AMOUNTS[2:]),
    "no number once": (3, [0, 2], AMOUNTS),
}
SPOILT = ["other mark once", "no number once"]
NO_CENTS = {"amounts, .00 dropped": "", "dash for no cents": "-"}
MONEY = ["whole amounts", "amounts with cents", *NO_CENTS, "no number once"]
BY_PROGRAMS = ["three decimals", "zeros dropped", "all digits"]  # mostly, without groups
GAPS = ["", "", "NA", "n/a", "NULL", "#DIV/0!"]
NO_NUMBERS = ["--89.1", "-+6", "1..5", "12k", "4.5.1"]
# How a number below zero is written, between a unit before it and one behind.
MINUS = ["-{}{}{}", "−{}{}{}", "{}-{}{}", "({}{}{})"]
NUMBER_NAMES = ["Spent", "Income", "Price", "Weight", "Dose", "Balance", "Rating", "Distance"]
# Texts by the name of their column: # is any digit, N any but 0.
PATTERNS = {
    "Customer ID": ["N" + 18 * "#", "N" + 15 * "#", "00000###", "K###", "N####", "N##.###.###"],
    "Phone": ["+1 555 ### ###", "0### N######", "(0##) N######", "06 ## ## ## ##", "555.###.###"],
    "Postcode": ["0####", "#####", "N####", "AB# #CD", "#####-###", "N#.###"],
    "IP": ["10.0.#.N#", "192.168.1.1##", "1#.1##.1##.1##"],
    "Article no": ["N##.###.###", "N##.###", "A-####", "N######"],
    "Tax number": ["N#.###.###-#", "N#.###.###", "###.###.###-##", "N#/###/####N", "N##########"],
    "Order date": ["2024-0N-1#", "1#.0N.2024", "0N/1#/2024", "1#.0N.24"],
    "Version": ["N.#.#", "v1.N", "N.1#.0", "2024.N.#"],
    "Flat": ["N#a", "N# B", "N/#", "# 1/2"],
    "Week": ["2024-W1#", "KW 0N", "KW1#", "W#", "2024Q#"],
    "Size": ["XL", "N# EU", "3XL", "N#/3#", "W3# L3#"],
    "Range": ["N#-9#", "N#–9#", "N-N#", "N#+", "<N#", "N# to 9#"],
    "Hour": ["1#:3#", "N h 3# min", "2 days 0#:00:00", "0#:4#:1#"],
    "City": ["Bonn", "São Paulo, SP", "Ghent; Gent", "Ålesund | A", "Area 5"],
}
UNSURE = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")  # decimals or thousands
MANY = 20  # unsure numbers, among which one that tells alone may be a slip
RIGHT, REFUSED, BY_1000, MISREAD = "right", "refused", "by 1,000", "misread"
ASKED = 20  # columns off by 1,000, of which the report has to tell
SHOWN = 5  # columns of a kind


def spell(value: float, kind: str, decimals: int, dialect: Dialect, group_mark: str) -> str:
    """Spell a number that is not below zero."""
    if kind in ("exponents", "all digits"):
        text = repr(value) if kind == "all digits" else f"{value:.{decimals}E}"
        return text.replace(".", dialect.mark)
    whole, _, fraction = f"{value:.{decimals}f}".partition(".")
    if kind in ("zeros dropped", "no zero before the mark"):
        fraction = fraction.rstrip("0")
    if kind in NO_CENTS and fraction == "00":
        fraction = NO_CENTS[kind]
    if kind == "no zero before the mark" and fraction:
        whole = whole.removeprefix("0")
    if group_mark and len(whole) > 3:
        groups = [whole[-3:]]
        rest = whole[:-3]
        while rest:
            groups.insert(0, rest[-dialect.group_digits :])
            rest = rest[: -dialect.group_digits]
        whole = group_mark.join(groups)
    return f"{whole}{dialect.mark}{fraction}" if fraction else whole


def make_numbers(rng: random.Random, name: str, kind: str, dialect: Dialect, rows: int) -> Column:
    """Draw a column of numbers with gaps, and spell them as one person or program would."""
    _, choice_of_decimals, centers = KINDS[kind]
    decimals = rng.choice(choice_of_decimals)
    center, width = rng.choice(centers), rng.choice([0.2, 0.6, 1.5])
    group_mark = rng.choice([*2 * dialect.group_marks, ""])
    if kind in BY_PROGRAMS and rng.random() < 0.8:
        group_mark = ""
    unit = UNITS.get(kind, "")
    if kind in MONEY and rng.random() < 0.5:
        unit = rng.choice(dialect.currencies)
    blank = rng.choice(["", " ", "\xa0"]) if unit else ""
    before, behind = f"{unit}{blank}", ""
    if unit == "%" or rng.random() < 0.5:
        before, behind = "", f"{blank}{unit}"
    unit_share = rng.choice([1, 1, 1, 0.7]) if kind in MONEY else 1
    minus, minus_share = rng.choice(MINUS), rng.choice([0, 0, 0, 0.2])
    gap_share = rng.choice([0, 0, 0.1])
    plus = rng.choice([*15 * [""], "+"])
    if not decimals and not unit:
        plus = ""  # or it might be a phone number
    texts, numbers = [], []
    for row in range(rows):
        value = rng.lognormvariate(math.log(center), width) * (rng.random() > 0.01)
        if kind in NO_CENTS and rng.random() < 0.8:
            value = round(value)
        value = float(f"{value:.{decimals}E}") if kind == "exponents" else round(value, decimals)
        text = spell(value, kind, decimals, dialect, group_mark)
        parts = (before, text, behind) if rng.random() < unit_share else ("", text, "")
        if row and rng.random() < gap_share:
            texts.append(rng.choice(GAPS))
            numbers.append(math.nan)
        elif rng.random() < minus_share:
            texts.append(minus.format(*parts))
            numbers.append(-value)
        else:
            texts.append(plus + "".join(parts))
            numbers.append(value)
    return Column(name, kind, texts, numbers, dialect.mark, unit)


def spoil(rng: random.Random, column: Column) -> bool:
    """Write one number wrongly; tell whether the others are enough to refuse the column."""
    place = rng.randrange(len(column.texts))
    if column.kind == "no number once":
        wrong_texts = NO_NUMBERS
        if column.unit and sum(column.unit in text for text in column.texts) > 1:
            wrong_texts = ["5 €" if "$" in column.unit else "$5"]
        column.texts[place] = rng.choice(wrong_texts)
        column.numbers[place] = math.inf  # which nothing is equal to
        return True
    number = rng.randint(1000, 9999) / 100
    column.texts[place] = ""
    is_told = any(map(tells, column.texts)) or sum(map(is_unsure, column.texts)) >= MANY
    column.texts[place] = f"{number:.2f}".replace(".", "," if column.mark == "." else ".")
    column.numbers[place] = number
    return is_told


def make_texts(rng: random.Random, name: str, rows: int) -> Column:
    """Draw a column of IDs, codes, dates or names, perhaps with gaps."""
    pattern = rng.choice(PATTERNS[name])
    gap_share = rng.choice([0, 0, 0.1])
    texts = []
    for _ in range(rows):
        text = re.sub("#", lambda _: rng.choice("0123456789"), pattern)
        text = re.sub("N", lambda _: rng.choice("123456789"), text)
        texts.append("" if rng.random() < gap_share else text)
    return Column(name, name, texts)


def make_table(seed: int, path: Path) -> list[Column]:
    """Draw the columns of a table, write it, and return them."""
    rng = random.Random(seed)
    dialect, separator = rng.choice(DIALECTS), rng.choice(",;\t|")
    rows = rng.choice([rng.randint(3, 12), rng.randint(12, 80)])
    columns = []
    for name, low, high in [("Age", 18, 80), ("Birth year", 1940, 2010)]:
        numbers = [rng.randint(low, high) for _ in range(rows)]
        columns.append(Column(name, name, list(map(str, numbers)), numbers))
    shares = [share for share, _, _ in KINDS.values()]
    kinds = rng.choices(list(KINDS), shares, k=rng.choice([1, 1, 2, 3]))
    # Where nothing tells, a comma is before decimals between semicolons, a point between all else.
    # A slip that agrees with this can't be told from the others.
    is_usual = (dialect.mark == ",") == (separator == ";")
    for name, kind in zip(rng.sample(NUMBER_NAMES, len(kinds)), kinds, strict=True):
        is_foreign = rng.random() < 0.1 and not set(kinds) & set(SPOILT)
        column_dialect = rng.choice(DIALECTS) if is_foreign else dialect
        column = make_numbers(rng, name, kind, column_dialect, rows)
        if kind == "other mark once" and not is_usual:
            continue
        if kind not in SPOILT or spoil(rng, column):
            columns.append(column)
    columns += [make_texts(rng, name, rows) for name in PATTERNS if rng.random() < 0.15]
    for name, make in MAKERS.items():
        if rng.random() < 0.3:
            columns.append(Column(name, name, *make(rng, rows)))
    rng.shuffle(columns)
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    line_end = rng.choice(["\n", "\r\n"])
    with open(path, "w", newline="", encoding=rng.choice(["utf-8", "utf-8-sig"])) as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=quoting)
        writer.writerow([column.name for column in columns])
        writer.writerows(zip(*[column.texts for column in columns], strict=True))
    return columns


def take_core(text: str) -> str:
    """Return the digits of a text, and the marks among them and around."""
    without_letters = re.sub(r"[^\W\d_]+\.?", "", text)
    core = re.search(r"[.,]?\d(.*\d)?[.,]?", without_letters)
    return core[0] if core else ""


def is_unsure(text: str) -> bool:
    """Tell whether the mark in a number may stand before decimals, or part thousands."""
    return UNSURE.fullmatch(take_core(text)) is not None


def tells(text: str) -> bool:
    """Tell whether a number shows by itself what its marks mean."""
    return re.search("[.,]", take_core(text)) is not None and not is_unsure(text)


def is_decided(column: Column, columns: list[Column]) -> bool:
    """Tell whether the texts of a column, its currency, or all others that tell decide its mark."""
    has_currency = column.unit not in ("", "%", DINARS) and column.unit in "".join(column.texts)
    if has_currency or any(map(tells, column.texts)):
        return True
    marks = set()
    for other in columns:
        telling = sum(map(tells, other.texts))
        may_be_slip = telling == 1 and sum(map(is_unsure, other.texts)) >= MANY
        is_measure = other.numbers is not None and other.kind not in SPOILT
        if is_measure and telling and not may_be_slip:
            marks.add(other.mark)
    return marks == {column.mark}


def judge(column: Column, columns: list[Column], customers: pd.DataFrame | None) -> str:
    """Say whether a column was read right, refused, or how it was misread."""
    if customers is None:
        return REFUSED
    found = customers[column.name]
    if not pd.api.types.is_numeric_dtype(found):
        is_as_spelt = found.fillna("").tolist() == [text.strip() for text in column.texts]
        spelt = REFUSED if column.numbers else RIGHT
        return spelt if is_as_spelt else MISREAD
    if not column.numbers:
        return MISREAD
    for factor in (1, 1000, 0.001):
        numbers = np.multiply(column.numbers, factor)
        if np.isclose(found.to_numpy(float), numbers, 1e-12, 0, equal_nan=True).all():
            if factor == 1:
                return RIGHT
            return MISREAD if is_decided(column, columns) else BY_1000
    return MISREAD


def judge_feature(column: Column, customers: pd.DataFrame | None, path: Path) -> str:
    """Say the same of a column that is one of texts, and of numbers once it is a feature."""
    if customers is None:
        return REFUSED
    if pd.api.types.is_numeric_dtype(customers[column.name]):
        return MISREAD
    try:
        customers, reading = segment.parse(segment.load(path), {})
        features, _ = segment.take_features(customers, [column.name], reading, None)
    except segment.InputError:
        return RIGHT if column.numbers is None else REFUSED
    found = features.iloc[:, 0].to_numpy(float)
    if column.numbers is None:
        return MISREAD
    return RIGHT if np.array_equal(found, column.numbers, equal_nan=True) else MISREAD


def read_table(module, path: Path) -> pd.DataFrame | None:
    """Read a table by one of the two; return None if it is refused."""
    try:
        return module.read_customers(path)
    except module.InputError:
        return None


def show_misread(column: Column, customers: pd.DataFrame) -> str:
    """Show the first value of a column that was misread, and others."""
    meanings = column.numbers or column.texts
    rows = zip(column.texts, meanings, customers[column.name], strict=True)
    for text, meant, found in rows:
        if column.kind not in MAKERS and found != meant and pd.notna(found):
            return f"{text!r} is {meant!r}, read {found!r}; of {' '.join(column.texts[:8])}"
    return f"{' '.join(column.texts[:8])}"


def ask_report(seed: int, name: str, folder: Path) -> str:
    """Run the command for a column; say if it is refused, or told how it was read, or neither."""
    path = folder / "asked.csv"
    make_table(seed, path)
    run = call_main(folder / "output", path, "-f", "Age", name, "-k", 2, "--max-clusters", 3)
    if run.status:
        return REFUSED
    report = (run.folder / "report.txt").read_text(encoding="utf-8")
    paragraph = re.search(r"^Read .*\n(?: .*\n)*", report, re.MULTILINE)
    return "told" if paragraph and name in paragraph[0] else "untold"


def compare(old, tables: int, first_seed: int, folder: Path) -> int:
    """Read so many tables by both; print what differs, and return how many the new misread."""
    verdicts, by_1000 = [], []
    newly_refused, misread = collections.defaultdict(list), collections.defaultdict(list)
    for seed in range(first_seed, first_seed + tables):
        columns = make_table(seed, folder / "table.csv")
        old_customers = read_table(old, folder / "table.csv")
        customers = read_table(segment, folder / "table.csv")
        for column in columns:
            before = judge(column, columns, old_customers)
            now = judge(column, columns, customers)
            if column.kind in MAKERS:
                now = judge_feature(column, customers, folder / "table.csv")
            what = "numbers" if column.numbers else "texts"
            verdicts += [(what, column.kind, "old", before), (what, column.kind, "new", now)]
            place = f"seed {seed}, {column.name}"
            if before == RIGHT and now == REFUSED:
                newly_refused[column.kind].append(f"{place}: {' '.join(column.texts[:8])}")
            if now == MISREAD:
                misread[column.kind].append(f"{place}: {show_misread(column, customers)}")
            if now == BY_1000:
                by_1000.append((seed, column.name))
    answers = collections.Counter()
    for seed, name in by_1000[:ASKED]:
        answer = ask_report(seed, name, folder)
        answers[answer] += 1
        if answer == "untold":
            misread["off by 1,000, and the report does not tell"].append(f"seed {seed}, {name}")
    print(f"{tables:,} tables from seed {first_seed}\n")
    what, kinds, readers, found = map(np.array, zip(*verdicts, strict=True))
    for rows in ([what, kinds], [what]):
        labels = {"rownames": [""] * len(rows), "colnames": ["", ""]}
        print(pd.crosstab(rows, [readers, found], **labels).to_string(), "\n")
    print(f"Off by 1,000, where nothing tells: {len(by_1000):,}, of whom asked: {dict(answers)}")
    print_cases("Right by the old, refused by the new", newly_refused)
    print_cases("Misread by the new", misread)
    return sum(map(len, misread.values()))


def print_cases(title: str, cases: dict[str, list[str]]) -> None:
    """Print how many columns of each kind there are, and the first of them."""
    print(f"{title}: {sum(map(len, cases.values())):,}")
    for kind, found in cases.items():
        print(f"  {len(found):,} {kind}")
        for case in found[:SHOWN]:
            print(f"    {case}")


if __name__ == "__main__":
    numbers = [int(float(word)) for word in sys.argv[2:]]
    tables, first_seed = (numbers + [6000, 0][len(numbers) :])[:2]
    specification = importlib.util.spec_from_file_location("old_segment", sys.argv[1])
    old = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(old)
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(min(1, compare(old, tables, first_seed, Path(temporary))))
