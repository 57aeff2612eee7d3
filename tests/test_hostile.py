"""Files from everywhere: each is segmented rightly, or refused in one line that says where."""

import bz2
import gzip
import io
import lzma
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from conftest import MALL_CSV, call_main, contents, find_faults, save_laid_out, segment_shop

import segment

pytestmark = pytest.mark.filterwarnings("error")
HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
ROWS = "1,Male,19,15,39\n2,Male,21,15,81\n3,Female,20,16,6\n4,Female,23,16,77\n"
SHOP = HEADER + ROWS
MALL = MALL_CSV.read_text()
CR_AND_QUOTES = '\n\nName,A,B\n"Ann\nLee",1,2\r\n\r\nBob,3,4\rCid,5,'
INCOME_6 = ["line 6", "column Annual Income (k$)"]
BY_TWO = ["-f", "A", "B"]


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png() -> bytes:
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.zeros((4, 4)), format="png")
    return buffer.getvalue()


REFUSED_FILES = {  # case: (content of shop.csv, arguments, what the error says)
    "empty": ("", [], ["no customers"]),
    "blank lines": ("\n \n\r\n", [], ["no customers"]),
    "header only": (HEADER, [], ["no customers", "header"]),
    "header and blanks": (HEADER + "\n\n", [], ["no customers"]),
    "text": (SHOP + "5,Female,3l,17,40\n", [], ["line 6", "column Age", "'3l'"]),
    "12k": (SHOP + "5,Male,30,12k,40\n6,Male,30,13k,1\n", [], [*INCOME_6, "'12k'"]),
    "how many": (SHOP + "5,Male,30,12k,40\n6,Male,30,13k,1\n", [], ["2 such"]),
    "infinity": (SHOP + "5,Female,31,inf,40\n", [], [*INCOME_6, "'inf'"]),
    "all infinity": ("A,B\n-inf,1\ninf,2\n1,3\n", BY_TWO, ["line 2", "column A", "'-inf'"]),
    "overflow": (SHOP + "5,Male,31,1e999,40\n", [], [*INCOME_6, "1e15"]),
    "beyond 1e15": (SHOP + "5,Male,31,-2e15,40\n", [], [*INCOME_6, "'-2e15'", "1e15"]),
    "long number": (SHOP + f"5,Male,{'9' * 99},1,4\n", [], ["line 6", f"'{'9' * 40}...'"]),
    "text in a long cell": (SHOP + f"5,Male,{'x y' * 90},1,4\n", [], [f"'{'x y' * 13}x...'"]),
    "three texts": ("A,B\nyes,1\nno,2\nboth,3\n", BY_TWO, ["line 2", "column A", "'yes'"]),
    "true and a gap": (
        "A,B\nTRUE,1\n,2\nTRUE,3\n",
        BY_TWO,
        ["column A", "'TRUE'", "one text only"],
    ),
    "lost letters": ("A,B\n???,1\n,2\n??,3\n", BY_TWO, ["line 2", "column A", "'???'"]),
    "line of a number": (CR_AND_QUOTES + "many", BY_TWO, ["line 8", "column B", "'many'"]),
    "line after a quoted break": ('A,B\n"1",2\n"\n3",x\n4,5\n', BY_TWO, ["line 3", "B", "'x'"]),
    "comma and point": ("A;B\n1,5;2\n2,5;3\n3.5;4\n", BY_TWO, ["line 4", "column A", "'3.5'"]),
    "text among decimal commas": ("A;B\n1,5;2\nNA;3\n3k;4\n", BY_TWO, ["line 4", "A", "'3k'"]),
    "thousands with points": (
        "A;B\n900;2\n1.677;3\n2.454;4\n",
        BY_TWO,
        ["line 3", "column A", "'1.677'"],
    ),
    "thousands beside a plain number": (
        "A;B\n1.250;2\n3.500;3\n1500;4\n900;5\n",
        BY_TWO,
        ["line 2", "column A", "'1.250'"],
    ),
    "word for a total": (
        "Name,A,B\na,20,30\nb,30,10\nc,45,50\nd,25,70\nTotal,7,9\n",
        BY_TWO,
        ["line 6 ('Total')", "total", "remove"],
    ),
    "quote amid a field": (
        'Name,A,B\na,20,30\nb"of, and,3",10\nc,45,50\n',
        BY_TWO,
        ["line 3", "quote amid a field"],
    ),
    "two signs": ("A,B\n1,2\n--89.1,3\n-+6,4\n", BY_TWO, ["line 3", "column A", "'--89.1'"]),
    "customer of gaps as the header": ("K1,\\N,25.5,3\nK2,4,26.5,4\n", [], ["put a header"]),
    "separators that add up": (
        "A,B,C\n1,2,3,\n5,9,6,\n4,5\n7,1\n",
        BY_TWO,
        ["line 4", "('4' ...)"],
    ),
    "quotes around customers": (
        SHOP + '5,"Male,31,17,4\n6,Male",3,4,5\n7,Male,1,2,3\n',
        [],
        ["line 6", "('5' ...)", "quotes around whole lines", "remove these quotes"],
    ),
    "field too many": (SHOP + "5,Female,31,17,40,1\n6,Male,1,2,3\n", [], ["line 6", "6 fields"]),
    "field too many at once": ("A,B\n1,2,3\n4,5,6\n", BY_TWO, ["line 2", "3 fields"]),
    "field too many at the end": ("A,B\n1,2\n4,5,\n", BY_TWO, ["line 3", "('4' ...)", "3 fields"]),
    "field too few": (SHOP + "5,Female,31,17\n6,Male,1,2,3\n", [], ["line 6", "4 of 5 fields"]),
    "few and many": ("A,B,C\n1,2\n4,5,6,7\n", BY_TWO, ["line 2", "('1' ...)", "2 of 3 fields"]),
    "ragged with quotes": (
        'A,B,C\n"1\n",2,3\n4,5\n',
        BY_TWO,
        ["line 4", "('4' ...)", "2 of 3 fields"],
    ),
    "total below": (SHOP + "\nTotal: 4 customers\n", [], ["line 7", "'Total: 4 customers'"]),
    "open quote": (SHOP + '5,"Male,31,17,40\n6,Male,31,17,4\n', [], ["line 6", "quote"]),
    "open quote in the header": ('A,"B\n1,2\n3,4\n', [], ["line 1", "quote"]),
    "text behind a quote": ('A,B\n1,2\n"3"x,4\n5,6\n', BY_TWO, ["line 3", "quote"]),
    "two quotes far apart": (
        SHOP + '5,"Male,1,2,3\n6,Male,1,2,3\n7,"Male,1,2,3\n',
        [],
        ["line 6", "quote"],
    ),
    "merge conflict": (
        SHOP + "<<<<<<< HEAD\n5,Male,1,2,3\n=======\n5,Male,3,2,1\n>>>>>>> new\n",
        [],
        ["line 6", "'<<<<<<< HEAD'"],
    ),
    "conflict on top": ("<<<<<<< HEAD\n" + SHOP, [], ["line 1", "begin in line 2"]),
    "title above": ("Customers of the mall\n\n" + SHOP, [], ["line 1", "begin in line 3"]),
    "title with a comma": ("Customers, 2024\n" + SHOP, [], ["header in line 1", "'Customers'"]),
    "title of all columns": ("Customers,,,,\n" + SHOP, [], ["line 1", "begin in line 2"]),
    "no header": (ROWS, [], ["line 1", "put a header above"]),
    "no header, with -f": (ROWS, ["-f", "19", "15"], ["put a header above"]),
    "name twice": ("A,B,A\n1,2,3\n4,5,6\n", BY_TWO, ["A (1)", "A (2)", "in full"]),
    "name twice but for spaces": ("A,B, A \n1,2,3\n4,5,6\n", BY_TWO, ["A (1)", "A (2)", "in full"]),
    "NUL": (SHOP + "5,Fem\0ale,31,17,40\n", [], ["line 6", "NUL", "save it as CSV"]),
    "NUL after CR": (SHOP.replace("\n", "\r") + "\0", [], ["line 6", "NUL"]),
    "picture": (png(), [], ["save it as CSV"]),
    "spreadsheet": (zipped(**{"xl/workbook.xml": b"<x/>"}), [], ["is a spreadsheet", "CSV"]),
    "bytes": (b"A,B\n\x00\x01,2\n", BY_TWO, ["line 2", "NUL"]),
    "old spreadsheet": (b"\xd0\xcf\x11\xe0" + bytes(99), [], ["is a spreadsheet", "CSV"]),
    "neither encoding": (b"A,B\n1,\x81\n", BY_TWO, ["is no text", "save it as CSV"]),
    "half UTF-16": ("A,B\n1,2\n".encode("utf-16") + b"\n", BY_TWO, ["is no text", "UTF-8"]),
    "gzip that is called CSV": (gzip.compress(SHOP.encode()), [], ["save it as CSV"]),
    "two of three features": ("Age,Income\n1,2\n3,4\n5,7\n", [], ["-f Age Income"]),
    "no numbers": ("Name,City\nA,Rome\nB,Oslo\nC,Bonn\n", [], ["no two columns of numbers"]),
    "misspelt feature": (SHOP, ["-f", "Age", "Spendin Score"], ["Spending Score (1-100)"]),
    "unknown feature": (SHOP, ["-f", "Age", "zzz"], ["zzz", "choose from CustomerID, Gender, Age"]),
    "text feature": (SHOP + "5,Other,1,2,3\n", ["-f", "Age", "Gender"], ["line 2", "'Male'"]),
    "ambiguous": (
        "Pay (EUR),Pay ($),Age\n1,2,3\n2,3,1\n4,4,4\n",
        ["-f", "pay", "age"],
        ["Pay (EUR)", "Pay ($)", "in full"],
    ),
    "one feature": (SHOP, ["-f", "Age"], ["-f", "two or more"]),
    "same feature twice": (SHOP, ["-f", "Age", "age"], ["-f", "two or more different"]),
    "constant": ("A,B\n1,2\n1,3\n1,4\n", BY_TWO, ["column A does not differ", "-f"]),
    "constant but for rounding": (
        "A,B\n.1,2\n.1,3\n.1,4\n.1,5\n",
        BY_TWO,
        ["column A does not differ"],
    ),
    "constant but for the last bit": (
        "A,B\n.3,2\n.30000000000000004,3\n.3,4\n",
        BY_TWO,
        ["column A does not differ"],
    ),
    "constant in effect": (
        "A,B\n1e-200,2\n2e-200,3\n1e-200,4\n",
        BY_TWO,
        ["column A does not differ"],
    ),
    "k above what K-Means sees": (
        "A,B\n0,2\n1e12,3\n0,4\n1e12,5\n0,6\n",
        [*BY_TWO, "--no-scale", "-k", 4],
        ["2 different customers of 5", "4 segments"],
    ),
    "feature of blanks": ("A,B\n,2\n ,3\nNA,4\n", BY_TWO, ["column A is empty", "-f"]),
    "never both": ("A,B\n,2\n1,\n,4\n2,\n", BY_TWO, ["0 customers that have every feature"]),
    "two customers": ("A,B\n1,2\n2,3\n", BY_TWO, ["2 different customers", "3 segments"]),
    "three alike": ("A,B\n1,2\n2,3\n1,2\n1,2\n", BY_TWO, ["2 different customers of 4"]),
    "k above customers": (SHOP, ["-k", 5], ["4 different customers", "5 segments", "-k"]),
    "log of no feature": (SHOP, ["--log", "Gender"], ["Gender", "choose from Age"]),
    "log of -1": (
        "A,B\n1,2\n-1,3\n-7,4\n",
        [*BY_TWO, "--log", "A"],
        ["line 3", "column A", "'-1'", "--log"],
    ),
}
REFUSED_PACKS = {  # case: (name of the file, its content, what the error says)
    "cut gzip": ("shop.csv.gz", gzip.compress(SHOP.encode())[:-9], "can't be read"),
    "cut xz": ("shop.csv.xz", lzma.compress(SHOP.encode())[:-9], "can't be read"),
    "damaged gzip": ("shop.csv.gz", b"\x1f\x8b" + SHOP.encode(), "can't be read"),
    "damaged bz2": ("shop.csv.bz2", b"BZh9" + SHOP.encode(), "can't be read"),
    "no zip": ("shop.zip", SHOP.encode(), "can't be read"),
    "two files in a zip": ("shop.zip", zipped(a=b"A", b=b"B"), "it packs several files"),
}
REFUSED_COMMANDS = {  # case: (arguments, what the error says)
    "k of 1": (["shop.csv", "-k", 1], ["-k 1", "from 2 to 30"]),
    "k of 31": (["shop.csv", "-k", 31], ["-k 31", "from 2 to 30"]),
    "k of text": (["shop.csv", "-k", "five"], ["-k", "'five'"]),
    "short elbow": (["shop.csv", "--max-clusters", 2], ["--max-clusters 2", "from 3 to 30"]),
    "long elbow": (["shop.csv", "--max-clusters", 31], ["--max-clusters 31", "from 3 to 30"]),
    "negative seed": (["shop.csv", "--seed", -1], ["--seed -1", "from 0"]),
    "large seed": (["shop.csv", "--seed", 2**32], [f"--seed {2**32}", "from 0"]),
    "unknown option": (["shop.csv", "--dpi", 300], ["--dpi", "--help"]),
    "no output": (["shop.csv", "-o", " "], ["-o needs"]),
    "output is a file": (["shop.csv", "-o", "taken"], ["taken", "can't be written", "-o"]),
    "output in a file": (["shop.csv", "-o", "taken/deeper"], ["taken", "can't be written", "-o"]),
    "output name too long": (["shop.csv", "-o", "x" * 300], ["can't be written", "-o"]),
    "output in which a file is a folder": (
        ["shop.csv", "-o", "folders"],
        ["05_elbow.png", "is a folder"],
    ),
    "input in the output": (["in/segments.csv", "-o", "in"], ["in/segments.csv", "is the input"]),
    "input that links there": (["link.csv", "-o", "in"], ["in/segments.csv", "is the input"]),
    "input name too long": (["x" * 300], ["can't be read", "File name too long"]),
    "missing file": (["nowhere.csv"], ["nowhere.csv", "can't be read", "No such file"]),
    "missing address": (["https://example.org/shop.csv"], ["can't be read", "No such file"]),
    "folder": (["."], ["can't be read", "Is a directory", "name a file"]),
    "no name": ([""], ["can't be read", "Is a directory"]),
}


@pytest.fixture
def refuse(tmp_path, monkeypatch, capfd):
    """Return what refuses a command in a folder of other files, and tells why in one line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("here first")
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "report.txt").write_text("from before")
    (tmp_path / "folders" / "05_elbow.png").mkdir(parents=True)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "segments.csv").write_text(SHOP)
    (tmp_path / "link.csv").symlink_to(tmp_path / "in" / "segments.csv")

    def refuse(arguments: list) -> str:
        before = contents(tmp_path)
        run = call_main(Path("output"), *arguments)
        assert run.status == 2
        assert contents(tmp_path) == before
        assert run.out == "" and run.warnings == run.noise == []
        assert capfd.readouterr() == ("", "")
        (error,) = run.errors
        return error

    return refuse


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_refused_file_is_told_in_one_line_and_nothing_changes(case, tmp_path, refuse):
    content, arguments, told = REFUSED_FILES[case]
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "shop.csv").write_bytes(data)
    error = refuse(["shop.csv", *arguments])
    assert error.startswith("shop.csv")
    for part in told:
        # "line 6" is no part of "line 60".
        assert re.search(rf"(?<!\w){re.escape(part)}(?!\w)", error), (part, error)


@pytest.mark.parametrize("case", REFUSED_PACKS)
def test_refused_pack_is_told_in_one_line_and_nothing_changes(case, tmp_path, refuse):
    name, content, told = REFUSED_PACKS[case]
    (tmp_path / name).write_bytes(content)
    error = refuse([name, *BY_TWO])
    assert error.startswith(name)
    assert told in error


@pytest.mark.parametrize("case", REFUSED_COMMANDS)
def test_refused_command_is_told_in_one_line_and_nothing_changes(case, tmp_path, refuse):
    arguments, told = REFUSED_COMMANDS[case]
    (tmp_path / "shop.csv").write_text(SHOP)
    error = refuse(arguments)
    for part in told:
        assert part in error


def with_sep(text: str, sep: str) -> str:
    return text.replace(",", sep)


def decimal_commas(text: str) -> str:
    """Make the incomes decimals: 15 is 1,55, which is the same segments."""
    lines = [line.split(",") for line in text.splitlines()]
    for fields in lines[1:]:
        fields[3] = f"{int(fields[3]) / 10 + 0.05:.2f}".replace(".", ",")
    return "\n".join(map(";".join, lines)) + "\n"


class Spelling(NamedTuple):
    """A file that holds the customers of the mall, and how its texts and incomes differ."""

    content: bytes
    male: str = "Male"
    female: str = "Female"
    first: str = ""  # the gender of the first customer, if it is another
    decimal: bool = False  # income


SPELLINGS = {
    "UTF-8 with BOM": Spelling(MALL.encode("utf-8-sig")),
    "UTF-16, tabs": Spelling(with_sep(MALL, "\t").encode("utf-16")),
    "UTF-16 big-endian": Spelling(b"\xfe\xff" + MALL.encode("utf-16-be")),
    "Windows-1252": Spelling(MALL.replace("Male", "Männlich").encode("cp1252"), male="Männlich"),
    "CRLF": Spelling(MALL.replace("\n", "\r\n").encode()),
    "CR": Spelling(MALL.replace("\n", "\r").encode()),
    "semicolon": Spelling(with_sep(MALL, ";").encode()),
    "tab": Spelling(with_sep(MALL, "\t").encode()),
    "pipe": Spelling(with_sep(MALL, "|").encode()),
    "semicolon, decimal commas": Spelling(decimal_commas(MALL).encode(), decimal=True),
    "commas in a semicolon header": Spelling(
        with_sep(MALL, ";").replace("(k$)", "(k$, a, b, c)").encode()
    ),
    "gz": Spelling(gzip.compress(MALL.encode())),
    "bz2": Spelling(bz2.compress(MALL.encode())),
    "xz": Spelling(lzma.compress(MALL.encode())),
    "zip": Spelling(zipped(**{"shop.csv": MALL.encode()})),
    "zip of a Mac": Spelling(
        zipped(**{"a/": b"", "a/shop.csv": MALL.encode(), "__MACOSX/._shop.csv": b"x"})
    ),
    "stray spaces": Spelling(MALL.replace(",", " , ").encode()),
    "no-break spaces": Spelling(MALL.replace(",", "\xa0,\xa0").encode()),
    "Genre": Spelling(MALL.replace("Gender", "Genre").encode()),
    "blank lines": Spelling(MALL.replace("\n", "\n\n").encode() + b"\n \n\t\n\n"),
    "blank lines that end in CR": Spelling(MALL.replace("\n", "\r \r\r").encode()),
    "no last line end": Spelling(MALL.rstrip("\n").encode()),
    "quotes everywhere": Spelling(re.sub("[^,\n]+", r'"\g<0>"', MALL).encode()),
    "CR in quotes": Spelling(MALL.replace("Female", '"Fe\rmale"').encode(), female="Fe\nmale"),
    "a long text": Spelling(
        MALL.replace("1,Male", "1," + "x" * 200_000, 1).encode(), first="x" * 200_000
    ),
    "quoted breaks": Spelling(
        MALL.replace("Female", '"Female,\n ""or"" so"').encode(), female='Female,\n "or" so'
    ),
    "notes of several lines": Spelling(
        MALL.replace("Female", '"asked, paid,\nwill come, maybe, again"').encode(),
        female="asked, paid,\nwill come, maybe, again",
    ),
    "quoted break in the header": Spelling(
        MALL.replace("Annual Income (k$)", '"Annual\nIncome"').encode()
    ),
    "a quote inside a value": Spelling(
        MALL.replace("1,Male", '1,Ma"le', 1).encode(), first='Ma"le'
    ),
    "a column without a name": Spelling(MALL.replace("CustomerID", "", 1).encode()),
    "a column of blanks": Spelling(MALL.replace("\n", ",\n").encode()),
    "Segment and its name": Spelling(
        MALL.replace("CustomerID", "Segment").replace("Gender", "Segment name").encode()
    ),
}
# One of each kind that is written in another way.
WRITTEN = [
    "UTF-16, tabs",
    "semicolon, decimal commas",
    "stray spaces",
    "blank lines that end in CR",
    "no last line end",
    "quoted breaks",
    "Segment and its name",
]


def write_spelling(case: str, folder: Path) -> Path:
    """Write the file of a case, under a name that is not easy."""
    kind = case.split()[0]
    packed = f".{kind.upper()}" if kind in ("gz", "bz2", "xz", "zip") else ""
    path = folder / "räume und 顧客" / f"shop file.csv{packed}"
    path.parent.mkdir()
    path.write_bytes(SPELLINGS[case].content)
    return path


def expected_columns(spelling: Spelling) -> list[list]:
    """Return the five columns of the mall as the case has them."""
    ids, genders, ages, incomes, scores = zip(
        *(line.split(",") for line in MALL.splitlines()[1:]), strict=True
    )
    genders = [{"Male": spelling.male, "Female": spelling.female}[gender] for gender in genders]
    genders[0] = spelling.first or genders[0]
    incomes = [int(income) / 10 + 0.05 if spelling.decimal else int(income) for income in incomes]
    return [[*map(int, ids)], genders, [*map(int, ages)], incomes, [*map(int, scores)]]


def is_column(found: list, expected: list) -> bool:
    """Tell if a column is the one that is expected, as texts or as numbers."""
    if isinstance(expected[0], str):
        return [text.replace("\r", "\n") for text in found] == expected
    return [float(number) for number in found] == pytest.approx(expected)


@pytest.mark.parametrize("case", SPELLINGS)
def test_the_same_customers_are_read_from_every_file(case, tmp_path):
    customers = segment.read_customers(write_spelling(case, tmp_path))
    assert len(customers) == 200
    for at, expected in enumerate(expected_columns(SPELLINGS[case])):
        assert is_column(customers.iloc[:, at].tolist(), expected), customers.columns[at]


@pytest.mark.parametrize("case", WRITTEN)
def test_the_same_customers_get_the_same_segments(case, tmp_path, income_run, capfd):
    features = ["-f", "annual_income", "spending_score"]
    path = write_spelling(case, tmp_path)
    run = call_main(tmp_path / "o", path, *features, "-k", 5, "--max-clusters", 3)
    assert run.status == 0, run.err
    assert run.noise == [] and capfd.readouterr() == ("", "")
    has_both = case == "Segment and its name"
    assert len(run.warnings) == has_both
    assert all("Segment (new) and Segment name (new)" in text for text in run.warnings)
    # That run does not scale income and score; both ways find the same five segments.
    assert run.labels().tolist() == income_run.labels().tolist()
    names = list(run.rows("segments.csv")[0])
    ending = " (new)" if has_both else ""
    assert names[-2:] == [f"Segment{ending}", f"Segment name{ending}"]
    table = pd.DataFrame(run.rows("segments.csv")).iloc[:, :-2]
    for at, expected in enumerate(expected_columns(SPELLINGS[case])):
        found = table.iloc[:, at].str.strip()
        if SPELLINGS[case].decimal:
            found = found.str.replace(",", ".")
        assert is_column(found.tolist(), expected), names[at]


def mixture(columns: int, rows: int = 60) -> np.ndarray:
    """Return rows of three groups that are far apart in every column."""
    rng = np.random.default_rng(8)
    return rng.normal(size=(rows, columns)) + 20 * (np.arange(rows) % 3)[:, None]


def table_of(*names: str, **columns) -> pd.DataFrame:
    """Make a table with the groups of the mixture in the columns of these names, and more."""
    return pd.DataFrame(mixture(len(names)), columns=names).assign(**columns)


THREE = ["-k", 3, "--max-clusters", 3]
STRANGE = ["$a$ _b_ %", "🛒^c \\ <d> & {e}"]
AWKWARD = ["$x$ & <y> a_b^c %", "Ünï" + "n" * 60]
LONG = ["y" * 40, "y" * 24 + "… (1)", "y" * 200]  # alike once they are cut
DRAWN = {  # case: (table, features, other arguments, what warnings say)
    "strange names and values": (
        table_of(*STRANGE, **{"顧客 の 年": ["$x_1$", "\\frac", "男性", "y" * 200] * 15}),
        STRANGE,
        THREE,
        [],
    ),
    "true and false, and (blank)": (
        abs(table_of("🛒 basket", "self")).assign(
            _hidden=[True, False] * 30, City=["(blank)", "Rome", None] * 20
        ),
        ["🛒 basket", "self"],
        ["-k", 2, "--max-clusters", 3, "--log", "self", "SELF", "🛒 basket"],
        [],
    ),
    "names and values alike but for their ends": (
        table_of(*LONG, **{"y" * 199 + "b": ["z" * 40, "z" * 24 + "… (1)", "z"] * 20}),
        LONG,
        THREE,
        [],
    ),
    "three categories, and a name": (
        table_of(
            *("A", "B"),
            **{f"category {n}": [f"value {j % n}" for j in range(60)] for n in (2, 4, 7)},
            Name=[f"name {i}" for i in range(60)],
        ),
        ["A", "B"],
        [],
        [],
    ),
    "four customers": (
        pd.DataFrame(np.random.default_rng(4).normal(size=(4, 2)).round(3), columns=AWKWARD),
        AWKWARD,
        [],
        [],
    ),
    "long tail, and all twice": (
        pd.concat(
            [pd.DataFrame({"Spent ($)": 2 ** np.arange(60.0) % 1e15, "B": mixture(2)[:, 1]})] * 2
        ).assign(id=[*range(60)] * 2),
        ["Spent ($)", "B"],
        ["--max-clusters", 3],
        ["--log 'Spent ($)'", "60 duplicate rows", "60 duplicate values of id"],
    ),
    "five features, tiny and huge": (
        table_of(*"ABCDE") * [1e-12, 1e-30, 1e13, 1e3, 1],
        list("ABCDE"),
        THREE,
        [],
    ),
}


@pytest.mark.parametrize("case", DRAWN)
def test_every_table_is_drawn_without_a_library_complaining(case, tmp_path, capfd):
    table, features, arguments, warned = DRAWN[case]
    run = segment_shop(tmp_path, table, "-f", *features, *arguments, save=save_laid_out)
    assert run.noise == [] and capfd.readouterr() == ("", "")
    for text in warned:
        assert text in run.err
    assert find_faults(run) == []
    texts = table.drop(columns="Name", errors="ignore").select_dtypes(exclude="number")
    assert ("03_by_category.png" in run.figures) == (len(texts.columns) > 0)
    assert ("08_clusters_3d.png" in run.figures) == (len(features) > 2)
    rows = run.rows("segments.csv")
    assert len(rows) == len(table) and all(row["Segment"] for row in rows)
    assert set(features) <= set(run.rows("profiles.csv")[0])
