"""Files from everywhere: each is segmented rightly, or refused in one line that says where."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest
from conftest import FEATURES, INCOME_AND_SCORE, MALL_CSV, call_main, contents, find_faults

import segment

pytestmark = pytest.mark.filterwarnings("error")
HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
ROWS = "1,Male,19,15,39\n2,Male,21,15,81\n3,Female,20,16,6\n4,Female,23,16,77\n"
SHOP = HEADER + ROWS
MALL = MALL_CSV.read_text()
CR_AND_QUOTES = '\n\nName,A,B\n"Ann\nLee",1,2\r\n\r\nBob,3,4\rCid,5,'
INCOME_6 = "line 6, column Annual Income (k$): "
BY_TWO = ["-f", "A", "B"]
QUICK = ["-f", "annual_income", "spending_score", "-k", 5, "--max-clusters", 3]


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png() -> bytes:
    buffer = io.BytesIO()
    segment.plt.imsave(buffer, np.zeros((4, 4)), format="png")
    return buffer.getvalue()


REFUSED = {  # case: (content of shop.csv, arguments, what the error says)
    "empty": ("", [], "shop.csv: has no customers"),
    "blank lines": ("\n \n\r\n", [], "has no customers"),
    "header only": (HEADER, [], "no customers"),
    "header and blanks": (HEADER + "\n\n", [], "no customers"),
    "text": (SHOP + "5,Female,3l,17,40\n", [], "line 6, column Age: '3l' is not a number"),
    "12k": (SHOP + "5,Male,30,12k,40\n6,Male,30,13k,1\n", [], "'12k' is not a number that is sure"),
    "how many": (SHOP + "5,Male,30,12k,40\n6,Male,30,13k,1\n", [], "(2 such in the column)"),
    "1,200": (SHOP + '5,Male,30,"1,200",40\n', [], "line 6, column Annual Income (k$): '1,200'"),
    "$74": (SHOP + "5,Male,30,$74,40\n", [], "line 6, column Annual Income (k$): '$74' is not"),
    "infinity": (SHOP + "5,Female,31,inf,40\n", [], INCOME_6 + "'inf'"),
    "all infinity": ("A,B\n-inf,1\ninf,2\n1,3\n", BY_TWO, "line 2, column A: '-inf'"),
    "overflow": (SHOP + "5,Male,31,1e999,40\n", [], INCOME_6 + "'1e999'"),
    "beyond 1e15": (SHOP + "5,Male,31,-2e15,40\n", [], INCOME_6 + "'-2e15'"),
    "long number": (SHOP + f"5,Male,{'9' * 99},1,4\n", [], f"line 6, column Age: '{'9' * 40}...'"),
    "true and false": ("A,B\nTRUE,1\nFALSE,2\nTRUE,3\n", BY_TWO, "line 2, column A: 'TRUE'"),
    "true and a gap": ("A,B\nTRUE,1\n,2\nFALSE,3\n", BY_TWO, "line 2, column A: 'TRUE'"),
    "text in a long cell": (SHOP + f"5,Male,{'x y' * 90},1,4\n", [], f"'{'x y' * 13}x...' is"),
    "line of a number": (CR_AND_QUOTES + "many", BY_TWO, "line 8, column B: 'many'"),
    "line after a quoted break": ('A,B\n"1",2\n"\n3",x\n4,5\n', BY_TWO, "line 3, column B: 'x'"),
    "comma and point": ("A;B\n1,5;2\n2,5;3\n3.5;4\n", BY_TWO, "line 4, column A: '3.5'"),
    "text among decimal commas": ("A;B\n1,5;2\nNA;3\n3k;4\n", BY_TWO, "line 4, column A: '3k'"),
    "thousands or decimals": ("A;B\n1,200;2\n1,300;3\n2,400;4\n", BY_TWO, "column A: '1,200'"),
    "thousands with points": (
        "A;B\n900;2\n1.677;3\n2.454;4\n",
        BY_TWO,
        "line 3, column A: '1.677'",
    ),
    "thousands beside decimals": (
        "A;B;C\n1,677;2;5,5\n900;3;6,5\n2,454;4;7,5\n",
        BY_TWO,
        "line 2, column A: '1,677' is not a number that is sure",
    ),
    "thousands beside a plain number": (
        "A;B\n1.250;2\n3.500;3\n1500;4\n900;5\n",
        BY_TWO,
        "line 2, column A: '1.250'",
    ),
    "total of the others": (
        "Name,A,B\na,20,30\nb,30,10\nc,45,50\nd,25,70\nTotal,120,160\n",
        BY_TWO,
        "has a last line that is the total",
    ),
    "separators that add up": ("A,B,C\n1,2,3,\n5,9,6,\n4,5\n7,1\n", BY_TWO, "line 2 ('1' ...) has"),
    "quotes around customers": (
        SHOP + '5,"Male,31,17,4\n6,Male",3,4,5\n7,Male,1,2,3\n',
        [],
        "line 6 ('5' ...) has 5 fields and quotes around whole lines, the header in line 1",
    ),
    "field too many": (SHOP + "5,Female,31,17,40,1\n6,Male,1,2,3\n", [], "line 6 ('5' ...) has"),
    "field too many at once": ("A,B\n1,2,3\n4,5,6\n", BY_TWO, "line 2 ('1' ...) has"),
    "field too many at the end": ("A,B\n1,2\n4,5,\n", BY_TWO, "line 3 ('4' ...) has"),
    "field too few": (SHOP + "5,Female,31,17\n6,Male,1,2,3\n", [], "line 6 ('5' ...) has"),
    "few and many": ("A,B,C\n1,2\n4,5,6,7\n", BY_TWO, "line 2 ('1' ...) has"),
    "ragged with quotes": ('A,B,C\n"1\n",2,3\n4,5\n', BY_TWO, "line 4 ('4' ...) has"),
    "total below": (SHOP + "\nTotal: 4 customers\n", [], "line 7 ('Total: 4 customers' ...) has"),
    "open quote": (SHOP + '5,"Male,31,17,40\n6,Male,31,17,4\n', [], "line 6: a quote is"),
    "a line of two quotes": (
        'A,B\n1,2\n""\n3,4\n5,6\n',
        BY_TWO,
        "has lines with nothing but quotes",
    ),
    "open quote in the header": ('A,"B\n1,2\n3,4\n', [], "line 1: a quote is not closed"),
    "text behind a quote": ('A,B\n1,2\n"3"x,4\n5,6\n', BY_TWO, "line 3: a quote"),
    "two quotes far apart": (
        SHOP + '5,"Male,1,2,3\n6,Male,1,2,3\n7,"Male,1,2,3\n',
        [],
        "line 6: a",
    ),
    "merge conflict": (
        SHOP + "<<<<<<< HEAD\n5,Male,1,2,3\n=======\n5,Male,3,2,1\n>>>>>>> new\n",
        [],
        "line 6 ('<<<<<<< HEAD' ...) has",
    ),
    "conflict on top": ("<<<<<<< HEAD\n" + SHOP, [], "line 2 ('CustomerID' ...) has"),
    "title above": ("Customers of the mall\n\n" + SHOP, [], "line 3 ('CustomerID' ...) has"),
    "title with a comma": ("Customers, 2024\n" + SHOP, [], "header in line 1 ('Customers' ...)"),
    "title of all columns": ("Customers,,,,\n" + SHOP, [], "line 1, the header, has the name"),
    "no header": (ROWS, [], "line 1 has numbers where names of columns belong"),
    "no header, with -f": (ROWS, ["-f", "19", "15"], "put a header above it"),
    "name twice": ("A,B,A\n1,2,3\n4,5,6\n", BY_TWO, "has the name 'A' 2 times"),
    "name twice but for spaces": ("A,B, A \n1,2,3\n4,5,6\n", BY_TWO, "has the name 'A' 2 times"),
    "NUL": (SHOP + "5,Fem\0ale,31,17,40\n", [], "line 6 has a NUL byte"),
    "NUL after CR": (SHOP.replace("\n", "\r") + "\0", [], "line 6 has a NUL byte"),
    "picture": (png(), [], "save it as CSV"),
    "spreadsheet": (zipped(**{"xl/workbook.xml": b"<x/>"}), [], "is a spreadsheet"),
    "bytes": (b"A,B\n\x00\x01,2\n", BY_TWO, "line 2 has a NUL byte"),
    "old spreadsheet": (b"\xd0\xcf\x11\xe0" + bytes(99), [], "is a spreadsheet"),
    "neither encoding": (b"A,B\n1,\x81\n", BY_TWO, "is no text in UTF-8, UTF-16 or Windows-1252"),
    "half UTF-16": ("A,B\n1,2\n".encode("utf-16") + b"\n", BY_TWO, "is no text in UTF-8"),
    "cut gzip": (gzip.compress(SHOP.encode())[:-9], ["shop.csv.gz"], "can't be read"),
    "cut xz": (lzma.compress(SHOP.encode())[:-9], ["shop.csv.xz"], "can't be read"),
    "damaged gzip": (b"\x1f\x8b" + SHOP.encode(), ["shop.csv.gz"], "can't be read"),
    "damaged bz2": (b"BZh9" + SHOP.encode(), ["shop.csv.bz2"], "can't be read"),
    "no zip": (SHOP, ["shop.zip"], "can't be read"),
    "two files in a zip": (zipped(a=b"A", b=b"B"), ["shop.zip"], "it packs several files"),
    "gzip that is called CSV": (gzip.compress(SHOP.encode()), [], "save it as CSV"),
    "two of three features": ("Age,Income\n1,2\n3,4\n5,7\n", [], "-f Age Income"),
    "no numbers": ("Name,City\nAnn,Rome\nBob,Oslo\n", [], "has no two columns of numbers"),
    "misspelt feature": (SHOP, ["-f", "Age", "Spendin Score"], "Spending Score (1-100)"),
    "unknown feature": (SHOP, ["-f", "Age", "zzz"], "choose from CustomerID, Gender, Age"),
    "text feature": (SHOP, ["-f", "Age", "Gender"], "line 2, column Gender: 'Male' is not"),
    "ambiguous": ("Pay (EUR),Pay ($),Age\n1,2,3\n2,3,1\n4,4,4\n", ["-f", "pay", "age"], "Pay ($)"),
    "one feature": (SHOP, ["-f", "Age"], "two or more"),
    "same feature twice": (SHOP, ["-f", "Age", "age"], "two or more different"),
    "constant": ("A,B\n1,2\n1,3\n1,4\n", BY_TWO, "column A does not differ"),
    "constant but for rounding": (
        "A,B\n.1,2\n.1,3\n.1,4\n.1,5\n",
        BY_TWO,
        "column A does not differ",
    ),
    "constant but for the last bit": (
        "A,B\n.3,2\n.30000000000000004,3\n.3,4\n",
        BY_TWO,
        "column A does not differ",
    ),
    "k above what K-Means sees": (
        "A,B\n0,2\n1e12,3\n0,4\n1e12,5\n0,6\n",
        [*BY_TWO, "--no-scale", "-k", "4"],
        "2 different customers of 5",
    ),
    "constant in effect": (
        "A,B\n1e-200,2\n2e-200,3\n1e-200,4\n",
        BY_TWO,
        "column A does not differ",
    ),
    "feature of blanks": ("A,B\n,2\n ,3\nNA,4\n", BY_TWO, "column A is empty"),
    "never both": (
        "A,B\n,2\n1,\n,4\n2,\n",
        BY_TWO,
        "among the 0 customers that have every feature",
    ),
    "two customers": ("A,B\n1,2\n2,3\n", BY_TWO, "too few for 3 segments"),
    "three alike": ("A,B\n1,2\n2,3\n1,2\n1,2\n", BY_TWO, "2 different customers of 4"),
    "k above customers": (SHOP, ["-k", "5"], "too few for 5 segments"),
    "k of 1": (SHOP, ["-k", "1"], "-k 1 is not a number from 2 to 30"),
    "k of 31": (SHOP, ["-k", "31"], "-k 31"),
    "k of text": (SHOP, ["-k", "five"], "-k"),
    "short elbow": (SHOP, ["--max-clusters", "2"], "--max-clusters 2"),
    "long elbow": (SHOP, ["--max-clusters", "31"], "--max-clusters 31"),
    "negative seed": (SHOP, ["--seed", "-1"], "--seed -1"),
    "large seed": (SHOP, ["--seed", str(2**32)], "--seed 4294967296"),
    "log of no feature": (SHOP, ["--log", "Gender"], "has no feature Gender; choose from Age"),
    "log of -1": ("A,B\n1,2\n-1,3\n-7,4\n", [*BY_TWO, "--log", "A"], "line 3, column A: '-1' has"),
    "unknown option": (SHOP, ["--dpi", "300"], "--dpi"),
    "no output": (SHOP, ["-o", " "], "-o needs"),
    "output is a file": (SHOP, ["-o", "taken"], "taken: can't be written"),
    "output in a file": (SHOP, ["-o", "taken/deeper"], "taken: can't be written"),
    "output name too long": (SHOP, ["-o", "x" * 300], "can't be written"),
    "input name too long": (SHOP, ["x" * 300], "can't be read: File name too long"),
    "missing file": (SHOP, ["nowhere.csv"], "nowhere.csv: can't be read: No such file"),
    "missing address": (SHOP, ["https://example.org/shop.csv"], "can't be read: No such file"),
    "folder": (SHOP, ["."], ".: can't be read: Is a directory; name a CSV file"),
    "no name": (SHOP, [""], "can't be read: Is a directory"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_line_and_change_nothing(case, tmp_path, monkeypatch, capfd):
    content, arguments, told = REFUSED[case]
    monkeypatch.chdir(tmp_path)
    for name in ("shop.csv", *(word for word in arguments if word.startswith("shop."))):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
    (tmp_path / "taken").write_text("here first")
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "report.txt").write_text("from before")
    before = contents(tmp_path)
    other = arguments and not arguments[0].startswith("-")
    assert segment.main(arguments if other else ["shop.csv", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("segment.py: error: ") and len(err.splitlines()) == 1
    assert told in err
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["in/segments.csv", "-o", "in"], "is the input, and would be replaced"),
        (["link.csv", "-o", "in"], "is the input, and would be replaced"),
        (["in/segments.csv", "-o", "folders"], "05_elbow.png: is a folder where a file"),
    ],
)
def test_nothing_that_is_there_is_written_over(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "segments.csv").write_text(SHOP)
    (tmp_path / "link.csv").symlink_to(tmp_path / "in" / "segments.csv")
    (tmp_path / "folders" / "05_elbow.png").mkdir(parents=True)
    before = contents(tmp_path)
    assert segment.main(arguments) == 2
    assert told in capsys.readouterr().err
    assert contents(tmp_path) == before


def with_sep(text: str, sep: str) -> str:
    return text.replace(",", sep)


def decimal_commas(text: str) -> str:
    """Make the incomes decimals: 15 is 1,55, which is the same segments."""
    lines = [line.split(",") for line in text.splitlines()]
    for fields in lines[1:]:
        fields[3] = f"{int(fields[3]) / 10 + 0.05:.2f}".replace(".", ",")
    return "\n".join(map(";".join, lines)) + "\n"


SAME_MALL = {  # case: the content of a file that holds the customers of the mall
    "UTF-8 with BOM": MALL.encode("utf-8-sig"),
    "UTF-16, tabs": with_sep(MALL, "\t").encode("utf-16"),
    "UTF-16 big-endian": b"\xfe\xff" + MALL.encode("utf-16-be"),
    "Windows-1252": MALL.replace("Male", "Männlich").encode("cp1252"),
    "CRLF": MALL.replace("\n", "\r\n").encode(),
    "CR": MALL.replace("\n", "\r").encode(),
    "semicolon": with_sep(MALL, ";").encode(),
    "tab": with_sep(MALL, "\t").encode(),
    "pipe": with_sep(MALL, "|").encode(),
    "semicolon, decimal commas": decimal_commas(MALL).encode(),
    "commas in a semicolon header": with_sep(MALL, ";").replace("(k$)", "(k$, a, b, c)").encode(),
    "gz": gzip.compress(MALL.encode()),
    "bz2": bz2.compress(MALL.encode()),
    "xz": lzma.compress(MALL.encode()),
    "zip": zipped(**{"shop.csv": MALL.encode()}),
    "zip of a Mac": zipped(**{"a/": b"", "a/shop.csv": MALL.encode(), "__MACOSX/._shop.csv": b"x"}),
    "stray spaces": MALL.replace(",", " , ").encode(),
    "no-break spaces": MALL.replace(",", "\xa0,\xa0").encode(),
    "Genre": MALL.replace("Gender", "Genre").encode(),
    "blank lines": MALL.replace("\n", "\n\n").encode() + b"\n \n\t\n\n",
    "blank lines that end in CR": MALL.replace("\n", "\r \r\r").encode(),
    "no last line end": MALL.rstrip("\n").encode(),
    "quotes everywhere": '"{}"\n'.format(
        MALL.rstrip("\n").replace(",", '","').replace("\n", '"\n"')
    ).encode(),
    "CR in quotes": MALL.replace("Female", '"Fe\rmale"').encode(),
    "a long text": MALL.replace("1,Male", "1," + "x" * 200_000, 1).encode(),
    "quoted breaks": MALL.replace("Female", '"Female,\n ""or"" so"').encode(),
    "notes of several lines": MALL.replace(
        "Female", '"asked, paid,\nwill come, maybe, again"'
    ).encode(),
    "quoted break in the header": MALL.replace("Annual Income (k$)", '"Annual\nIncome"').encode(),
    "a quote inside a value": MALL.replace("1,Male", '1,Ma"le', 1).encode(),
    "a column without a name": MALL.replace("CustomerID", "", 1).encode(),
    "a column of blanks": MALL.replace("\n", ",\n").encode(),
    "Segment and its name": MALL.replace("CustomerID", "Segment")
    .replace("Gender", "Segment name")
    .encode(),
}


@pytest.fixture(scope="module")
def mall_run(tmp_path_factory):
    """Run the command on the mall as it is, for income and score."""
    folder = tmp_path_factory.mktemp("mall") / "output"
    return call_main(folder, MALL_CSV, *QUICK)


@pytest.mark.parametrize("case", SAME_MALL)
def test_the_same_customers_get_the_same_segments(case, tmp_path, mall_run, capfd, monkeypatch):
    for name in {name for name in vars(segment) if name.startswith("draw_")} - {"draw_sample"}:
        monkeypatch.setattr(segment, name, lambda *_: segment.Figure((1, 1)))  # for speed
    ending = case.split()[0]
    packed = f".{ending.upper()}" if ending in ("gz", "bz2", "xz", "zip") else ""
    path = tmp_path / "räume und 顧客" / f"shop file.csv{packed}"
    path.parent.mkdir()
    path.write_bytes(SAME_MALL[case])
    run = call_main(tmp_path / "o", path, *QUICK)
    assert run.status == 0, run.err
    assert run.err.count("\n") == (case == "Segment and its name")
    assert ("in place of the file's" in run.err) == (case == "Segment and its name")
    assert capfd.readouterr() == ("", "")
    rows, mall = run.rows("segments.csv"), mall_run.rows("segments.csv")
    assert [row["Segment"] for row in rows] == [row["Segment"] for row in mall]
    for column in {*rows[0]} & {"CustomerID", *FEATURES} - {INCOME_AND_SCORE[0]}:
        assert [float(row[column]) for row in rows] == [float(row[column]) for row in mall]
    income = [float(row[next(name for name in row if name.startswith("Annual"))]) for row in rows]
    mall_income = [float(row[INCOME_AND_SCORE[0]]) for row in mall]
    if "decimal" in case:
        assert income == pytest.approx(np.array(mall_income) / 10 + 0.05)
    else:
        assert income == mall_income


def mixture(columns: int, rows: int = 60) -> np.ndarray:
    """Return rows of three groups that are far apart in every column."""
    rng = np.random.default_rng(8)
    return rng.normal(size=(rows, columns)) + 20 * (np.arange(rows) % 3)[:, None]


STRANGE_NAMES = ["$a$ _b_ %", "^c \\ <d> & {e}", "顧客 の 年", "🛒 basket", "_hidden", "x" * 200]
DRAWN = {  # case: (table, arguments, what a warning says)
    "strange names": (
        pd.DataFrame(mixture(6), columns=STRANGE_NAMES),
        ["-f", *STRANGE_NAMES, "-k", "3"],
        "",
    ),
    "names alike but for their ends": (
        pd.DataFrame(mixture(3), columns=["x" * 200 + end for end in "abc"]),
        ["-f", *("x" * 200 + end for end in "abc")],
        "",
    ),
    "twelve features": (
        pd.DataFrame(mixture(12), columns=[f"feature {i}" for i in range(12)]),
        ["-f", *(f"feature {i}" for i in range(12)), "-k", "3"],
        "",
    ),
    "thirty segments": (
        pd.DataFrame(np.random.default_rng(1).uniform(size=(90, 3)), columns=list("ABC")),
        ["-f", "A", "B", "C", "-k", "30"],
        "",
    ),
    "five categories": (
        pd.DataFrame(mixture(2), columns=["A", "B"]).assign(
            **{f"category {i}": [f"value {j % (i + 2)}" for j in range(60)] for i in range(5)}
        ),
        ["-f", "A", "B"],
        "",
    ),
    "strange categories": (
        pd.DataFrame(mixture(2), columns=["A", "B"]).assign(
            **{name: ["$x_1$", "\\frac", "男性", "y" * 200] * 15 for name in STRANGE_NAMES[3:]}
        ),
        ["-f", "A", "B"],
        "",
    ),
    "a category of 10,000 values": (
        pd.DataFrame(mixture(2, 10_000), columns=["A", "B"]).assign(
            City=[f"city {i}" for i in range(10_000)]
        ),
        ["-f", "A", "B", "--max-clusters", "3"],
        "",
    ),
    "a category that has (blank) already": (
        pd.DataFrame(mixture(2), columns=["A", "B"]).assign(City=["(blank)", "Rome", None] * 20),
        BY_TWO,
        "",
    ),
    "true and false": (
        pd.DataFrame(mixture(2), columns=["A", "B"]).assign(Member=[True, False] * 30),
        BY_TWO,
        "",
    ),
    "logarithm of a column called self": (
        pd.DataFrame(np.abs(mixture(2)), columns=["self", "B"]),
        ["-f", "self", "B", "--log", "self", "SELF", "B"],
        "",
    ),
    "names alike once they are cut": (
        pd.DataFrame(mixture(2), columns=["y" * 40, "y" * 24 + "… (1)"]).assign(
            City=["z" * 40, "z" * 24 + "… (1)", "z"] * 20, **{"y" * 41: ["a", "b"] * 30}
        ),
        ["-f", "y" * 40, "y" * 24 + "… (1)"],
        "",
    ),
    "four customers": (pd.DataFrame({"A": [1, 2, 8, 9], "B": [1, 3, 2, 9]}), BY_TWO, ""),
    "long tail": (
        pd.DataFrame({"Spent ($)": 2 ** np.arange(60.0) % 1e15, "B": mixture(2)[:, 1]}),
        ["-f", "spent", "b"],
        "compare with --log 'Spent ($)'",
    ),
    "duplicates": (
        pd.concat([pd.DataFrame(mixture(2), columns=["A", "B"])] * 2).assign(id=[*range(60)] * 2),
        BY_TWO,
        "60 duplicate rows and 60 duplicate values of id, all kept",
    ),
    "tiny": (pd.DataFrame(mixture(2) * 1e-12, columns=["A", "B"]), BY_TWO, ""),
    "tiny and huge": (pd.DataFrame(mixture(2) * [1e-30, 1e13], columns=["A", "B"]), BY_TWO, ""),
}


@pytest.mark.parametrize("case", DRAWN)
def test_every_table_is_drawn_without_a_library_complaining(case, tmp_path, capfd, drawn_texts):
    table, arguments, warned = DRAWN[case]
    table.to_csv(tmp_path / "shop.csv", index=False)
    run = call_main(tmp_path / "output", tmp_path / "shop.csv", *arguments)
    assert run.status == 0, run.err
    lines = run.err.splitlines()
    assert all(line.startswith(("segment.py: warning: ", "segment.py: step ")) for line in lines)
    assert warned in run.err
    assert capfd.readouterr() == ("", "")
    assert find_faults(drawn_texts) == []
    rows = run.rows("segments.csv")
    assert len(rows) == len(table) and all(row["Segment"] for row in rows)
    assert set(table.select_dtypes("number").columns.drop("id", errors="ignore")) <= set(
        run.rows("profiles.csv")[0]
    )
