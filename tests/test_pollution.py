"""Damage in any place: the other customers are read right, or the file is refused."""

import csv
import io
import re

import numpy as np
import pytest
from conftest import FEATURES, MALL_CSV, call_main
from hypothesis import given, settings
from hypothesis import strategies as st

import segment

TABLE = list(csv.reader(io.StringIO(MALL_CSV.read_text())))
SOME_ROWS = [1, 2, 3, *range(12, 199, 17), 199, 200]  # of the customers, first and last among them
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
# In how many of the five columns a damage shows that customers can't be read, or more. A line break
# behind the last field only makes a blank line, and a delimiter there a blank field.
REFUSED_COLUMNS = {
    "a quote before": 5,
    "a quote behind": 0,
    "a delimiter more": 4,
    "a delimiter inside": 4,
    "a delimiter less": 4,
    "an empty value": 0,
    "a text": 0,
    "a NUL": 5,
    "a line break": 4,
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
    genders = np.array([fields[1] for fields in TABLE[1:]])
    expected = np.array([[fields[0], *fields[2:]] for fields in TABLE[1:]], dtype=float)
    refused = 0
    for row in SOME_ROWS:
        for column in range(4 if damage == "a delimiter less" else 5):
            path.write_text(damaged(damage, row, column))
            try:
                customers = segment.read_customers(path)
            except segment.InputError as error:
                refused += 1
                told = int(re.search(r"line (\d+)", str(error))[1])
                assert told == row + 1 or (damage == "a line break" and told == row + 2)
                continue
            others = np.arange(200) != row - 1
            assert customers.shape == (200, 5)
            assert (customers["Gender"].to_numpy()[others] == genders[others]).all()
            numbers = customers[["CustomerID", *FEATURES]].to_numpy()[others].astype(float)
            assert (numbers == expected[others]).all()
    least = len(SOME_ROWS) * REFUSED_COLUMNS[damage]
    assert least <= refused <= least + (damage == "a delimiter inside") * len(SOME_ROWS)


@pytest.mark.parametrize("damage", ["a text", "a quote behind"])
def test_damaged_number_is_refused_with_its_place(damage, tmp_path):
    path = tmp_path / "shop.csv"
    for row in SOME_ROWS[::3]:
        for column, name in enumerate(FEATURES, start=2):
            path.write_text(damaged(damage, row, column))
            run = call_main(tmp_path / "output", path)
            assert run.status == 2
            value = DAMAGES[damage](TABLE[row][column])
            assert f"line {row + 1}, column {name}: '{value}'" in run.errors[0]


@settings(max_examples=200, deadline=None, derandomize=True)
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


NUMBERS = ["0", "1", "2", "3.5", "-4", "1e300", "1e-300", "inf"]
cells = st.sampled_from(["", " ", *NUMBERS, "nan", "NA", "x", '"', "1,5", "7;"])
rows = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=9)


@settings(max_examples=200, deadline=None, derandomize=True)
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


numbers = st.sampled_from(["", "0", "1", "1.0000000001", "-0.5", "7", "1e15", "-1e15", "1e-160"])
tables = st.lists(st.tuples(numbers, numbers, st.sampled_from(["x", "y", ""])), max_size=12)
ARGUMENTS = [[], ["--no-scale"], ["--log", "a"], ["-k", "2"], ["-k", "4"], ["--max-clusters", "3"]]


@settings(max_examples=8, deadline=None, derandomize=True)
@given(tables, st.sampled_from(ARGUMENTS))
def test_any_small_table_is_segmented_or_refused(tmp_path_factory, table, arguments):
    folder = tmp_path_factory.getbasetemp() / "small"
    folder.mkdir(exist_ok=True)
    lines = ["a,b,c", *map(",".join, table)]
    (folder / "shop.csv").write_text("\n".join(lines) + "\n")
    run = call_main(folder / "output", folder / "shop.csv", "-f", "a", "b", *arguments)
    assert run.noise == []
    if run.status == 2:
        assert len(run.errors) == 1 and not run.warnings and not run.out
    else:
        assert run.status == 0 and not run.errors
        assert len(run.rows("segments.csv")) == len(table)
