"""Damage in any place: the other customers are read right, or the file is refused."""

import csv
import io
import math
import re

import numpy as np
import pytest
from conftest import FEATURES, MALL_CSV, call_main
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import segment

TABLE = list(csv.reader(io.StringIO(MALL_CSV.read_text())))
pytestmark = pytest.mark.filterwarnings("error")
DAMAGES = {  # what becomes of one field
    "a quote before": lambda field: f'"{field}',
    "a quote behind": lambda field: f'{field}"',
    "a delimiter more": lambda field: f"{field},",
    "a delimiter inside": lambda field: f"{field[:1]},{field[1:]}",
    "a delimiter less": None,
    "an empty value": lambda field: "",
    "a text": lambda field: "twelve",
    "a NUL": lambda field: f"{field}\0",
    "a line break": lambda field: f"{field}\n",
}


def damaged(damage: str, row: int, column: int) -> str:
    """Return the mall's CSV with one field damaged, or joined with the next."""
    lines = [",".join(fields) for fields in TABLE]
    fields = list(TABLE[row])
    if damage == "a delimiter less":
        fields[column : column + 2] = ["".join(fields[column : column + 2])]
    else:
        fields[column] = DAMAGES[damage](fields[column])
    lines[row] = ",".join(fields)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_field_spoils_no_other_customer(damage, tmp_path):
    path = tmp_path / "shop.csv"
    places = [(row, column) for row in range(1, len(TABLE)) for column in range(5)]
    if damage == "a delimiter less":
        places = [(row, column) for row, column in places if column < 4]
    expected = np.array([[float(value) for value in fields[2:]] for fields in TABLE[1:]])
    genders = np.array([fields[1] for fields in TABLE[1:]])
    refused = 0
    for row, column in places:
        path.write_text(damaged(damage, row, column))
        try:
            source = segment.read_source(path)
            customers = source.customers
            numbers = segment.to_numbers(source, FEATURES)
        except segment.InputError as error:
            refused += 1
            told = int(re.search(r"line (\d+)", str(error))[1])
            assert told == row + 1 or (damage == "a line break" and told == row + 2)
            continue
        others = np.arange(len(expected)) != row - 1
        assert customers.shape == (200, 5)
        assert (customers["CustomerID"].astype(float) if column else customers["CustomerID"])[
            others
        ].astype(int).tolist() == (np.flatnonzero(others) + 1).tolist()
        assert (customers["Gender"][others] == genders[others]).all()
        assert (numbers.to_numpy()[others] == expected[others]).all()
    certain = {"a quote before", "a delimiter more", "a delimiter inside", "a delimiter less"}
    if damage in {*certain, "a NUL"}:
        assert refused == len(places)
    elif damage == "a line break":
        assert refused == 200 * 4  # behind the last field it only makes a blank line
    elif damage == "a text":
        assert refused == 200 * 3
    elif damage == "an empty value":
        assert refused == 0


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_reading_anything_gives_customers_or_a_reason(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "anything.csv"
    path.write_bytes(content)
    try:
        customers = segment.read_customers(path)
    except segment.InputError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert len(customers) and customers.shape[1]


cells = st.sampled_from(
    [
        "",
        " ",
        "0",
        "1",
        "2",
        "3.5",
        "-4",
        "1e300",
        "1e-300",
        "inf",
        "nan",
        "NA",
        "x",
        '"',
        "1,5",
        "7;",
    ]
)
rows = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=9)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(rows, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]))
def test_reading_almost_a_table_gives_customers_or_a_reason(tmp_path_factory, rows, sep, end):
    path = tmp_path_factory.getbasetemp() / "almost.csv"
    path.write_text(end.join(map(sep.join, [["a", "b", "c"], *rows])), newline="")
    try:
        customers = segment.read_customers(path)
    except segment.InputError:
        return
    filled = [fields for fields in rows if len(fields) > 1 or fields[0].strip()]
    assert len(customers) <= len(filled)


def save_nothing(figure, file, **options):
    file.write(bytes(math.prod(figure.canvas.get_width_height()) * 4))


numbers = st.sampled_from(["", "0", "1", "1.0000000001", "-0.5", "7", "1e15", "-1e15", "1e-160"])
tables = st.lists(st.tuples(numbers, numbers, st.sampled_from(["x", "y", ""])), max_size=12)
ARGUMENTS = [[], ["--no-scale"], ["--log", "a"], ["-k", "2"], ["-k", "4"], ["--max-clusters", "3"]]


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tables, st.sampled_from(ARGUMENTS))
def test_any_small_table_is_segmented_or_refused(tmp_path_factory, monkeypatch, table, arguments):
    folder = tmp_path_factory.getbasetemp() / "small"
    folder.mkdir(exist_ok=True)
    lines = ["a,b,c", *map(",".join, table)]
    (folder / "shop.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(segment.Figure, "savefig", save_nothing)  # for speed
    monkeypatch.setattr(segment, "SHORT_RUN", float("inf"))  # on a slow machine, too
    run = call_main(folder / "output", folder / "shop.csv", "-f", "a", "b", *arguments)
    assert run.status in (0, 2)
    kinds = {line.split()[1] for line in run.err.splitlines()}
    assert kinds == {"error:"} if run.status else kinds <= {"warning:"}
