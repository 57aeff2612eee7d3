#!/usr/bin/env python3
"""Tell a shop who its customers are: explore a CSV, find its segments, draw them.

    python segment.py [CSV] [-o DIR] [-f COLUMN ...] [-k K] [--max-clusters N]
                      [--log COLUMN ...] [--no-scale] [--seed N] [--show]

The script reads the customers, explores them, finds how many segments they form with the elbow
method, fits K-Means, and leaves numbered pictures, three tables and a report in a folder.

The data, as it travels down this file:

source      the file: its path, its text as bytes in UTF-8, the dialect of its fields and decimals
customers   DataFrame, one row a customer, every column as the file has it
features    DataFrame of numbers, the columns to segment by, in the file's own units
categories  DataFrame of the text columns with few distinct values, such as Gender
points      float array (customers, features), what K-Means sees: z-scores unless told otherwise
curve       DataFrame indexed by k = 1, 2, ...: the wcss and mean silhouette of k segments
labels      int array (customers,), the segment of each customer: 1 is the largest
profiles    DataFrame indexed by segment: name, customers, share, silhouette and stability
means       DataFrame indexed by segment: mean of each feature, share of each category value
"""

import gc
import os
import signal

if __name__ == "__main__":
    # Ctrl-C among the imports shall show no traceback of them; they leave no garbage to look for;
    # and threads of K-Means that wait for each other are no faster on small data, but many times
    # as slow on a busy machine.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    gc.disable()
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import bz2
import codecs
import contextlib
import csv
import difflib
import functools
import gzip
import io
import itertools
import lzma
import math
import re
import shlex
import shutil
import sys
import tempfile
import textwrap
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import EngFormatter, MaxNLocator
from pandas import DataFrame, Series
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

# ---------------------------------------------------------------------------- what you may change

SHIPPED_CSV = Path(__file__).with_name("Mall_Customers.csv")
DEFAULT_FEATURES = ["Age", "Annual Income", "Spending Score"]
MISSING_WORDS = ["NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"]  # beside the blank
ID_NAME = re.compile(r"id|(customer|cust|client|member|user|kunden?)(id|no|nr|number|nummer)")
LARGEST_NUMBER = 1e15  # up to here a float tells a number from the next
HEAD_BYTES = 2**20  # in which the dialect of a file shows
LINES_BYTES = 2**22  # of lines that are written at once
SEPARATORS = ",;\t|"
MOST_SEGMENTS = 30  # that pictures and names can tell apart
SKEWED = 2  # skewness from which the longest tails make segments of their own
MOST_CATEGORY_VALUES = 10  # a text column with more distinct values is no category
AGE_GROUPS = {"under 18": 17, "18-25": 25, "26-35": 35, "36-45": 45, "46-55": 55, "56+": np.inf}

SAMPLE = 10_000  # customers, drawn at random, whom search, stability and density curves look at
SILHOUETTE_SAMPLE = 2_000  # of them for silhouettes, whose cost grows with the square
SCATTER_SAMPLE = 5_000  # points that a picture shows
MOST_BINS = 100  # of a histogram
SEARCH_RESTARTS = 25  # at each k; leaves WCSS of the mall within 1% of the best, to k = 10
FINAL_RESTARTS = 200  # one start in 15 finds the best 6 mall segments: all of 200 miss in 1e-6
FINAL_STEPS = 4  # over every customer, from the centroids of the sample
CLEAR_SHARPNESS = 2.5  # an elbow at least this sharp is called clear
LATE_DROPS = 0.1  # power of k by which a later drop of WCSS counts more: small, and measured
RESAMPLES = 20  # of the customers, to see which segments come back
RESAMPLE_RESTARTS = 10
EVEN_CLOUDS = 10  # made to see which silhouette K-Means reaches where there are no segments
STABLE, UNRELIABLE = 0.75, 0.6  # how Hennig (2007) reads the stability of a segment

NAMING_DISTANCE = 0.5  # standard deviations from the average customer that earn a word
COMPARISONS = {"age": ("younger", "older")}  # any other feature is "low ..." or "high ..."
FILLER_WORDS = {"annual", "average", "customer", "index", "level", "of", "score", "the", "total"}

INK, NOTE, QUIET, ACCENT, PALE = "#262626", "#5f5f5f", "#8c8c8c", "#0173b2", "#c9d8e8"
TEXT, TITLE, DPI = 10, 14, 120  # points, and pixels an inch
DISC = {  # with the number of a segment, at its centroid
    "bbox": {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": INK},
    **{"ha": "center", "va": "center", "weight": "bold", "zorder": 10},
}
MARGIN, LEGEND_WIDTH = 0.3, 4.4  # inches, as all lengths in pictures
PAIR, LONE_PAIR = (3.8, 3.4), (8.4, 5)  # width and height of a panel for a pair of features
ELEVATIONS = 15, 20, 25, 30  # degrees from which 3D may be seen
AZIMUTHS = [turn for turn in range(0, 360, 5) if 20 <= turn % 90 <= 70]  # not along an axis
SIZES_OF_R = ["hardly", "weakly", "moderately", "strongly"]  # from 0.1, 0.3, 0.5: Cohen (1988)
MARKERS = "os^DvPpX*<>"  # 11 shapes to 10 colours: no pair of them comes back before the 111th
THEME = {
    "axes.edgecolor": QUIET,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "figure.dpi": DPI,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "legend.frameon": False,
    "text.color": INK,
    "text.hinting": "none",
    "text.parse_math": False,  # a $ in a column name is a dollar
}

OTHER_FONTS = [  # for letters that DejaVu Sans does not have, if they are installed
    *("Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB"),
    *("WenQuanYi Micro Hei", "Malgun Gothic", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji"),
]

OUTPUTS = [
    *("01_distributions.png", "02_counts.png", "03_by_category.png", "04_relationships.png"),
    *("05_elbow.png", "06_silhouette.png", "07_clusters_2d.png", "08_clusters_3d.png"),
    *("09_profiles.png", "segments.csv", "profiles.csv", "elbow.csv", "report.txt"),
]
TEMPORARY = ".segment-unfinished-"  # how the name of a folder of unfinished files begins
STEPS = ["read", "explore", "segment", "draw", "save"]
SHORT_RUN = 2  # seconds, after which a run says what it is at
NEW_COLUMNS = ["Segment", "Segment name"]

UNIT = re.compile(r"\(.*?\)|\[.*?\]|（.*?）")  # the "(k$)" of "Annual Income (k$)"


class InputError(Exception):
    """What is wrong with the command, the file or the folder, in one line for its user."""


def one_line(text: object) -> str:
    """Return the text with every break, control and other character without a shape as a blank."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def quote(value: str) -> str:
    """Quote a value from the file for a message, but for the end of a long one."""
    return f"'{one_line(value)[:40]}'" + " ..." * (len(value) > 40)


# ------------------------------------------------------------------------------------------- read


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before the message of an InputError."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


class Source(NamedTuple):
    """A file that was read: where it is, its text and dialect, and the customers in it."""

    path: Path
    text: bytes
    dialect: dict[str, str]
    customers: DataFrame


def read_customers(path: str | Path) -> DataFrame:
    """Read a CSV file with a header and a line a customer, packed or not.

    Returns a DataFrame of shape (customers, columns): numbers where a column has nothing else but
    blanks and words for a missing value, else texts. Raises InputError with what is wrong and
    where if the file can't be read, or is no such table.
    """
    return read_source(Path(path)).customers


def read_source(path: Path) -> Source:
    """Read a file; InputError as in read_customers."""
    with naming(path):
        text, dialect = load(path)
        return Source(path, text, dialect, parse(text, dialect))


def unzip(data: bytes) -> bytes:
    """Return the one file in a zip archive; ValueError if it has none or several."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        if len(files) != 1:
            raise ValueError(f"it packs {len(files):,} files; pack the CSV file alone")
        return archive.read(files[0])


UNPACK = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"PK\3\4": unzip,
}
SPREADSHEETS = b"PK\3\4", b"\xd0\xcf\x11\xe0"  # how .xlsx and .xls begin


UNREADABLE = (
    *(OSError, EOFError, ValueError, RuntimeError),
    *(lzma.LZMAError, zipfile.BadZipFile, zlib.error),
)


def load(path: Path) -> tuple[bytes, dict[str, str]]:
    """Unpack and decode a file; return its text and pandas' options for its dialect.

    Raises InputError if the file can't be read, is a spreadsheet, or has bytes that no text has.
    """
    try:
        if path.is_dir():
            raise InputError("is a folder; name the CSV file in it")
        data = path.read_bytes()
        if data.startswith(SPREADSHEETS) and path.suffix.lower() != ".zip":
            raise InputError("is a spreadsheet; open it and save the customers' sheet as CSV")
        for magic, unpack in UNPACK.items():
            if data.startswith(magic):
                data = unpack(data)
    except FileNotFoundError:
        raise InputError("there is no such file; check its name and folder") from None
    except UNREADABLE as error:
        raise InputError(f"can't be read: {getattr(error, 'strerror', None) or error}") from None
    text = decode(data)
    if b"\0" in text:
        line = text[: text.index(0)].count(b"\n") + 1
        raise InputError(
            f"line {line:,} has a NUL byte: the file is damaged, or no text; save it as CSV (UTF-8)"
        )
    return text, find_dialect(text)


def decode(data: bytes) -> bytes:
    """Return the text in UTF-8, with lines that end in LF; InputError if it is none."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252"]:
        if data.isascii():
            break
        with contextlib.suppress(UnicodeDecodeError):
            data = data.decode(encoding).encode()
            break
    else:
        raise InputError("is no text in UTF-8, UTF-16 or Windows-1252; save it as CSV (UTF-8)")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def read_records(text: bytes, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line, and the fields, of each record that is not blank.

    The header is the first of them. Raises InputError where quotes do not match.
    """
    csv.field_size_limit(2**31 - 1)  # of a C long, the same everywhere
    lines = io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="")
    reader = csv.reader(lines, delimiter=sep, skipinitialspace=True, strict=True)
    line = 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip(" \t"):
                yield line, fields
            line = reader.line_num + 1
    except csv.Error:
        raise InputError(
            f"line {line:,}: a quote is not closed, or has text behind it; correct the quotes"
        ) from None


def find_dialect(text: bytes) -> dict[str, str]:
    """Find what separates the fields and what marks decimals, from the head of the text.

    The separator is what cuts header and first customer into equally many fields, the more the
    better. Decimal commas are looked for unless fields are separated by commas; groups of three
    digits prove nothing, as they may be thousands.
    """

    def count_fields(sep: str) -> tuple[bool, int]:
        try:
            widths = [len(fields) for _, fields in itertools.islice(read_records(text, sep), 2)]
        except InputError:
            return False, 2
        return 1 < max(widths, default=0) == min(widths), max(widths, default=0)

    def count_decimals(mark: str) -> int:
        number = rf"[+-]?(\d*{mark}(\d\d?|\d{{4,}})|0?{mark}\d+)"
        head = text[:HEAD_BYTES].decode(errors="ignore")
        return len(re.findall(rf'[{sep}\n"] *{number} *(?=[{sep}\n"])', head))

    sep = max(SEPARATORS, key=count_fields)
    comma = sep != "," and count_decimals(",") > count_decimals(r"\.")
    return {"sep": sep, "decimal": "," if comma else "."}


def read_header(text: bytes, sep: str) -> tuple[int, list[str]]:
    """Return the line and the names of the header; InputError if it is none."""
    line, header = next(read_records(text, sep), (0, []))
    if not header:
        raise InputError("is empty; it needs a header and a line a customer")
    names = [one_line(name).strip() or "(no name)" for name in header]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"line {line:,}, the header, has the name '{name}' {names.count(name):,} times; "
                "give each column its own"
            )
    return line, names


def parse(text: bytes, dialect: dict[str, str]) -> DataFrame:
    """Read the customers from the text; InputError unless every record is whole."""
    sep = dialect["sep"]
    line, names = read_header(text, sep)
    # pandas takes the width of the first customer for that of all.
    if any(len(fields) != len(names) for _, fields in itertools.islice(read_records(text, sep), 2)):
        require_whole(text, sep)
    try:
        customers = read_table(text, dialect)
    except ValueError as error:
        require_whole(text, sep)
        raise InputError(f"can't be read as a CSV file: {error}") from None
    # It lets quotes swallow lines, and fills short records with blanks: then there are too few
    # separators for the customers.
    if b'"' in text:
        if require_whole(text, sep) != len(customers):
            raise InputError('has lines with nothing but quotes (""); remove them')
    elif text.count(sep.encode()) != (len(customers) + 1) * (len(names) - 1):
        require_whole(text, sep)
    if customers.empty:
        raise InputError("has a header but no customers; it needs a line for each")
    customers.columns = names
    for name, values in customers.select_dtypes(exclude=["number", "bool"]).items():
        customers[name] = tidy(values, dialect["decimal"])
    numeric = customers.select_dtypes("number").columns
    if len(numeric) and pd.to_numeric(numeric.to_series(), errors="coerce").notna().all():
        raise InputError(
            f"line {line:,} has numbers where names of columns belong ({', '.join(numeric[:3])}); "
            "put a header above it, or give these columns names that are no numbers"
        )
    return customers


def read_table(text: bytes, dialect: dict[str, str]) -> DataFrame:
    """Let pandas read the text: in pieces, but if a column looks different in them, in one.

    Texts of which the first customers have few become categories where there are millions.
    """
    # "NA" is a gap among numbers, but Namibia among countries: only a blank is sure.
    read = functools.partial(
        pd.read_csv, **dialect, index_col=False, skipinitialspace=True, keep_default_na=False,
        na_values=[""],
    )  # fmt: skip
    head = read(io.BytesIO(text), nrows=SAMPLE, low_memory=False)
    if len(head) < SAMPLE:
        return head
    texts = head.loc[
        :, [pd.api.types.infer_dtype(x, skipna=True) == "string" for _, x in head.items()]
    ]
    few = texts.columns[texts.nunique() <= MOST_CATEGORY_VALUES]
    for pieces in True, False:
        with warnings.catch_warnings(), contextlib.suppress(pd.errors.DtypeWarning):
            warnings.simplefilter("error", pd.errors.DtypeWarning)
            return read(io.BytesIO(text), dtype=dict.fromkeys(few, "category"), low_memory=pieces)


def require_whole(text: bytes, sep: str) -> int:
    """Count the customers; InputError unless each has as many fields as the header."""
    records = read_records(text, sep)
    head, header = next(records)
    customers = 0
    for line, fields in records:
        customers += 1
        if len(fields) != len(header):
            raise InputError(
                f"line {line:,} ({quote(fields[0])} ...) and the header in line {head:,} "
                f"({quote(header[0])} ...) differ in the number of fields: {len(fields):,} and "
                f"{len(header):,}; correct the line, or remove what is neither header nor customer"
            )
        for field in fields:
            breaks = field.count("\n")
            if breaks and field.count(sep) == breaks * (len(header) - 1) > breaks:
                raise InputError(
                    f"line {line:,}: the quotes around {quote(field)} ... hold whole lines of "
                    "customers; correct the quotes"
                )
    return customers


def tidy(values: Series, decimal: str) -> Series:
    """Strip the texts of a column, and make it numbers if it has nothing else but gaps."""
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    codes, distinct = (
        (values.cat.codes, values.cat.categories) if categorical else pd.factorize(values)
    )
    texts = Series(distinct, dtype=object).map(str).str.strip()
    texts = texts.mask(texts == "")
    numbers = as_numbers(texts, decimal)
    whole = numbers.notna() | is_gap(texts)
    chosen = numbers if whole.all() and numbers.notna().any() else texts
    if chosen.astype(object).equals(Series(distinct, dtype=object)):
        return values
    return chosen.reindex(codes).set_axis(values.index)


def is_gap(values: Series) -> Series:
    """Tell where a number is missing: blank, or a word for it."""
    return values.isna() | values.isin(MISSING_WORDS)


def as_numbers(values: Series, decimal: str) -> Series:
    """Turn texts into numbers, NaN where they are none; numbers stay as they are."""
    if decimal != "." and not pd.api.types.is_numeric_dtype(values):
        values = values.str.translate(str.maketrans(",.", ".,"))
    return pd.to_numeric(values, errors="coerce")


def simplify(name: str, keep_unit: bool) -> str:
    """Strip case, spaces, underscores, punctuation and, unless kept, the unit in brackets."""
    return re.sub(r"[\W_]+", "", (name if keep_unit else UNIT.sub("", name)).casefold())


def find_column(wanted: str, columns: Iterable[str]) -> str | None:
    """Return the one column that is meant, or None; InputError where it may be several."""
    if wanted in columns:
        return wanted
    with_unit, without = (
        {name for name in columns if simplify(name, unit) == simplify(wanted, unit) != ""}
        for unit in (True, False)
    )
    meant = with_unit if with_unit and UNIT.search(wanted) else with_unit | without
    if len(meant) > 1:
        raise InputError(f"{wanted} may mean {' or '.join(sorted(meant))}; write it in full")
    return next(iter(meant), None)


def find_id(customers: DataFrame) -> str | None:
    """Return the column that numbers the customers, if there is one."""
    return next((name for name in customers if ID_NAME.fullmatch(simplify(name, True))), None)


def choose_features(source: Source, wanted: list[str] | None) -> list[str]:
    """Find the columns to segment by: those wanted, or else age, income and spending score.

    Raises InputError if one is not there, and unless they are two or more different ones.
    """
    customers = source.customers
    found = {name: find_column(name, customers) for name in wanted or DEFAULT_FEATURES}
    missing = [name for name, column in found.items() if column is None]
    if missing and wanted:
        near = difflib.get_close_matches(missing[0], customers, cutoff=0.4)
        hint = f"the nearest are {', '.join(near)}" if near else f"it has {', '.join(customers)}"
        raise InputError(f"has no column {missing[0]}; {hint}")
    if missing:
        numeric = list(customers.select_dtypes("number"))
        telling = [name for name in numeric if name != find_id(customers)]
        if len(telling) < 2:
            raise InputError("has no two columns of numbers to segment customers by")
        command = shlex.join(["python", "segment.py", str(source.path), "-f", *telling[:3]])
        raise InputError(
            f"has no column {', '.join(missing)}; choose from its numeric columns "
            f"({', '.join(numeric)}), for example: {command}"
        )
    columns = list(found.values())
    if len(set(columns)) < max(2, len(wanted or columns)):
        raise InputError("-f needs two or more different columns, each named once")
    return columns


def refuse_value(source: Source, name: str, wrong: np.ndarray, reason: str) -> None:
    """Raise InputError with line, column and spelling of the first of the wrong values.

    `wrong` is a bool array of shape (customers,), `reason` says what is wrong and what to do.
    """
    records = itertools.islice(read_records(source.text, source.dialect["sep"]), 1, None)
    line, fields = next(itertools.islice(records, int(wrong.argmax()), None))
    value = quote(fields[source.customers.columns.get_loc(name)])
    raise InputError(
        f"line {line:,}, column {name}: {value} {reason} ({wrong.sum():,} such in the column)"
    )


def to_numbers(source: Source, names: list[str]) -> DataFrame:
    """Take the features out of the customers, as numbers; NaN where one is missing.

    Raises InputError with line, column and value of the first that is no number, infinite or too
    large, and if a feature is empty.
    """
    customers, mark = source.customers, source.dialect["decimal"]
    columns = {name: as_numbers(customers[name], mark) for name in names}
    # A copy of whole numbers as float would cost what it costs to read them.
    columns = {n: v.astype(float) if v.dtype == bool else v for n, v in columns.items()}
    for name, values in columns.items():
        wrong = ~values.between(-LARGEST_NUMBER, LARGEST_NUMBER)
        if wrong.any() and (wrong := wrong & ~is_gap(customers[name])).any():
            reason = "is not a number between -1e15 and 1e15; write digits alone, or nothing"
            refuse_value(source, name, wrong.to_numpy(), reason)
        if values.isna().all():
            raise InputError(f"column {name} is empty; choose other columns with -f")
    return DataFrame(columns, copy=False)


def choose_logged(features: DataFrame, wanted: list[str]) -> list[str]:
    """Find the features to take logarithms of; InputError for one that is no feature."""
    found = {name: find_column(name, features) for name in wanted}
    for name, column in found.items():
        if column is None:
            raise InputError(f"--log {name} is none of the features: {', '.join(features)}")
    return list(dict.fromkeys(found.values()))


def require_differences(features: DataFrame) -> None:
    """Raise InputError unless some customers have all features, and differ in each of them."""
    if features.empty:
        raise InputError(f"no customer has a number in all of {', '.join(features)}")
    low, high = features.min(), features.max()
    # Rounding leaves a constant its last digit, and the square of a tiny difference is none.
    alike = high - low <= np.maximum(1e-12 * np.maximum(high.abs(), low.abs()), 1e-150)
    for name in features.columns[alike]:
        raise InputError(
            f"column {name} has one value for all customers that have every feature; "
            "choose other columns with -f"
        )


def require_enough(points: np.ndarray, k: int) -> None:
    """Raise InputError unless K-Means can tell k customers apart."""
    if count_distinct(points[draw_sample(len(points), SAMPLE)]) >= k:
        return
    distinct = count_distinct(points)
    if distinct < k:
        raise InputError(
            f"{distinct:,} different customers of {len(points):,} with every feature are too few "
            f"for {k:,} segments; give more customers or a smaller -k"
        )


def refuse_thousands(source: Source, features: DataFrame) -> None:
    """Raise InputError if all fractions of a feature look like thousands: 1.677 beside 900.

    Where commas separate the fields, a point marks decimals; elsewhere it may be either way.
    """
    sep, mark = source.dialect.values()
    doubtful = re.compile(rf"[+-]?[1-9]\d{{0,2}}[{mark}]\d{{3}}")
    certain = re.compile(r"[+-]?\d{4,}")  # thousands without a separator
    for name in features.columns[(features % 1 > 0).any()] if sep != "," else ():
        column = source.customers.columns.get_loc(name)
        records = itertools.islice(read_records(source.text, sep), 1, None)
        written = Series([fields[column].strip() for _, fields in records])
        wrong = written.str.fullmatch(doubtful)
        clear = written.str.match(certain) | (features[name] % 1 > 0) & ~wrong
        if not clear.any():
            reason = "may mean thousands or decimals; write it without a separator"
            refuse_value(source, name, wrong.to_numpy(), reason)


def find_categories(customers: DataFrame) -> DataFrame:
    """Take the categories out of the customers: texts of few values; "(blank)" where missing."""
    texts = customers.select_dtypes(exclude="number")
    most = min(MOST_CATEGORY_VALUES, len(customers) // 2)
    few = texts.iloc[draw_sample(len(texts), SAMPLE)].nunique() <= most  # spares the others' count
    texts = texts.loc[:, few].astype("category")
    texts = texts.loc[:, [2 <= len(values.cat.categories) <= most for _, values in texts.items()]]
    return texts.apply(name_values)


def name_values(values: Series) -> Series:
    """Return a category with texts for True and False, and (blank) where there is none."""
    values = values.cat.rename_categories(str)
    return values.cat.add_categories("(blank)").fillna("(blank)") if values.hasnans else values


# ---------------------------------------------------------------------------------------- explore


def readable(value: float, digits: int = 3) -> str:
    """Write a number with the digits that a person wants to read: 1,234 or 56.3 or 1.2e+09."""
    return f"{value:,.0f}" if 10**digits <= abs(value) < 1e7 else f"{value:.{digits}g}"


def percent(share: float) -> str:
    """Write a share of 0 to 1 with one decimal at most: 22.5% or 50%."""
    return f"{round(100 * share, 1):g}%"


def count_and_share(counts: Series, total: int) -> Series:
    """Write counts as a person wants to read them: 45 (22.5%)."""
    return counts.map(lambda count: f"{count:,} ({percent(count / total)})")


def short_names(columns: Iterable[str]) -> dict[str, str]:
    """Say each column in a word or two: Annual Income (k$) is income, if no other column is."""
    short = {}
    for column in columns:
        words = re.findall(r"[^\W_]+", UNIT.sub("", column.lower()))
        short[column] = " ".join(w for w in words if w not in FILLER_WORDS) or column.lower()
    taken = list(short.values())
    return {c: word if taken.count(word) == 1 else c.lower() for c, word in short.items()}


def count_between(values: Series, edges: list[float]) -> np.ndarray:
    """Count the values above each edge and up to the next."""
    return np.diff([int((values <= edge).sum()) for edge in edges])


def count_bands(values: Series, is_age: bool) -> Series:
    """Count values by age group; or one by one where they are few; or in about five round bands.

    A band holds its upper end and not its lower one, so a band of whole numbers starts one later.
    """
    if is_age:
        counts = Series(
            count_between(np.floor(values), [-np.inf, *AGE_GROUPS.values()]), [*AGE_GROUPS]
        )
        return counts if counts.iloc[0] else counts.iloc[1:]
    if values.nunique() <= 6:
        return values.value_counts().sort_index().rename("{:,.15g}".format)
    whole = bool((values.dropna() % 1 == 0).all())
    edges = MaxNLocator(nbins=5, integer=whole).tick_values(values.min(), values.max())
    edges[-1] = max(edges[-1], values.max())
    starts = edges[:-1] + whole
    starts[0] = edges[0] = min(starts[0], values.min())
    bands = [f"{low:,.15g} to {high:,.15g}" for low, high in zip(starts, edges[1:], strict=True)]
    return Series(count_between(values, [-np.inf, *edges[1:]]), bands)


def count_groups(features: DataFrame, categories: DataFrame) -> dict[str, Series]:
    """Count the customers of each value of a category and each band of a feature."""
    short = short_names(features)
    bands = {name: count_bands(values, short[name] == "age") for name, values in features.items()}
    return {name: values.value_counts() for name, values in categories.items()} | bands


def paragraph(label: str, text: str) -> str:
    """Set a label in the margin of a text, in lines of 80 columns."""
    return textwrap.fill(f"{label:<10} {text}", 80, subsequent_indent=" " * 11)


def count_repeats(customers: DataFrame) -> dict[str, int]:
    """Count the rows, and the customers' IDs, that are there already further up."""
    number = find_id(customers)
    if number is None:
        return {"duplicate rows": customers.duplicated().sum()}
    ids = customers[number]
    growing = pd.api.types.is_numeric_dtype(ids) and (np.diff(ids) > 0).all()
    # Equal rows have equal IDs: only those few need to be compared, and none where IDs only grow.
    again = customers[:0] if growing else customers[ids.duplicated(keep=False)]
    return {
        "duplicate rows": again.duplicated().sum(),
        f"duplicate values of {number}": again[number].dropna().duplicated().sum(),
    }


def find_oddities(
    customers: DataFrame, features: DataFrame, repeats: dict[str, int], logged: list[str]
) -> list[str]:
    """List what is odd about the data, and was kept as it is, or may distort the segments."""
    repeats = [f"{n:,} {what}" for what, n in repeats.items() if n]
    replaced = [name for name in NEW_COLUMNS if name in customers]
    plain = features.loc[:, features.min() > -1].drop(columns=logged, errors="ignore")
    skewed = [name for name, skewness in plain.skew().items() if skewness > SKEWED]
    oddities = {
        f"{' and '.join(repeats)}, all kept; remove what was entered twice": repeats,
        f"segments.csv has a new {' and '.join(replaced)} in place of the file's": replaced,
        f"{', '.join(skewed)} has a long tail, and a few customers may make segments of their own; "
        f"compare with --log {shlex.join(skewed)}": skewed,
    }
    return [oddity for oddity, applies in oddities.items() if applies]


def explore(
    source: Source, features: DataFrame, categories: DataFrame, repeats: dict[str, int]
) -> str:
    """Say what the data is: size, types, category counts, gaps and repetitions."""
    customers = source.customers
    numbers = {*customers.select_dtypes("number"), *features}
    counts = {name: values.value_counts() for name, values in categories.items()}
    shares = {
        name: ", ".join(
            f"{value} {share}"
            for value, share in count_and_share(counts[name], len(customers)).items()
        )
        for name in counts
    }
    texts = [f"{n}: {shares[n]}" if n in shares else n for n in customers if n not in numbers]
    gaps = customers.isna().sum()
    gaps.update(features.isna().sum())
    without = (~features.notna().all(axis=1)).sum()
    missing = ", ".join(f"{n:,} of {name}" for name, n in gaps.items() if n) or "nothing"
    if without:
        missing += f"; customers who miss a feature, and so get no segment: {without:,}"
    missing += "".join(f"; {n:,} {what}" for what, n in repeats.items())
    facts = {
        "Data": f"{source.path.name}: {len(customers):,} rows (customers), "
        f"{customers.shape[1]} columns",
        "Numbers": ", ".join(name for name in customers if name in numbers) or "none",
        "Texts": "; ".join(texts) or "none",
        "Missing": missing,
    }
    return "\n".join(paragraph(label, fact) for label, fact in facts.items())


# ------------------------------------------------------------------------------------------ scale


def take_logarithms(source: Source, features: DataFrame, logged: list[str]) -> DataFrame:
    """Return the features, with log(1 + x) of those logged; InputError where there is none."""
    for name in logged:
        wrong = (features[name] <= -1).to_numpy()
        if wrong.any():
            reason = "has no logarithm of 1 more; leave the column out of --log"
            refuse_value(source, name, wrong, reason)
    if logged:
        features = features.copy()
        features[logged] = np.log1p(features[logged])
    return features


def scale(features: DataFrame, raw: bool) -> np.ndarray:
    """Return the points: features with mean 0 and standard deviation 1, or raw as they are."""
    points = features.to_numpy(dtype=float, copy=True)
    if not raw:
        points -= features.mean().to_numpy()
        points /= np.sqrt(np.einsum("ij,ij->j", points, points) / len(points))
    return points


# ----------------------------------------------------------------------------------------- search


def count_distinct(points: np.ndarray) -> int:
    """Count the points that K-Means can tell apart; its squared distances are less exact."""
    points = points - points.mean(axis=0)
    return len(np.unique((points / (points.std(axis=0).max() or 1)).round(6), axis=0))


def silhouettes_of(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each customer's silhouette (Rousseeuw 1987), a float array of shape (customers,).

    It is 1 deep in a segment, 0 between two, below 0 nearer to another one; 0 where there is one
    segment, or one for each customer.
    """
    several = 1 < len(np.unique(labels)) < len(labels)
    return silhouette_samples(points, labels) if several else np.zeros(len(labels))


def draw_sample(customers: int, most: int) -> np.ndarray | slice:
    """Return the sorted positions of `most` of the customers at random, or a slice of all if few.

    It is the same draw every time, so that whoever is asked for k is asked for its silhouette.
    """
    if customers <= most:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(customers, most, replace=False))


def search(points: np.ndarray, max_clusters: int, seed: int) -> DataFrame:
    """Compute the curve of K-Means with 1, 2, ... up to max_clusters segments.

    Returns a DataFrame indexed by k: wcss in squared units of the points, and mean silhouette,
    NaN at k = 1. The curve stops short of one segment a customer, where WCSS is 0 and says
    nothing; but from the number of distinct customers on WCSS is 0, because they are all there is.
    """
    distinct, sample = count_distinct(points), draw_sample(len(points), SILHOUETTE_SAMPLE)
    ks = pd.RangeIndex(1, min(max_clusters, max(3, len(points) - 1)) + 1, name="k")
    curve = DataFrame({"wcss": 0.0, "silhouette": np.nan}, ks)
    curve.loc[1, "wcss"] = ((points - points.mean(axis=0)) ** 2).sum()
    for k in ks[1:distinct]:
        model = KMeans(k, n_init=SEARCH_RESTARTS, random_state=seed).fit(points)
        silhouettes = silhouettes_of(points[sample], model.labels_[sample])
        curve.loc[k] = model.inertia_, silhouettes.mean()
    return curve


def find_elbow(wcss: Iterable[float]) -> tuple[int, float]:
    """Read the elbow off the WCSS at k = 1, 2, ..., n: the k after which it stops dropping.

    Going from k - 1 to k segments makes WCSS drop by ln(W[k-1] / W[k]). While there are segments
    to find, drops are large; once all are found, K-Means can only cut them in pieces, and drops
    are small. So the elbow is the k whose smallest drop so far is largest against the largest
    drop still to come. Drops shrink as k grows even where there are no segments: one to j counts
    ((j - 1) / k) ** LATE_DROPS times. The sharpness sets the last drop, the one to k, against the
    largest to come. The method is this project's own; tests/benchmarks/elbow.py measures it.

    Takes three values or more, finite and not negative, else raises ValueError. Returns k, from 2
    to n - 1 and the smaller of two equals, and its sharpness: below 1 a later drop is larger,
    infinite if WCSS never drops again, 0 if it never drops at all.
    """
    curve = np.asarray(wcss, dtype=float)
    if curve.ndim != 1 or len(curve) < 3 or not np.isfinite(curve).all() or (curve < 0).any():
        raise ValueError("find_elbow needs three or more WCSS values, finite and not negative")
    if not curve[0]:
        return 2, 0.0
    # The rounding that is left of a WCSS of zero has no relative drop.
    drops = np.diff(-np.log(curve.clip(1e-12 * curve[0]))).clip(0)
    k = np.arange(2, len(curve))
    weighted = drops[1:] * k**LATE_DROPS
    later = np.maximum.accumulate(weighted[::-1])[::-1] / k**LATE_DROPS
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.nan_to_num(np.minimum.accumulate(drops[:-1]) / later, nan=0, posinf=np.inf)
        sharpness = np.nan_to_num(drops[:-1] / later, nan=0, posinf=np.inf)
    best = int(gaps.round(9).argmax())
    return int(k[best]), float(sharpness[best])


# -------------------------------------------------------------------------------------------- fit


def fit(points: np.ndarray, k: int, curve: DataFrame, seed: int) -> tuple[DataFrame, np.ndarray]:
    """Fit K-Means and number the segments from the largest to the smallest.

    Takes the lowest WCSS of many k-means++ starts (Arthur and Vassilvitskii 2007), on a sample of
    the customers if there are many; then all of them move from its centroids to their own. Segments
    of one size are ordered by their centroids, so that neither seed nor order of the customers can
    swap them. Returns the curve, in units of all customers; and the labels, int of shape
    (customers,). (A better WCSS at k than the search found is not put into the curve: beside its
    neighbours' it would make an elbow of k.)
    """
    sample = points[draw_sample(len(points), SAMPLE)]
    restarts = FINAL_RESTARTS if len(sample) == len(points) else SEARCH_RESTARTS
    model = KMeans(k, n_init=restarts, random_state=seed).fit(sample)
    if len(sample) < len(points):
        # Without a tolerance, because K-Means would copy millions of customers to find it.
        options = {"n_init": 1, "tol": 0, "max_iter": FINAL_STEPS, "copy_x": False}
        every = KMeans(k, init=model.cluster_centers_, **options)
        start, model = model, every.fit(points)
        many = len(points) / len(sample)
        many = model.inertia_ / start.inertia_ if start.inertia_ else many
        curve = curve.assign(wcss=curve["wcss"] * many)
    centroids = model.cluster_centers_.round(9)
    order = np.lexsort([*centroids.T[::-1], -np.bincount(model.labels_, minlength=k)])
    return curve, (order.argsort() + 1)[model.labels_]


def find_even_silhouette(points: np.ndarray, k: int, seed: int) -> float:
    """Return the best mean silhouette of k segments of customers strewn evenly, without segments.

    The even clouds have as many customers as the points, or a sample of them, and fill the box
    along their principal axes, as in the gap statistic (Tibshirani, Walther and Hastie 2001).
    """
    rng, points = np.random.default_rng(seed), points[draw_sample(len(points), SILHOUETTE_SAMPLE)]
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    turned = points @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    clouds = rng.uniform(low, high, (EVEN_CLOUDS, *turned.shape))
    model = KMeans(k, n_init=RESAMPLE_RESTARTS, random_state=seed)
    return max(silhouettes_of(cloud, model.fit_predict(cloud)).mean() for cloud in clouds)


def find_stability(points: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Say how surely each segment comes back when the customers are drawn anew.

    Returns a float array of shape (segments,): the mean over bootstrap resamples of the largest
    Jaccard similarity of the segment, among the customers drawn, with a segment of the resample.
    Hennig (2007), "Cluster-wise assessment of cluster stability": 0.75 and more is stable, 0.6
    and less not to be relied on.
    """
    rng, segments = np.random.default_rng(seed), labels.max()
    sample = draw_sample(len(points), SAMPLE)
    points, labels = points[sample], labels[sample]
    similarities = np.empty((RESAMPLES, segments))
    for similarity in similarities:
        resample = rng.integers(len(points), size=len(points))
        drawn, first = np.unique(resample, return_index=True)
        k = min(segments, count_distinct(points[drawn]))
        model = KMeans(k, n_init=RESAMPLE_RESTARTS, random_state=seed).fit(points[resample])
        shared = np.zeros((segments, k))
        np.add.at(shared, (labels[drawn] - 1, model.labels_[first]), 1)
        united = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
        similarity[:] = (shared / united.clip(1)).max(axis=1)
    return similarities.mean(axis=0)


# ---------------------------------------------------------------------------------------- profile


def describe(features: DataFrame, categories: DataFrame, labels: np.ndarray) -> DataFrame:
    """Compute what a segment, and the average customer, is like.

    Returns a DataFrame with a column for each feature and each category value (Gender: Female):
    its mean or share in each segment, in the row "average" over all customers, and in the row
    "deviation" the standard deviation over them.
    """
    sizes = np.bincount(labels)[1:]
    sums = {name: np.bincount(labels, values)[1:] for name, values in features.items()}
    means = DataFrame(sums, pd.RangeIndex(1, len(sizes) + 1)).div(sizes, axis=0)
    means.loc["average"], means.loc["deviation"] = features.mean(), features.std()
    parts = [means]
    for name, values in categories.items():
        kinds, segments = len(values.cat.categories), means.index[:-2]
        pairs = labels * kinds
        pairs += values.cat.codes
        counts = np.bincount(pairs, minlength=(len(segments) + 1) * kinds).reshape(-1, kinds)
        counts = DataFrame(counts[1:], segments, values.cat.categories)
        shares = counts.div(counts.sum(axis=1), axis=0)
        average = counts.sum() / len(values)
        deviation = np.sqrt(average * (1 - average) * len(values) / (len(values) - 1))
        shares.loc["average"], shares.loc["deviation"] = average, deviation
        parts.append(shares.add_prefix(f"{name}: "))
    return pd.concat(parts, axis=1)


def measure_distances(means: DataFrame) -> DataFrame:
    """Return how many standard deviations segments, and the average, lie from the average."""
    return (means.drop("deviation") - means.loc["average"]) / means.loc["deviation"]


def name_segments(means: DataFrame, distances: DataFrame) -> Series:
    """Name each segment for the features that set it apart from the average customer.

    Takes the description of the features, and their distances from the average; returns a Series
    of str indexed by segment, no two alike: those with the same words also get their mean of the
    feature in which they differ most.
    """
    means, distance = (
        x.drop(["average", "deviation"], errors="ignore") for x in (means, distances)
    )
    short = short_names(means)
    names = Series("", means.index)
    for feature, word in short.items():
        low, high = COMPARISONS.get(word, (f"low {word}", f"high {word}"))
        names[distance[feature] <= -NAMING_DISTANCE] += f", {low}"
        names[distance[feature] >= NAMING_DISTANCE] += f", {high}"
    names = names.str.removeprefix(", ").replace("", "average")
    for same in names.groupby(names).groups.values():
        if len(same) > 1:
            feature = np.ptp(distance.loc[same], axis=0).idxmax()
            names[same] += [f" ({short[feature]} {readable(x)})" for x in means.loc[same, feature]]
    alike = names.index[names.duplicated(keep=False)]
    names[alike] += [f" #{segment}" for segment in alike]
    return names


def profile(
    names: Series, labels: np.ndarray, silhouettes: Series, stability: np.ndarray
) -> DataFrame:
    """Describe the segments: Name, Customers, Share of all (0 to 1), mean Silhouette, Stability."""
    sizes = Series(np.bincount(labels)[1:], names.index)
    parts = {
        "Name": names,
        "Customers": sizes,
        "Share": sizes / len(labels),
        "Silhouette": silhouettes.groupby(labels[silhouettes.index]).mean(),
        "Stability": Series(stability, names.index),
    }
    return DataFrame(parts).rename_axis("Segment")


def csv_line(fields: Iterable) -> bytes:
    """Return the fields as a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue().encode()


def write_segments(
    file: BinaryIO, source: Source, features: DataFrame, labels: np.ndarray, profiles: DataFrame
) -> None:
    """Write the customers as their file spells them, with Segment and Segment name added.

    `labels` has the segment of every customer, 0 for none: those are left blank. Decimal commas
    of the features become points, because commas separate the fields here.
    """
    _, text, dialect, customers = source
    additions = [["", ""], *([segment, name] for segment, name in profiles["Name"].items())]
    kept = [column for column, name in enumerate(customers) if name not in NEW_COLUMNS]
    records = (fields for _, fields in read_records(text, dialect["sep"]))
    header = next(records)
    output = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow([*(header[column].strip() for column in kept), *NEW_COLUMNS])
    rest = text.removesuffix(b"\n").partition(b"\n")[2]
    one_a_line = b'"' not in text and rest.count(b"\n") + 1 == len(labels)
    if one_a_line and dialect["sep"] == "," and len(kept) == customers.shape[1]:
        # Whole lines are several times as fast as their fields.
        ends = [b"," + csv_line(addition) for addition in additions]
        codes, lines = labels.tobytes(), io.BytesIO(rest)
        while piece := lines.read(LINES_BYTES) + lines.readline():
            bare = piece.removesuffix(b"\n").split(b"\n")
            parts = [b""] * (2 * len(bare))
            parts[::2], parts[1::2] = bare, map(ends.__getitem__, codes[: len(bare)])
            codes = codes[len(bare) :]
            file.write(b"".join(parts))
    else:
        numeric = customers.columns.isin(features) & (dialect["decimal"] != ".")
        for fields, label in zip(records, labels, strict=True):
            values = [fields[i].replace(",", ".") if numeric[i] else fields[i] for i in kept]
            writer.writerow([*values, *additions[label]])
    output.detach()


def explain(distances: DataFrame, profiles: DataFrame) -> Series:
    """Return the share of each feature's variance, 0 to 1, that lies between the segments."""
    customers = profiles["Customers"]
    return customers @ distances.loc[profiles.index] ** 2 / (customers.sum() - 1)


def judge(
    curve: DataFrame, k: int, profiles: DataFrame, silhouettes: Series, even: float
) -> tuple[str, str, list[str]]:
    """Say how many segments there are, how far to trust them, and what to warn of.

    The data has no clear segments if the elbow is weak, and the silhouette is not above `even`,
    that of customers strewn evenly, or no segment is stable.
    """
    elbow, sharpness = find_elbow(curve["wcss"])
    best, score = curve["silhouette"].idxmax(), curve["silhouette"].max()
    shaky = profiles["Stability"][profiles["Stability"] < STABLE]
    weak = sharpness < CLEAR_SHARPNESS
    lacking = weak and (silhouettes.mean() <= even or len(shaky) == len(profiles))
    verdict = (
        ("K-Means found no clear segments. " if lacking else "")
        + (f"You asked for {k} segments. " if k != elbow else "")
        + f"The elbow at {elbow} segments is {'weak' if weak else 'clear'} (sharpness "
        f"{sharpness:.2f}; clear from {CLEAR_SHARPNESS}). The silhouette "
        + ("agrees" if best == elbow else f"disagrees and prefers {best}")
        + f" ({score:.2f})."
    )
    named = ", ".join(f"{segment} ({stability:.2f})" for segment, stability in shaky.items())
    trust = (
        f"{percent((silhouettes < 0).mean())} of the customers have a silhouette below 0: they lie "
        "closer to another segment. "
        + (f"Not stable: segment {named}; " if named else "All segments are stable; ")
        + f"stable is {STABLE} and more, {UNRELIABLE} and less is not to be relied on."
    )
    doubts = {
        "K-Means found no clear segments": lacking,
        f"the elbow at {elbow} segments is weak (sharpness {sharpness:.2f}, clear from "
        f"{CLEAR_SHARPNESS})": weak and k == elbow,
        f"the elbow names {elbow} segments, the silhouette {best}": best != elbow and k == elbow,
        f"not stable: segment {', '.join(map(str, shaky.index))}": len(shaky) > 0,
    }
    advice = "compare with another -k, or try other features with -f"
    return verdict, trust, [f"{doubt}; {advice}" for doubt, applies in doubts.items() if applies]


def tabulate(profiles: DataFrame, centroids: DataFrame) -> str:
    """Set the segments as a table of text: names, sizes, means and stability."""
    heads = [name.capitalize() for name in short_names(centroids).values()]
    heads = [name if len(name) <= 12 else name[:11] + "…" for name in heads]
    parts = [
        count_and_share(profiles["Customers"], profiles["Customers"].sum()),
        centroids.map(readable).set_axis(heads, axis=1),
        profiles["Stability"].map("{:.2f}".format),
    ]
    numbers = pd.concat(parts, axis=1).to_string(index=False).splitlines()
    names = ["Segment", *(f"{n} {name}" for n, name in profiles["Name"].items())]
    room = min(max(24, 78 - len(numbers[0])), max(map(len, names)))
    lines = []
    for name, row in zip(names, numbers, strict=True):
        first, *rest = textwrap.wrap(name, room, subsequent_indent="  ")
        lines += [f"{first:<{room}}  {row}", *rest]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------- draw


def text_width(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Return the width in inches of the widest line of a text at so many points."""
    font, measure = (
        FontProperties(size=size, weight=weight),
        text_to_path.get_text_width_height_descent,
    )
    return max(measure(line, font, False)[0] for line in text.split("\n")) / 72


def wrap(text: str, inches: float, lines: int, size: float = TEXT, weight: str = "normal") -> str:
    """Break a text into so many lines of so many inches at most; what is longer ends in "…"."""
    letters = max(4, int(0.9 * inches * len(text) / max(text_width(text, size, weight), 0.01)))
    return textwrap.fill(text, letters, max_lines=lines, placeholder="…")


def segment_style(segment: int) -> dict:
    """Return the colour and the marker of a segment, the same in every picture."""
    colors = sns.color_palette("colorblind")
    return {"color": colors[(segment - 1) % 10], "marker": MARKERS[(segment - 1) % 11]}


def make_figure(
    panels: int, width: float, height: float, title: str, note: str, *, left: float = 1,
    between: float = 1, above: float = 0.45, below: float = 0.75,
    segments: DataFrame | None = None, **options,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """Make a figure of so many panels; above them the finding, and a note that helps to read it.

    All lengths are in inches: width and height of a panel, the room left of the panels, between
    two of them, above and below each. Given the profiles of the segments, a legend of them stands
    at the foot. (matplotlib's layout engines find the same room by drawing the figure twice.)
    """
    across = 3 if panels == 3 else math.ceil(math.sqrt(panels))
    down = math.ceil(panels / across)
    # Text is a hair wider in other versions of matplotlib; the picture shall not be.
    left, between = math.ceil(10 * left) / 10, math.ceil(10 * between) / 10
    wide = left + across * width + (across - 1) * between + MARGIN
    title = wrap(title, wide - 2 * MARGIN, 3, TITLE, "bold")
    note = wrap(note, wide - 2 * MARGIN, 2)
    head = MARGIN + 0.27 * (title.count("\n") + 1)
    top = head + 0.2 * (note.count("\n") + 1)
    columns = int((wide - MARGIN) / LEGEND_WIDTH)
    foot = 0 if segments is None else 0.25 * math.ceil(len(segments) / columns) + MARGIN
    high = top + down * (above + height + below) + foot
    figure = plt.figure(figsize=(wide, high))
    figure.text(MARGIN / wide, 1 - 0.8 * MARGIN / high, title, size=TITLE, weight="bold", va="top")
    figure.text(MARGIN / wide, 1 - head / high, note, color=NOTE, va="top")
    room = {
        "left": left / wide, "right": 1 - MARGIN / wide, "wspace": between / width,
        "top": 1 - (top + above) / high, "bottom": (foot + below) / high,
        "hspace": (above + below) / height,
    }  # fmt: skip
    axes = figure.subplots(down, across, squeeze=False, gridspec_kw=room, **options)
    for unused in axes.flat[panels:]:
        unused.remove()
    for ax in axes.flat[:panels]:
        ax.locator_params(nbins=5)
    if segments is not None:
        add_legend(figure, segments, columns)
    return figure, list(axes.flat[:panels])


def segment_titles(profiles: DataFrame, inches: float, lines: int) -> list[str]:
    """Write number, size and name of each segment, in so many lines: 1 (45): older."""
    rows = profiles[["Name", "Customers"]].itertuples()
    return [wrap(f"{segment} ({size:,}): {name}", inches, lines) for segment, name, size in rows]


def add_legend(figure: Figure, profiles: DataFrame, columns: int) -> None:
    """Add the segments at the foot of a picture: marker, number, size and name."""
    styles = [segment_style(segment) for segment in profiles.index]
    markers = [Line2D([], [], linestyle="", markersize=8, **style) for style in styles]
    titles = segment_titles(profiles, LEGEND_WIDTH - 0.4, 1)
    figure.legend(markers, titles, loc="lower center", ncols=columns)


def say_sample(shown: int, customers: int) -> str:
    """Say how many of the customers the picture shows, if not all."""
    return f" {shown:,} of {customers:,} customers are drawn." if shown < customers else ""


def add_bars(
    ax: Axes, counts: Series, total: int, most: int, rows: int, colors: object = ACCENT
) -> None:
    """Draw counts as bars in the first rows of a panel, each with its count and share."""
    bars = ax.barh(range(len(counts)), counts, color=colors)
    labels = count_and_share(counts, total)
    ax.bar_label(bars, labels, padding=4)
    inches = ax.get_window_extent().width / ax.figure.dpi
    right = most * inches / (inches - max(map(text_width, labels)) - 0.15)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(xlim=(0, right), ylim=(rows - 0.5, -0.5))
    ax.tick_params(left=False)
    ax.xaxis.set_visible(False)
    ax.spines[["left", "bottom"]].set_visible(False)


def add_customers(ax: Axes, shown: DataFrame, labels: np.ndarray) -> None:
    """Draw the customers of each segment, in as many dimensions as they have columns."""
    size = 34 * min(1, 1000 / len(shown))  # or a thousand would hide others
    for segment, members in shown.groupby(labels):
        ax.scatter(*members.to_numpy().T, s=size, linewidth=0, **segment_style(segment))


def spread(places: np.ndarray, least: float) -> np.ndarray:
    """Move places that are nearer to each other than `least` apart; float of shape (places, 2)."""
    places = places + np.linspace(0, 1e-6, len(places))[:, None]  # or equal ones would not part
    for _ in range(100):
        apart = places[:, None] - places
        distance = np.hypot(*apart.T).T + np.where(np.eye(len(places)), np.inf, 0)
        places = places + (apart * ((least / distance - 1).clip(0) / 2)[..., None]).sum(axis=1)
    return places


def draw_distributions(features: DataFrame, statistics: DataFrame) -> Figure:
    """01: each feature's histogram and density curve, its median and its middle half."""
    quartiles = statistics.loc[["25%", "median", "75%"]]
    halves = [
        f"{name} {readable(low)} to {readable(high)}"
        for name, (low, _, high) in quartiles.iloc[:, :3].items()
    ]
    title = f"The middle half of the customers: {', '.join(halves)}"
    note = "Bars count customers, the curve is their density; the middle half is shaded."
    figure, axes = make_figure(features.shape[1], 3.6, 3, title, note, above=0.6)
    for ax, (name, values) in zip(axes, features.items(), strict=True):
        values = values.dropna()
        sample = values.iloc[draw_sample(len(values), SAMPLE)]
        ends = statistics.loc["min", name], statistics.loc["max", name]
        low, median, high = quartiles[name]
        # Bars as wide as Freedman and Diaconis (1981) say, but as many as Sturges (1926) at least.
        bins = np.ptp(ends) * len(sample) ** (1 / 3) / (2 * (high - low)) if high > low else 0
        bins = max(min(bins, 2 * math.sqrt(len(sample))), math.log2(len(sample)) + 1)
        bins = math.ceil(min(bins, MOST_BINS))
        width = np.ptp(ends) / bins
        if width < 5 and (values % 1 == 0).all():  # a bar of 2 ages beside one of 3 shows a dip
            bins = int(np.ptp(ends) // max(1, round(width))) + 1
            ends = ends[0] - 0.5, ends[0] - 0.5 + bins * max(1, round(width))
        weights = np.full(len(sample), len(values) / len(sample))
        style = {"color": QUIET, "edgecolor": "white", "bins": bins, "binrange": ends}
        sns.histplot(x=sample, weights=weights, kde=True, ax=ax, **style)
        for bar, count in zip(ax.patches, np.histogram(values, bins, ends)[0], strict=True):
            bar.set_height(count)
        ax.set(xlabel=wrap(name, 4, 2), ylabel="Customers")
        ax.yaxis.set_major_formatter("{x:,.12g}")
        ax.axvspan(low, high, color=ACCENT, alpha=0.15, linewidth=0)
        ax.axvline(median, color=ACCENT, linewidth=2)
        said = f"median {readable(median)}\nmiddle half {readable(low)} to {readable(high)}"
        ax.set_title(said, color=ACCENT, size=TEXT)
    return figure


def draw_counts(counts: dict[str, Series], customers: int) -> Figure:
    """02: how many customers are in each category and band, with their share."""
    tops = [
        f"{name} {groups.idxmax()} ({percent(groups.max() / customers)})"
        for name, groups in [*counts.items()][:3]
    ]
    title = f"The largest groups of {customers:,} customers: {', '.join(tops)}"
    note = "Customers in each group, and their share of all. A band holds its upper end."
    counts = {n: c.set_axis([wrap(str(x), 2, 2) for x in c.index]) for n, c in counts.items()}
    most, rows = max(c.max() for c in counts.values()), max(map(len, counts.values()))
    left = 0.3 + max(text_width(label) for groups in counts.values() for label in groups.index)
    room = {"left": left, "between": left, "below": 0.15}
    figure, axes = make_figure(len(counts), 3.6, 0.4 * rows, title, note, **room)
    for ax, (name, groups) in zip(axes, counts.items(), strict=True):
        add_bars(ax, groups, customers, most, rows)
        ax.set_title(wrap(name, 3.8, 1, TEXT, "bold"), size=TEXT, weight="bold", loc="left")
    return figure


def draw_by_category(features: DataFrame, categories: DataFrame) -> Figure:
    """03: each feature by each category: a violin for each value, with quartiles and median."""
    customers, sample = len(features), draw_sample(len(features), SAMPLE)
    features, categories = features.iloc[sample], categories.iloc[sample]
    medians = {}
    for group, name in itertools.product(categories, features):
        found = features[name].groupby(categories[group], observed=True).median()
        order = categories[group].value_counts().index
        medians[group, name] = found[order.intersection(found.index, sort=False)]
    gaps = {pair: np.ptp(medians[pair]) / features[pair[1]].std() for pair in medians}
    group, name = max(gaps, key=gaps.get)
    ends = medians[group, name].sort_values().iloc[[0, -1]]
    ends = " and ".join(f"{readable(median)} ({value})" for value, median in ends.items())
    little = gaps[group, name] < NAMING_DISTANCE
    title = (
        f"Little difference by {group}: at most" if little else f"Largest difference by {group}:"
    )
    title += f" {name}, with medians of {ends}"
    note = "The wider, the more customers; the lines mark the quarters."
    note += say_sample(len(features), customers)
    labels = {pair: [wrap(value, 2, 2) for value in medians[pair].index] for pair in medians}
    left = 0.5 + max(text_width(label) for group in labels.values() for label in group)
    height = 0.4 + 0.9 * max(map(len, labels.values()))
    figure, axes = make_figure(len(labels), 3.6, height, title, note, left=left, between=left)
    style = {"inner": "quart", "cut": 0, "color": PALE}
    for ax, ((group, name), middles) in zip(axes, medians.items(), strict=True):
        values = {"x": features[name], "y": categories[group], "order": [*middles.index]}
        sns.violinplot(**values, **style, ax=ax)
        ax.set_yticks(range(len(middles)), labels[group, name])
        ax.set(xlabel=wrap(name, 4, 2), ylabel=wrap(group, height, 1))
        for place, median in enumerate(middles):
            ax.text(median, place - 0.42, f"median {readable(median)}", ha="center", va="bottom")
    return figure


def draw_relationships(features: DataFrame) -> Figure:
    """04: every pair of features, with its correlation (Pearson's r)."""
    r, sample = features.corr(), features.iloc[draw_sample(len(features), SCATTER_SAMPLE)]
    pairs = list(itertools.combinations(features, 2))
    x, y = max(pairs, key=lambda pair: abs(r.loc[pair]))
    strength = SIZES_OF_R[np.searchsorted([0.1, 0.3, 0.5], abs(r.loc[x, y]), "right")]
    title = f"{x} and {y} are {strength} correlated: r = {r.loc[x, y]:.2f}"
    title += ", the other pairs less" * (len(pairs) > 1)
    note = "r is 1 or -1 if all customers lie on a line, and 0 if no line describes them."
    note += say_sample(len(sample), len(features))
    size = PAIR if len(pairs) > 1 else LONE_PAIR
    figure, axes = make_figure(len(pairs), *size, title, note)
    for ax, (x, y) in zip(axes, pairs, strict=True):
        size = 24 * min(1, 1000 / len(sample))
        ax.scatter(sample[x], sample[y], s=size, color=ACCENT, alpha=0.6, linewidth=0)
        ax.set(xlabel=wrap(x, 4, 2), ylabel=wrap(y, 3.4, 2))
        ax.set_title(f"r = {r.loc[x, y]:.2f}")
    return figure


def draw_elbow(curve: DataFrame, k: int, verdict: str) -> Figure:
    """05: WCSS and silhouette against k, the elbow and the best silhouette marked."""
    note = "WCSS: what is left of the differences within segments. A silhouette of 1 is perfect."
    figure, axes = make_figure(2, 5, 3.8, verdict, note + f" Dashed: the {k} segments of this run.")
    marks = {"elbow": find_elbow(curve["wcss"])[0], "best": curve["silhouette"].idxmax()}
    titles = "WCSS, the within-cluster sum of squares", "Mean silhouette"
    bold = {"color": ACCENT, "weight": "bold", "textcoords": "offset points"}
    for ax, name, title, (word, mark) in zip(axes, curve, titles, marks.items(), strict=True):
        ax.plot(curve.index, curve[name], "o-", color=QUIET)
        ax.plot(mark, curve.loc[mark, name], "o", color=ACCENT, markersize=12)
        side = -1 if mark > 0.8 * curve.index[-1] else 1  # at the right edge, to the left
        place = {"xytext": (10 * side, 10), "ha": "left" if side > 0 else "right"}
        ax.annotate(f"{word} at {mark}", (mark, curve.loc[mark, name]), **place, **bold)
        ax.axvline(k, color=ACCENT, linestyle="--", linewidth=1, zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.margins(y=0.12)
        ax.set(xlabel="k, the number of segments", ylabel=title)
    axes[0].set_ylim(0, None)
    axes[0].yaxis.set_major_formatter(EngFormatter(sep=""))
    return figure


def draw_silhouettes(silhouettes: Series, labels: np.ndarray, profiles: DataFrame) -> Figure:
    """06: the silhouette of every customer, segment by segment, and the mean."""
    customers, labels, mean = len(labels), labels[silhouettes.index], silhouettes.mean()
    title = f"{percent((silhouettes < 0).mean())} of the customers lie closer to another segment"
    note = "Silhouette: 1 deep in its segment, 0 between two, below 0 nearer to another."
    names = segment_titles(profiles, 4.2, 1)
    height, left = max(4.5, 0.5 * len(profiles)), MARGIN + max(map(text_width, names))
    note += say_sample(len(silhouettes), customers)
    figure, (ax,) = make_figure(
        1, 8, height, f"{title}; the mean silhouette is {mean:.2f}", note, left=left
    )
    gap = len(labels) * 0.2 / (height - 0.2 * len(profiles))  # room for a line of text
    start, middles = gap / 2, []
    for segment, average in profiles["Silhouette"].items():
        blade = np.sort(silhouettes[labels == segment])[::-1]
        steps, widths = start + np.arange(len(blade) + 1), [*blade, *blade[-1:]]
        style = segment_style(segment)
        ax.fill_betweenx(
            steps[: len(widths)], widths, step="post", color=style["color"], linewidth=0
        )
        middles.append(start + len(blade) / 2)
        ax.plot(average, middles[-1], markersize=10, markeredgecolor="white", **style)
        start += len(blade) + gap
    ax.axvline(mean, color=INK, linestyle="--", linewidth=1)
    ax.text(mean, 1.01, f"mean {mean:.2f}", ha="center", transform=ax.get_xaxis_transform())
    ax.axvline(0, color=QUIET, linewidth=1)
    ax.set_yticks(middles, names)
    ax.set(ylim=(start - gap / 2, 0), xlabel="Silhouette")
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    return figure


def draw_clusters_2d(
    features: DataFrame,
    labels: np.ndarray,
    centroids: DataFrame,
    explained: Series,
    profiles: DataFrame,
) -> Figure:
    """07: the segments over every pair of features, with numbered centroids."""
    sample = draw_sample(len(features), SCATTER_SAMPLE)
    shown = features.iloc[sample]
    (first, most), (second, more) = explained.nlargest(2).items()
    title = (
        f"{len(profiles)} segments account for {percent(most)} of the variance of {first}, and "
        f"{percent(more)} of that of {second}"
    )
    note = "Numbers stand at the centroids, or beside them where two would hide each other."
    note += say_sample(len(shown), len(features))
    pairs = list(itertools.combinations(features, 2))
    size = PAIR if len(pairs) > 1 else LONE_PAIR
    figure, axes = make_figure(len(pairs), *size, title, note, segments=profiles, above=0.2)
    for ax, (x, y) in zip(axes, pairs, strict=True):
        add_customers(ax, shown[[x, y]], labels[sample])
        ax.plot(centroids[x], centroids[y], "+", color=INK, markersize=12)
        inches = ax.transData.transform(centroids[[x, y]]) / figure.dpi
        places = ax.transData.inverted().transform(figure.dpi * spread(inches, 0.26))
        for segment, place in zip(centroids.index, places, strict=True):
            ax.text(*place, segment, **DISC)
        ax.set(xlabel=wrap(x, 4.5, 2), ylabel=wrap(y, 3.8, 2))
    return figure


def choose_views(centroids: np.ndarray) -> list[tuple[float, float]]:
    """Choose two views, about a quarter turn apart, in which centroids do not hide each other.

    Takes the centroids as a float array of shape (segments, 3), in units of the drawn box. Returns
    elevation and azimuth of each view, in degrees.
    """
    views = np.array([*itertools.product(ELEVATIONS, AZIMUTHS)])
    lift, turn = np.deg2rad(views.T)[..., None]
    x, y, z = centroids.T
    across, away = y * np.cos(turn) - x * np.sin(turn), x * np.cos(turn) + y * np.sin(turn)
    seen = across + 1j * (z * np.cos(lift) - away * np.sin(lift))
    distances = abs(seen[:, :, None] - seen[:, None]) + np.where(np.eye(len(x)), np.inf, 0)
    nearest = distances.min(axis=(1, 2))
    first = nearest.argmax()
    others = abs(np.sin(turn[:, 0] - turn[first, 0])) > 0.7
    return [tuple(views[first]), tuple(views[np.where(others, nearest, -1).argmax()])]


def draw_clusters_3d(
    features: DataFrame,
    labels: np.ndarray,
    centroids: DataFrame,
    explained: Series,
    profiles: DataFrame,
) -> Figure:
    """08: the segments over the first three features, from two sides, with numbered centroids."""
    space, sample = list(features)[:3], draw_sample(len(features), SCATTER_SAMPLE)
    shown, centroids, mean = features[space].iloc[sample], centroids[space], explained[space].mean()
    title = (
        f"{len(profiles)} segments account for {percent(mean)} of the variance of "
        f"{', '.join(space[:2])} and {space[2]}"
    )
    note = "Two views. Pins lead from the centroids to the floor; what is pale is far."
    note += say_sample(len(shown), len(features))
    figure, axes = make_figure(
        2,
        6,
        4.8,
        title,
        note,
        segments=profiles,
        left=0.4,
        above=0,
        below=0.2,
        between=0.4,
        subplot_kw={"projection": "3d"},
    )
    views = choose_views((centroids / np.ptp(shown, axis=0)).to_numpy())
    floor = shown.iloc[:, 2].min()
    for ax, (elevation, azimuth) in zip(axes, views, strict=True):
        ax.computed_zorder = False  # or customers would hide centroids
        add_customers(ax, shown, labels[sample])
        for segment, x, y, z in centroids.itertuples():
            ax.plot([x, x], [y, y], [floor, z], color=INK, linewidth=1, zorder=9)
            ax.text(x, y, z, segment, **DISC)
        for axis, name in zip("xyz", space, strict=True):
            getattr(ax, f"set_{axis}label")(wrap(name, 3, 1), labelpad=8)
        ax.view_init(elevation, azimuth)
        ax.set_box_aspect(None, zoom=1.05)
    return figure


def draw_profiles(
    means: DataFrame, distances: DataFrame, features: int, profiles: DataFrame
) -> Figure:
    """09: who the segments are: name, size, means against the average customer, and trust.

    The first so many columns of the means are features, the others shares.
    """
    sizes, rows = profiles["Customers"], len(profiles) + 1
    customers = sizes.sum()
    ends = [
        f"“{name}” {size}"
        for name, size in zip(profiles["Name"], count_and_share(sizes, customers), strict=True)
    ]
    title = (
        f"{customers:,} customers in {len(profiles)} segments: the largest is {ends[0]}, "
        f"the smallest {ends[-1]}"
    )
    note = (
        f"Means of each segment. Red is above the average customer, blue below; ▲ ▼ from "
        f"{NAMING_DISTANCE} standard deviations. Stability: {STABLE} and more is stable, "
        f"{UNRELIABLE} and less is not to be relied on."
    )
    names = [wrap(f"{n}  {name}", 3, 3) for n, name in profiles["Name"].items()]
    names.append(f"average of all {customers:,}")
    heads = [wrap(name, 1.15, 8) for name in [*means, "Silhouette", "Stability"]]
    above = 0.3 + 0.17 * max(head.count("\n") + 1 for head in heads)
    widths = [2.4, 1.15 * len(heads)]
    room = {"left": 0.7 + max(map(text_width, names)), "between": 0.1, "above": above, "below": 0.2}
    figure, (ax, table) = make_figure(
        2, sum(widths) / 2, 0.6 * rows, title, note, **room, width_ratios=widths
    )
    styles = [segment_style(segment) for segment in profiles.index]
    add_bars(ax, sizes, customers, sizes.max(), rows, [style["color"] for style in styles])
    for place, style in enumerate(styles):
        ax.plot(0, place, clip_on=False, markersize=11, markeredgecolor="white", **style)
    ax.set_yticks(range(rows), names)
    ax.tick_params(pad=12)
    add_means(table, means, distances, features, profiles)
    table.set_xticks(range(len(heads)), heads)
    return figure


def add_means(
    ax: Axes, means: DataFrame, distances: DataFrame, features: int, profiles: DataFrame
) -> None:
    """Draw the means as a table, coloured by their distance to the average, and the trust."""
    rows, distance = means.drop("deviation"), np.pad(distances, ((0, 0), (0, 2)))
    limit = max(1, abs(distance).max())
    ax.imshow(distance, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    values = np.pad(rows, ((0, 0), (0, 2)), constant_values=np.nan)
    values[:-1, -2:] = profiles[["Silhouette", "Stability"]]
    forms = [readable] * features + [percent] * (means.shape[1] - features) + ["{:.2f}".format] * 2
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            far = distance[row, column]
            sign = " ▲" if far >= NAMING_DISTANCE else " ▼" if far <= -NAMING_DISTANCE else ""
            style = {
                "ha": "center",
                "va": "center",
                "color": "white" if abs(far) > 0.6 * limit else INK,
            }
            ax.text(column, row, forms[column](value) + sign, **style)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False)


# ------------------------------------------------------------------------------------------- save


def require_folder(folder: Path, csv_file: Path) -> None:
    """Raise InputError unless every output can be written into the folder, none over the input."""
    place = folder.absolute()
    try:
        while not os.path.lexists(place):
            place = place.parent
        if not place.is_dir():
            raise InputError(f"{place}: is a file, not a folder; name another place with -o")
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{place}: can't be written; name another folder with -o")
        for output in (folder / name for name in OUTPUTS):
            if output.is_dir():
                raise InputError(f"{output}: is a folder where a file is to be written; move it")
            if output.exists() and os.path.exists(csv_file) and output.samefile(csv_file):
                raise InputError(f"{output}: is the input, and would be replaced; move it")
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: can't be written: {error}; name another with -o") from None


def rasterize(figure: Figure) -> np.ndarray:
    """Draw a figure; return its pixels, uint8 of shape (height, width, 4)."""
    file = io.BytesIO()
    figure.savefig(file, format="rgba")
    pixels = np.frombuffer(file.getbuffer(), dtype=np.uint8)
    return pixels.reshape(-1, figure.canvas.get_width_height()[0], 4)


def save(folder: Path, files: dict[str, Figure | DataFrame | str | Callable]) -> None:
    """Leave the pictures, tables and texts of this run in the folder, each under its name.

    What is none of these is called with the open file.

    All are made in a temporary folder inside it and moved up once they are whole; what an earlier
    run left, and this one does not have, is removed. InputError if the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for killed in folder.glob(TEMPORARY + "*/"):
            shutil.rmtree(killed)
        with (
            tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as temporary,
            ThreadPoolExecutor(1) as packer,
        ):
            packed = []
            for name, content in files.items():
                path = Path(temporary, name)
                if isinstance(content, Figure):
                    # One picture is packed as PNG while the next is drawn.
                    style = {"dpi": DPI, "pil_kwargs": {"compress_level": 1}}
                    packed.append(packer.submit(plt.imsave, path, rasterize(content), **style))
                elif isinstance(content, DataFrame):
                    content.to_csv(path, lineterminator="\n")
                elif isinstance(content, str):
                    path.write_bytes(content.encode(errors="backslashreplace"))
                else:
                    with path.open("wb") as file:
                        content(file)
            for picture in packed:
                picture.result()
            for name in files:
                Path(temporary, name).replace(folder / name)
        for name in set(OUTPUTS) - set(files):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: can't be written: {error.strerror or error}") from None


# ------------------------------------------------------------------------------------------- main


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; InputError instead of argparse's usage and exit."""

    def refuse(message: str) -> None:
        raise InputError(f"{message}; python segment.py --help lists the options")

    parser = argparse.ArgumentParser("segment.py", description="Tell a shop who its customers are.")
    parser.error = refuse
    add = parser.add_argument
    add("csv", nargs="?", type=Path, default=SHIPPED_CSV, metavar="CSV", help="the customers")
    add("-o", "--output", default="output", metavar="DIR", help="folder for the files")
    add("-f", "--features", nargs="+", metavar="COLUMN", help="two or more columns to segment by")
    add("-k", "--clusters", type=int, metavar="K", help="so many segments, whatever the elbow says")
    add("--max-clusters", type=int, default=10, metavar="N", help="how far the elbow looks")
    add("--log", nargs="+", default=[], metavar="COLUMN", help="cluster by log(1 + x) of these")
    add("--no-scale", action="store_true", help="cluster the raw values instead of z-scores")
    add("--seed", type=int, default=0, metavar="N", help="of the random starts of K-Means")
    add("--show", action="store_true", help="also open the pictures in windows")
    options = parser.parse_args(argv)
    for name, value, least, most in (
        ("-k", options.clusters, 2, MOST_SEGMENTS),
        ("--max-clusters", options.max_clusters, 3, MOST_SEGMENTS),
        ("--seed", options.seed, 0, 2**32 - 1),
    ):
        if value is not None and not least <= value <= most:
            refuse(f"{name} {value} is not a number from {least} to {most:,}")
    if not options.output.strip():
        refuse("-o needs the name of a folder")
    options.output = Path(options.output)
    return options


def prepare(
    options: argparse.Namespace,
) -> tuple[Source, DataFrame, list[str], np.ndarray, np.ndarray]:
    """Read the customers and find their features and points; InputError if that can't be.

    Returns the source, the features, which of them are logged, a bool array of which customers
    have all features, and the points of those.
    """
    source = read_source(options.csv)
    with naming(options.csv):
        features = to_numbers(source, choose_features(source, options.features))
        logged = choose_logged(features, options.log)
        refuse_thousands(source, features)
        seen = take_logarithms(source, features, logged)
        complete = seen.notna().all(axis=1).to_numpy()
        seen = pick(seen, complete)
        require_differences(seen)
        points = scale(seen, options.no_scale)
        require_enough(points, options.clusters or 3)
    return source, features, logged, complete, points


def pick(table: DataFrame, chosen: np.ndarray) -> DataFrame:
    """Return the chosen rows, without a copy if they are all."""
    return table if chosen.all() else table[chosen]


class Segments(NamedTuple):
    """What K-Means found, under the names that the docstring at the top explains."""

    curve: DataFrame
    labels: np.ndarray
    silhouettes: Series
    means: DataFrame
    distances: DataFrame
    profiles: DataFrame
    verdict: str
    trust: str
    doubts: list[str]


def find_segments(
    options: argparse.Namespace,
    features: DataFrame,
    seen: DataFrame,
    categories: DataFrame,
    points: np.ndarray,
) -> Segments:
    """Find the segments of the customers who have all features, and judge them.

    `seen` has the features as K-Means sees them but for their scale: some may be logarithms.
    """
    seed = options.seed
    curve = search(points[draw_sample(len(points), SAMPLE)], options.max_clusters, seed)
    k = options.clusters or find_elbow(curve["wcss"])[0]
    curve, labels = fit(points, k, curve, seed)
    shown = np.arange(len(points))[draw_sample(len(points), SILHOUETTE_SAMPLE)]
    silhouettes = Series(silhouettes_of(points[shown], labels[shown]), shown)
    means = describe(features, categories, labels)
    described = means if seen is features else describe(seen, categories, labels)
    distances = measure_distances(described)
    own = slice(features.shape[1])
    names = name_segments(means.iloc[:, own], distances.iloc[:, own])
    profiles = profile(names, labels, silhouettes, find_stability(points, labels, seed))
    even = find_even_silhouette(points, k, seed)
    verdict, trust, doubts = judge(curve, k, profiles, silhouettes, even)
    return Segments(curve, labels, silhouettes, means, distances, profiles, verdict, trust, doubts)


def picture_segments(segments: Segments, features: DataFrame) -> dict[str, Figure]:
    """Draw what was found of the customers who have all features: pictures 05 to 09."""
    curve, labels, silhouettes, means, distances, profiles, verdict, *_ = segments
    space = means.loc[profiles.index].iloc[:, : features.shape[1]]
    explained = explain(distances, profiles).iloc[: features.shape[1]]
    figures = {
        "05_elbow.png": draw_elbow(curve, len(profiles), verdict),
        "06_silhouette.png": draw_silhouettes(silhouettes, labels, profiles),
        "07_clusters_2d.png": draw_clusters_2d(features, labels, space, explained, profiles),
        "09_profiles.png": draw_profiles(means, distances, features.shape[1], profiles),
    }
    if features.shape[1] > 2:
        figures["08_clusters_3d.png"] = draw_clusters_3d(
            features, labels, space, explained, profiles
        )
    return figures


def analyse(
    options: argparse.Namespace, step: Callable[[str], None] = lambda name: None
) -> tuple[str, list[str], dict[str, object]]:
    """Go the road from the CSV file to the report, the warnings, and the files to be saved.

    Calls `step` with the name of each of the STEPS when it begins.
    """
    step("read")
    source, features, logged, complete, points = prepare(options)
    customers = source.customers
    step("explore")
    categories = find_categories(customers.drop(columns=[*features, *NEW_COLUMNS], errors="ignore"))
    repeats = count_repeats(customers)
    statistics = features.describe().drop("count").rename({"50%": "median"})
    overview = explore(source, features, categories, repeats)
    oddities = find_oddities(customers, features, repeats, logged)
    step("segment")
    segmented = pick(features, complete)
    seen = take_logarithms(source, segmented, logged)
    found = find_segments(options, segmented, seen, pick(categories, complete), points)
    means, profiles = found.means.loc[found.profiles.index], found.profiles

    step("draw")
    files = picture_segments(found, segmented) | {
        "01_distributions.png": draw_distributions(features, statistics),
        "02_counts.png": draw_counts(count_groups(features, categories), len(customers)),
        "04_relationships.png": draw_relationships(features),
    }
    if categories.shape[1]:
        files["03_by_category.png"] = draw_by_category(segmented, pick(categories, complete))
    members = np.zeros(len(customers), dtype=np.uint8)
    members[complete] = found.labels
    described = profiles.loc[:, :"Share"], means, profiles.loc[:, "Silhouette":]
    files |= {
        "segments.csv": lambda file: write_segments(file, source, features, members, profiles),
        "profiles.csv": pd.concat(described, axis=1).rename_axis("Segment"),
        "elbow.csv": found.curve,
    }
    numbers = statistics.T.to_string(float_format=lambda value: readable(value, 4))
    judgement = paragraph("Verdict", found.verdict) + "\n" + paragraph("Trust", found.trust)
    table = tabulate(profiles, means.iloc[:, : features.shape[1]])
    return "\n\n".join([overview, numbers, judgement, table]), oddities + found.doubts, files


def say(stream: TextIO | None, text: str, end: str = "\n") -> None:
    """Print for the user, if the stream takes it: a closed pipe or a full disk is no error here."""
    try:
        if stream:
            print(text, end=end, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tell(kind: str, message: object) -> None:
    """Print one line for the user on stderr: a warning or an error."""
    say(sys.stderr, f"segment.py: {kind}: {one_line(message)}")


def show_step(started: float, name: str) -> None:
    """Say on stderr which step begins, once the run takes long; on a terminal in one place."""
    seconds = time.perf_counter() - started
    if seconds > SHORT_RUN and sys.stderr:
        begin, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
        step = f"step {STEPS.index(name) + 1} of {len(STEPS)}, {name}, {seconds:.0f} s so far"
        say(sys.stderr, f"{begin}segment.py: {step}", end)


def find_fonts() -> list[str]:
    """Return the fonts to look for letters in: the theme's, and which others are installed."""
    installed = fontManager.get_font_names()
    return [*THEME["font.family"], *(font for font in OTHER_FONTS if font in installed)]


def run(argv: list[str] | None) -> None:
    """Do what the command line says; InputError if it can't be done."""
    started = time.perf_counter()
    options = parse_arguments(argv)
    require_folder(options.output, options.csv)
    if not options.show:
        matplotlib.use("agg")
    theme = THEME | {"font.family": find_fonts()}
    try:
        with (
            plt.style.context(theme, after_reset=True),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.filterwarnings("always", "Glyph")
            step = functools.partial(show_step, started)
            report, doubts, files = analyse(options, step)
            step("save")
            save(options.output, files | {"report.txt": report + "\n"})
            if any("missing from" in str(warning.message) for warning in caught):
                doubts.append(
                    "some letters are drawn as boxes; install a font with them, as Noto Sans CJK SC"
                )
            seconds = time.perf_counter() - started
            say(
                sys.stdout,
                f"{report}\n\n{len(files) + 1} files in {options.output}, {seconds:.1f} s",
            )
            for doubt in doubts:
                tell("warning", doubt)
            if options.show and plt.get_backend().lower() == "agg":
                tell("warning", "no window can be opened here; look into the folder instead")
            elif options.show:
                plt.show()
    finally:
        plt.close("all")


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0, 2 if the input can't be used, 130 if interrupted."""
    if hasattr(sys.stdout, "reconfigure"):  # a narrow console shall not stop a wide name
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        run(argv)
    except InputError as error:
        tell("error", error)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def report_unless_interrupted(report: Callable, kind: type, *arguments: object) -> None:
    """End at a Ctrl-C that compiled code can't pass on; nothing is lost, as files come last."""
    if kind is KeyboardInterrupt:
        os._exit(130)
    report(*arguments)


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = lambda event: report_unless_interrupted(
        sys.__unraisablehook__, event.exc_type, event
    )
    sys.excepthook = lambda kind, *rest: report_unless_interrupted(
        sys.__excepthook__, kind, kind, *rest
    )
    status = main()
    os._exit(status)  # all is written; to take the packages apart in order takes as long as to fit
