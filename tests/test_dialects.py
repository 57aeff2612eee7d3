"""What comes out is written as what came in: records byte for byte, tables in their dialect."""

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import MALL_CSV, call_main, contents

import segment

pytestmark = pytest.mark.filterwarnings("error")
MALL = pd.read_csv(MALL_CSV)
QUICK = ["-f", "Alter", "Umsatz", "-k", 3, "--max-clusters", 3]


def make_rows():
    """Make the fields of a shop: an ID, a phone number, a text, an age, and spelt amounts."""
    rows = [["Kunden-Nr", "Telefon", "Größe", "Alter", "Umsatz €"]]
    for number, (age, income) in enumerate(
        zip(MALL["Age"], MALL["Annual Income (k$)"], strict=True)
    ):
        amount = f"{income * 50 + 0.5:,.2f}".translate(str.maketrans(",.", ".,"))
        rows.append([f"00{number}", f"+49 30 {number:06}", "XL", f"{age}", f"{amount} €"])
    return rows


def write_rows(rows, separator, line_end, quoting=csv.QUOTE_MINIMAL):
    """Write rows as a text."""
    file = io.StringIO()
    csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=quoting).writerows(rows)
    return file.getvalue()


ROWS = make_rows()
BROKEN = [[text.replace("XL", "X\r\nL; so") for text in row] for row in ROWS]
BROKEN[0] = ["Kunden-Nr", "Telefon", "X\r\nL?", "Alter", "Umsatz €"]
FILES = {  # case: (bytes, encoding, separator, line end)
    "semicolons in Windows-1252": (
        write_rows(ROWS, ";", "\n").encode("cp1252"),
        "cp1252",
        ";",
        "\n",
    ),
    "tabs in UTF-16": (
        b"\xfe\xff" + write_rows(ROWS, "\t", "\r\n").encode("utf-16-be"),
        "utf-16-be",
        "\t",
        "\r\n",
    ),
    "byte order mark and CRLF": (
        write_rows(ROWS, ",", "\r\n").encode("utf-8-sig"),
        "utf-8",
        ",",
        "\r\n",
    ),
    "quoted line ends": (
        b"sep=;\r\n" + write_rows(BROKEN, ";", "\r\n", csv.QUOTE_ALL).encode(),
        "utf-8",
        ";",
        "\r\n",
    ),
    "old Mac, no last line end": (
        write_rows(ROWS, "|", "\r").rstrip("\r").encode("utf-8"),
        "utf-8",
        "|",
        "\r",
    ),
    "a damaged letter": (
        write_rows(ROWS, ";", "\n").encode().replace("Größe".encode(), b"Gr\xf6\xc3\x9fe"),
        "utf-8",
        ";",
        "\n",
    ),
}


@pytest.fixture(scope="module", params=FILES)
def case(request, tmp_path_factory):
    """Run the command on a file: its case, its path, and the run."""
    path = tmp_path_factory.mktemp("dialect") / "shop.csv"
    path.write_bytes(FILES[request.param][0])
    run = call_main(path.parent / "output", path, *QUICK)
    assert run.status == 0, run.err
    return request.param, path, run


def split_records(data, encoding, line_end):
    """Split a file at the line ends of its records, which in quotes are followed by L."""
    text = data.decode(encoding, errors="surrogateescape")
    text = text.replace(f"X{line_end}L", "X\0L")
    return text.split(line_end)


def test_records_stay_byte_for_byte(case):
    name, path, run = case
    data, encoding, separator, line_end = FILES[name]
    before = split_records(data, encoding, line_end)
    after = split_records((run.folder / "segments.csv").read_bytes(), encoding, line_end)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        if old in ("", "sep=;"):
            assert new == old
            continue
        assert new.startswith(old + separator)
        (added,) = csv.reader([new[len(old) + 1 :]], delimiter=separator)
        assert len(added) == 2


def test_segments_can_be_read_again(case):
    _, path, run = case
    given = segment.read_customers(path)
    found = segment.read_customers(run.folder / "segments.csv")
    assert list(found) == [*given, "Segment", "Segment name"]
    pd.testing.assert_frame_equal(found[list(given)], given)
    assert found["Segment"].tolist() == run.labels().tolist()


def test_tables_are_in_the_dialect_of_the_file(case):
    name, _, run = case
    data, encoding, separator, _ = FILES[name]
    for table in ("profiles.csv", "elbow.csv"):
        text = (run.folder / table).read_bytes().decode(encoding)
        assert text.startswith("\ufeff") == data.startswith((b"\xef\xbb\xbf", b"\xfe\xff"))
        rows = pd.read_csv(io.StringIO(text.removeprefix("\ufeff")), sep=separator, decimal=",")
        assert rows.select_dtypes("number").shape[1] >= 3
    profiles = pd.read_csv(
        run.folder / "profiles.csv", sep=separator, decimal=",", encoding=encoding
    )
    sizes = profiles["Customers"]
    mean = (profiles["Umsatz €"] * sizes).sum() / sizes.sum()
    assert np.isclose(mean, (MALL["Annual Income (k$)"] * 50 + 0.5).mean())


def test_run_may_be_repeated_and_followed(case, tmp_path):
    _, path, run = case
    before = contents(run.folder)
    again = call_main(run.folder, path, *QUICK)
    assert again.status == 0, again.err
    assert contents(run.folder) == before
    copy = tmp_path / "segments.csv"
    shutil.copy(run.folder / "segments.csv", copy)
    like = call_main(tmp_path / "like", copy, "--like", run.folder)
    assert like.status == 0, like.err
    assert "of 200 customers in both runs, 0 (0%) are in another segment now" in like.report
    assert list(segment.read_customers(like.folder / "segments.csv"))[-2:] == [
        "Segment (new)",
        "Segment name (new)",
    ]
    third = call_main(tmp_path / "third", path, "--like", like.folder)
    assert third.status == 0, third.err
    assert "of 200 customers in both runs, 0 (0%)" in third.report


def test_name_that_the_encoding_lacks_makes_all_tables_utf8(tmp_path):
    path = tmp_path / "shop.csv"
    long_name = "preçomédiodetodasascomprasdeumcliente"
    table = MALL.rename(columns={"Age": long_name, "Annual Income (k$)": long_name + " por ano"})
    path.write_bytes(table.to_csv(index=False).encode("latin-1"))
    features = ["-f", long_name, "por ano", "-k", 3, "--max-clusters", 3]
    run = call_main(tmp_path / "output", path, *features, "--encoding", "latin-1")
    assert run.status == 0, run.err
    names = segment.read_customers(run.folder / "segments.csv")["Segment name"]
    model = json.loads((run.folder / "model.json").read_text(encoding="utf-8"))
    assert names.str.contains("…").any()
    assert any("all tables are UTF-8" in text for text in run.warnings)
    assert model["encoding"] == "utf-8"
    for name in ("segments.csv", "profiles.csv", "elbow.csv"):
        assert (run.folder / name).read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["segments.csv", "profiles.csv", "elbow.csv", "moves.csv"])
def test_table_of_a_stranger_is_never_replaced(name, case, tmp_path):
    _, path, run = case
    folder = tmp_path / "output"
    shutil.copytree(run.folder, folder)
    (folder / name).write_text("Kunde;Segment;Wert\n1;2;3\n")
    before = contents(folder)
    like = call_main(folder, path, *QUICK)
    if name == "moves.csv":
        like = call_main(folder, path, "--like", run.folder)
    assert like.status == 2 and name in like.errors[0]
    assert contents(folder) == before


def test_blank_records_are_left_out_and_a_short_header_is_filled(tmp_path):
    path = tmp_path / "shop.csv"
    lines = [f"{n},{n % 3 * 20 + n % 5},{n % 3 * 7 + n % 4}," for n in range(40)]
    path.write_text("\n".join(["", "A,Alter,Umsatz", ",,,", *lines[:9], "", *lines[9:]]) + "\n\n")
    run = call_main(tmp_path / "output", path, *QUICK)
    assert run.status == 0, run.err
    found = (run.folder / "segments.csv").read_text().splitlines()
    assert found[0] == "A,Alter,Umsatz,,Segment,Segment name"
    assert [line[: len(old)] for line, old in zip(found[1:], lines, strict=True)] == lines


FOLDER_OF_BEFORE = {
    "model.json": {
        "version": 1,
        "features": [
            {"name": "Alter", "log": False, "center": 40.0, "scale": 10.0},
            {"name": "Umsatz", "log": False, "center": 5.0, "scale": 2.0},
        ],
        "segments": [
            {
                "number": 1,
                "name": "high umsatz, older",
                "customers": 2,
                "share": 0.5,
                "stability": 0.9,
                "distance": 3.0,
                "centroid": [1.0, 1.0],
            },
            {
                "number": 2,
                "name": "low umsatz, younger",
                "customers": 2,
                "share": 0.5,
                "stability": 0.9,
                "distance": 3.0,
                "centroid": [-1.0, -1.0],
            },
        ],
    },
    "segments.csv": "Kunden-Nr,Größe,Alter,Umsatz,Segment,Segment name\n"
    '007,XL,50,7,1,"high umsatz, older"\n008,L,51,7.5,1,"high umsatz, older"\n'
    '009,L,30,3,2,"low umsatz, younger"\n010,M,31,2.5,2,"low umsatz, younger"\n011,M,,2.5,,\n',
}


def test_folder_that_an_earlier_version_left_still_works(tmp_path):
    then = tmp_path / "then"
    then.mkdir()
    (then / "model.json").write_text(json.dumps(FOLDER_OF_BEFORE["model.json"]), encoding="utf-8")
    (then / "segments.csv").write_text(FOLDER_OF_BEFORE["segments.csv"], encoding="utf-8")
    path = tmp_path / "shop.csv"
    path.write_text("Kunden-Nr;Alter;Umsatz\n007;29;3,5\n009;30;3,5\n12;50;7\n", encoding="utf-8")
    run = call_main(tmp_path / "now", path, "--like", then)
    assert run.status == 0, run.err
    assert run.labels().tolist() == [2, 2, 1]
    assert "of 2 customers in both runs, 1 (50%) are in another segment now" in run.report
    again = call_main(then, path, "-f", "Alter", "Umsatz", "-k", 2, "--max-clusters", 3)
    assert again.status == 0, again.err  # its tables are known, and replaced


IDS = ["id_customer", "id_cliente", "ID Cliente", "Müşteri No", "account_id", "household_key"]
IDS += ["email", "顧客ID", "CustomerID", "member no", "id"]


@pytest.mark.parametrize("name", IDS)
def test_ids_are_texts_and_tell_who_moved(name, tmp_path):
    ids = [f"{10**18 + n}" for n in range(30)]
    table = pd.DataFrame({"order_id": "7", name: ids})
    table["Alter"] = [n % 3 * 20 + n % 5 for n in range(30)]
    table["Umsatz"] = [n % 3 * 9 + n % 4 for n in range(30)]
    path = tmp_path / "shop.csv"
    table.to_csv(path, index=False)
    customers = segment.read_customers(path)
    assert customers[name].tolist() == ids and customers["order_id"].tolist() == ["7"] * 30
    assert call_main(tmp_path / "then", path, *QUICK).status == 0
    table.loc[3, name] = ""
    table.loc[4, name] = f" {ids[4]} "
    table.to_csv(path, index=False)
    run = call_main(tmp_path / "now", path, "--like", tmp_path / "then")
    assert "of 29 customers in both runs, 0 (0%)" in run.report
    assert not any("duplicate" in text for text in run.warnings)


def test_ids_of_which_none_is_in_both_months_are_shown(tmp_path):
    table = pd.DataFrame({"id": range(30)})
    table["Alter"] = [n % 3 * 20 + n % 5 for n in range(30)]
    table["Umsatz"] = [n % 3 * 9 + n % 4 for n in range(30)]
    path = tmp_path / "shop.csv"
    table.to_csv(path, index=False)
    assert call_main(tmp_path / "then", path, *QUICK).status == 0
    table.assign(id=table["id"] + 0.5).to_csv(path, index=False)
    run = call_main(tmp_path / "now", path, "--like", tmp_path / "then")
    assert "no ID is in both runs: '0' then, '0.5' now" in run.report
