#!/usr/bin/env python3
"""Tell a shop who its customers are: explore a CSV, find its segments, draw them.

    python segment.py [CSV] [-o DIR] [-f COLUMN ...] [-k K] [--max-clusters N]
                      [--log COLUMN ...] [--no-scale] [--seed N] [--show]

The data, as it travels down this file:

source      the file: its text as UTF-8 bytes, what separates its fields, and the customers in it
customers   DataFrame, one row a customer, every column as the file has it
features    DataFrame of numbers, the columns to segment by, in the file's own units
categories  DataFrame of the text columns with few distinct values, such as Gender
groups      dict of Series: how many customers have each value of a category, or band of a feature
points      float array (customers, features), what K-Means sees: z-scores unless told otherwise
curve       DataFrame indexed by k = 1, 2, ...: the wcss and mean silhouette of k segments
labels      int array (customers,), the segment of each customer: 1 is the largest
silhouettes Series of the customers, or of a sample, indexed by their position
means       DataFrame: in each segment, the mean of each feature and the share of each category
            value (Gender: Female); in a last row, "average", those of all customers
distances   DataFrame: how many standard deviations a segment's means lie above the average
profiles    DataFrame indexed by segment: Name, Customers, Share, Silhouette and Stability
"""

import gc
import os
import signal

if __name__ == "__main__":
    # A Ctrl-C shows no traceback of the imports or of compiled code; there is hardly garbage to
    # look for; and K-Means in threads is no faster on small data, but slow on a busy machine.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    gc.disable()
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import bz2
import collections
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
import types
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path
from matplotlib.ticker import EngFormatter, MaxNLocator
from pandas import DataFrame, Series
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples

# ---------------------------------------------------------------------------- what you may change

SHIPPED_CSV = Path(__file__).with_name("Mall_Customers.csv")
DEFAULT_FEATURES = ["Age", "Annual Income", "Spending Score"]
AGE_GROUPS = {"under 18": 17, "18-25": 25, "26-35": 35, "36-45": 45, "46-55": 55, "56+": np.inf}
MISSING_WORDS = ["NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"]  # beside the blank
ID_NAME = re.compile(r"id|(customer|cust|client|member|user|kunden?)(id|no|nr|number|nummer)")
LARGEST_NUMBER = 1e15  # up to here a float tells a number from the next
MOST_CATEGORY_VALUES = 10  # a text column with more distinct values is no category
MOST_SEGMENTS = 30  # that pictures and names can tell apart
SKEWED = 2  # skewness from which the longest tails make segments of their own
NAMING_DISTANCE = 0.5  # standard deviations from the average customer that earn a word
COMPARISONS = {"age": ("younger", "older")}  # any other feature is "low ..." or "high ..."
FILLER_WORDS = {"annual", "average", "customer", "index", "level", "of", "score", "the", "total"}
SHORT_RUN = 2  # seconds, after which a run says what it is at

SAMPLE = 10_000  # customers, drawn at random, whom the search and the stability look at
SILHOUETTE_SAMPLE = 2_000  # of them for silhouettes, whose cost grows with the square
SCATTER_SAMPLE = 5_000  # points that a picture shows
SEARCH_RESTARTS = 25  # at each k; leaves WCSS of the mall within 1% of the best, to k = 10
FINAL_RESTARTS = 200  # one start in 15 finds the best 6 mall segments: all of 200 miss in 1e-6
FINAL_STEPS = 4  # over every customer, from the centroids of the sample
CLEAR_SHARPNESS = 2.5  # an elbow at least this sharp is called clear
LATE_DROPS = 0.1  # power of k by which a later drop of WCSS counts more: small, and measured
RESAMPLES, RESAMPLE_RESTARTS = 20, 10  # of the customers, to see which segments come back
EVEN_CLOUDS = 10  # made to see which silhouette K-Means reaches where there are no segments
STABLE, UNRELIABLE = 0.75, 0.6  # how Hennig (2007) reads the stability of a segment

INK, NOTE, QUIET, ACCENT, PALE = "#262626", "#5f5f5f", "#8c8c8c", "#0173b2", "#c9d8e8"
TEXT, TITLE, DPI = 10, 14, 120  # points, and pixels an inch
MARGIN, LEGEND_WIDTH = 0.3, 4.4  # inches, as all lengths in pictures
PANELS = (8.4, 5), (3.8, 3.4)  # width and height of a lone panel for two features, and of many
MOST_BINS = 100  # of a histogram
MARKERS = "os^DvPpX*<>"  # 11 shapes to 10 colours: no pair of them comes back before the 111th
DISC = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": INK}  # at a centroid
NUMBER = {"bbox": DISC, "ha": "center", "va": "center", "weight": "bold", "zorder": 10}
FONTS = [  # the first comes with matplotlib; the others, if installed, have letters that it lacks
    *("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC"),
    *("WenQuanYi Micro Hei", "Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji"),
]
THEME = {
    **{"axes.spines.right": False, "axes.spines.top": False, "axes.edgecolor": QUIET},
    **{"axes.titlesize": 11, "figure.dpi": DPI, "legend.frameon": False, "text.color": INK},
    **{"text.hinting": "none", "text.parse_math": False},  # a $ in a column name is a dollar
}

OUTPUTS = [
    *("01_distributions.png", "02_counts.png", "03_by_category.png", "04_relationships.png"),
    *("05_elbow.png", "06_silhouette.png", "07_clusters_2d.png", "08_clusters_3d.png"),
    *("09_profiles.png", "segments.csv", "profiles.csv", "elbow.csv", "report.txt"),
]
UNFINISHED = ".segment-unfinished-"  # how the name of a folder of unfinished files begins
NEW_COLUMNS = ["Segment", "Segment name"]
UNIT = re.compile(r"\(.*?\)|\[.*?\]|（.*?）")  # the "(k$)" of "Annual Income (k$)"
HEAD_BYTES = 2**20  # in which it shows what separates the fields
UNPACK = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class InputError(Exception):
    """What is wrong with the command, the file or the folder, in one line for its user."""


# ------------------------------------------------------------------------------------------- read

Source = collections.namedtuple("Source", ["text", "sep", "customers"])


def one_line(text, most=10**6):
    """Return a text with blanks for what is no visible character, and cut if it is longer."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return line if len(line) <= most else line[:most] + "..."


def read_customers(path) -> DataFrame:
    """Read a CSV file with a header and a line a customer, packed or not.

    Returns a DataFrame of shape (customers, columns): numbers where a column has nothing else but
    gaps, else texts. Raises InputError with what is wrong and where if the file can't be used.
    """
    try:
        return read_source(Path(path)).customers
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def load(path):
    """Return the text of a file, and what separates its fields.

    Lines of the text end in LF. Raises InputError if there is no file, or no text in it.
    """
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = [n for n in archive.namelist() if not re.search("/$|^__MACOSX/", n)]
                if len(names) != 1:
                    raise ValueError("it packs several files, or none")
                data = archive.read(*names)
        else:
            with UNPACK.get(path.suffix.lower(), open)(path, "rb") as file:
                data = file.read()
    except Exception as error:  # each way to pack has its own
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"can't be read: {reason}; name a CSV file that is there and whole"
        ) from None
    if data.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise InputError("is a spreadsheet, or a zip by another name; save the sheet as CSV")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if wide else ["utf-8-sig", "cp1252"]:
        with contextlib.suppress(UnicodeDecodeError):
            text = data if data.isascii() else data.decode(encoding).encode()
            break
    else:
        raise InputError("is no text in UTF-8, UTF-16 or Windows-1252; save it as CSV (UTF-8)")
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text += b"\n" * (not text.endswith(b"\n"))
    if b"\0" in text:
        line = text[: text.index(0)].count(b"\n") + 1
        raise InputError(f"line {line:,} has a NUL byte, as no text has; save it as CSV")
    # What stands often in both header and first customer, outside of quotes, or else in one.
    lines = [line for line in text[:HEAD_BYTES].split(b"\n") if line.strip()][:2]
    bare = [re.sub(rb'"[^"]*"', b"", line).decode(errors="ignore") for line in lines]
    return text, max(";\t|,", key=lambda sep: sorted(line.count(sep) for line in bare))


def read_records(text, sep):
    """Yield first line and fields of the header and each customer; InputError at a bad quote."""
    csv.field_size_limit(2**31 - 1)  # of a C long, the same everywhere
    lines = io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="")
    reader, line = csv.reader(lines, delimiter=sep, skipinitialspace=True, strict=True), 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                yield line, fields
            line = reader.line_num + 1
    except csv.Error:
        raise InputError(
            f"line {line:,}: a quote is not closed, or has text behind it; correct the quotes"
        ) from None


def count_customers(text, sep):
    """Count the customers; InputError unless each has as many fields as the header."""
    records, customers = read_records(text, sep), 0
    head, header = next(records)
    width = len(header)
    for line, fields in records:
        customers += 1
        swallowed = any(
            field.count(sep) == field.count("\n") * (width - 1) > 1 and sep + " " not in field
            for field in fields
        )
        if len(fields) != width or swallowed:
            raise InputError(
                f"line {line:,} ('{one_line(fields[0], 40)}' ...) has {len(fields):,} fields"
                f"{' and quotes around whole lines' * swallowed}, the header in line {head:,} "
                f"('{one_line(header[0], 40)}' ...) has {width:,}; correct the line, or remove "
                "what is neither header nor customer"
            )
    return customers


def read_source(path):
    """Read a file as read_customers does; return its text, separator and customers."""
    text, sep = load(path)
    first = list(itertools.islice(read_records(text, sep), 2))
    if len(first) < 2:
        raise InputError("has no customers; it needs a header and a line for each customer")
    (line, header), (_, customer) = first
    names = [one_line(name).strip() or "(no name)" for name in header]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"line {line:,}, the header, has the name '{name}' {names.count(name):,} times; "
                "give each column its own"
            )
    # pandas lets quotes swallow lines, fills short records with blanks, and takes the width of the
    # first customer for that of all: then the separators are not as many as they should be.
    rows = text.count(b"\n") - 1
    plain = text.count(sep.encode()) == (rows + 1) * (len(names) - 1) and b'"' not in text
    if not plain or len(customer) != len(names):
        rows = count_customers(text, sep)
    try:
        customers = read_table(text, sep)
    except ValueError as error:
        count_customers(text, sep)
        raise InputError(f"can't be read as a CSV file: {error}") from None
    if len(customers) != rows:
        raise InputError('has lines with nothing but quotes (""); remove them')
    customers.columns = names
    for name, values in customers.select_dtypes(exclude="number").items():
        customers[name] = tidy(values, sep)
    numeric = customers.select_dtypes("number").columns
    if len(numeric) and pd.to_numeric(numeric.to_series(), errors="coerce").notna().all():
        raise InputError(
            f"line {line:,} has numbers where names of columns belong ({', '.join(numeric[:3])}); "
            "put a header above it, or give these columns names that are no numbers"
        )
    return Source(text, sep, customers)


def read_table(text, sep):
    """Let pandas read the text: as texts where spelling matters, and few texts as categories."""
    # "NA" is a gap among numbers, but Namibia among countries: only a blank is sure.
    options = {"sep": sep, "index_col": False, "skipinitialspace": True, "low_memory": False}
    options |= {"keep_default_na": False, "na_values": [""]}
    head = pd.read_csv(io.BytesIO(text), nrows=SAMPLE, dtype=str, **options)
    few = dict.fromkeys(head.columns[head.nunique() <= MOST_CATEGORY_VALUES], "category")
    return pd.read_csv(io.BytesIO(text), dtype=few if sep == "," else str, **options)


def tidy(values, sep):
    """Strip the texts of a column, and make it numbers if it has nothing else but gaps."""
    codes, distinct = values.factorize()
    texts = Series(distinct, dtype=object).map(str).str.strip()
    texts = texts.mask(texts == "")
    numbers, wrong = as_numbers(texts, sep)
    if numbers.notna().any() and not wrong.any():
        return numbers.reindex(codes).set_axis(values.index)
    if texts.nunique() > MOST_CATEGORY_VALUES:
        return texts.reindex(codes).set_axis(values.index)
    stripped = pd.Categorical(texts, texts.dropna().unique())
    return Series(stripped.take(codes, allow_fill=True), values.index)


def as_numbers(texts, sep):
    """Turn texts into numbers, NaN where that can't be; and tell where that is no mere gap.

    Unless commas separate the fields, they may mark decimals or thousands, as may points: 1.677
    means nothing if no other value has more digits before the mark, or fewer behind it.
    """
    numbers = texts
    if not pd.api.types.is_numeric_dtype(texts):
        sure = r"[+-]?(\d{4,}[.,]\d+|\d*[.,](\d\d?|\d{4,})|0[.,]\d+)"
        if sep != "," and not texts.str.fullmatch(sure, na=False).any():
            numbers = texts.mask(texts.str.fullmatch(r"[+-]?\d{1,3}[.,]\d{3}", na=False))
        if sep != "," and texts.str.contains(",", na=False).any():
            numbers = numbers.str.translate(str.maketrans(",.", ".,"))
        numbers = pd.to_numeric(numbers, errors="coerce")
    wrong = ~numbers.between(-LARGEST_NUMBER, LARGEST_NUMBER)
    return numbers, wrong & texts.notna() & ~texts.isin(MISSING_WORDS) if wrong.any() else wrong


def simplify(name):
    """Strip case, spaces, underscores and punctuation from the name of a column."""
    return re.sub(r"[\W_]+", "", name.casefold())


def find_id(customers):
    """Return the column that numbers the customers, or None."""
    return next((name for name in customers if ID_NAME.fullmatch(simplify(name))), None)


def find_columns(wanted, columns, kind):
    """Return the columns that are meant; InputError where one is not there, or may be several."""
    found = []
    for name in wanted:
        rules = [str, lambda text: simplify(UNIT.sub("", text)), simplify]
        for rule in rules if not UNIT.search(name) else [str, simplify, rules[1]]:
            meant = [column for column in columns if rule(column) == rule(name) != ""]
            if meant:
                break
        if len(meant) > 1:
            raise InputError(f"{name} may mean {' or '.join(meant)}; write it in full")
        if not meant:
            near = difflib.get_close_matches(name, columns, cutoff=0.4) or columns
            raise InputError(f"has no {kind} {name}; choose from {', '.join(near)}")
        found += meant
    return found


def choose_features(options, customers):
    """Find the columns to segment by: those wanted, or else age, income and spending score.

    Raises InputError if one is not there, and unless they are two or more different ones.
    """
    try:
        found = find_columns(options.features or DEFAULT_FEATURES, customers, "column")
    except InputError:
        numeric = list(customers.select_dtypes("number"))
        telling = [name for name in numeric if name != find_id(customers)]
        if options.features:
            raise
        if len(telling) < 2:
            raise InputError("has no two columns of numbers to segment customers by") from None
        command = shlex.join(["python", "segment.py", str(options.csv), "-f", *telling[:3]])
        raise InputError(
            f"has not the columns {', '.join(DEFAULT_FEATURES)}; choose from its numeric columns "
            f"({', '.join(numeric)}), for example: {command}"
        ) from None
    if len(set(found)) < max(2, len(found)):
        raise InputError("-f needs two or more different columns, each named once")
    return found


def refuse(source, name, wrong, reason):
    """Raise InputError with line and spelling of the first wrong value of a column, if any is."""
    if wrong.any():
        records = itertools.islice(read_records(source.text, source.sep), 1, None)
        line, fields = next(itertools.islice(records, int(wrong.to_numpy().argmax()), None))
        value = one_line(fields[source.customers.columns.get_loc(name)], 40)
        raise InputError(
            f"line {line:,}, column {name}: '{value}' {reason} ({wrong.sum():,} such in the column)"
        )


def to_numbers(source, names):
    """Take the features out of the customers, as numbers; NaN where one is missing.

    Raises InputError with line, column and value of the first that is no number, infinite or too
    large, and if a feature is empty.
    """
    features = {}
    for name in names:
        values = source.customers[name]
        texts = not pd.api.types.is_numeric_dtype(values)
        numbers, wrong = as_numbers(values.astype(object) if texts else values, source.sep)
        advice = "write digits and a decimal mark alone, up to 1e15, or nothing"
        refuse(source, name, wrong, f"is not a number that is sure; {advice}")
        if numbers.isna().all():
            raise InputError(f"column {name} is empty; choose other columns with -f")
        features[name] = numbers
    return DataFrame(features, copy=False)


def require_differences(features, points, k):
    """Raise InputError unless customers differ in each feature, and K-Means can tell k apart."""
    low, high = features.min(), features.max()
    # Rounding leaves a constant its last digit, and the square of a tiny difference is none.
    differ = high - low > np.maximum(1e-12 * np.maximum(high.abs(), low.abs()), 1e-150)
    for name in features.columns[~differ]:
        raise InputError(
            f"column {name} does not differ among the {len(features):,} customers that have every "
            "feature; choose other columns with -f"
        )
    distinct = count_distinct(points[draw_sample(len(points), SAMPLE)])
    if distinct < k and (distinct := count_distinct(points)) < k:
        raise InputError(
            f"{distinct:,} different customers of {len(points):,} with every feature are too few "
            f"for {k:,} segments; give more customers or a smaller -k"
        )


def find_categories(customers, features):
    """Take the categories out of the customers: texts of few values; "(blank)" where missing."""
    others = customers.drop(columns=[*features, *NEW_COLUMNS], errors="ignore")
    categories = {}
    for name, values in others.select_dtypes("category").items():
        kinds = values.cat.categories
        if 2 <= len(kinds) <= min(MOST_CATEGORY_VALUES, len(customers) // 2):
            named = kinds.union(["(blank)"]) if values.hasnans else kinds.sort_values()
            filled = values.cat.set_categories(named)
            categories[name] = filled.fillna("(blank)") if values.hasnans else filled
    return DataFrame(categories, customers.index)


# ---------------------------------------------------------------------------------------- explore


def readable(value, digits=3):
    """Write a number with the digits that a person wants to read: 1,234 or 56.3 or 1.2e+09."""
    return f"{value:,.0f}" if 10**digits <= abs(value) < 1e9 else f"{value:.{digits}g}"


def percent(share):
    """Write a share of 0 to 1 with one decimal at most: 22.5% or 50%."""
    return f"{round(100 * share, 1):g}%"


def count_and_share(counts, total):
    """Write counts as a person wants to read them: 45 (22.5%)."""
    return [f"{count:,} ({percent(count / total)})" for count in counts]


def short_names(columns):
    """Say each column in a word or two: Annual Income (k$) is income, if no other column is."""
    short = {}
    for column in columns:
        words = re.findall(r"[^\W_]+", UNIT.sub("", column.lower()))
        short[column] = " ".join(w for w in words if w not in FILLER_WORDS) or column.lower()
    taken = list(short.values())
    return {c: word if taken.count(word) == 1 else c.lower() for c, word in short.items()}


def is_whole(values):
    """Tell whether all numbers of a Series are whole, but for gaps."""
    return pd.api.types.is_integer_dtype(values) or not (values % 1 > 0).any()


def count_groups(features, categories):
    """Count the customers of each value of a category, each age group, and in bands of a feature.

    Bands are about five and round. A band holds its upper end and not its lower one, so one of
    whole numbers starts one later.
    """
    groups = {name: values.value_counts() for name, values in categories.items()}
    for name, word in short_names(features).items():
        values = features[name]
        if word == "age" and values.max() < 150:  # else it is in months
            values, names, ends = np.floor(values), [*AGE_GROUPS], [*AGE_GROUPS.values()]
        else:
            low, high, whole = values.min(), values.max(), is_whole(values)
            edges = MaxNLocator(nbins=5, integer=whole).tick_values(low - whole, high)
            starts, ends = edges[:-1] + whole, edges[1:]
            starts[0], ends[-1] = low if whole else min(starts[0], low), max(ends[-1], high)
            names = [
                f"{start:,.15g}" + f" to {end:,.15g}" * int(start < end)
                for start, end in zip(starts, ends, strict=True)
            ]
        counts = Series(np.diff([0, *((values <= end).sum() for end in ends)]), names)
        groups[name] = counts.drop("under 18") if counts.get("under 18") == 0 else counts
    return groups


def paragraph(label, text):
    """Set a label in the margin of a text, in lines of 80 columns."""
    return textwrap.fill(f"{label:<10} {text}", 80, subsequent_indent=" " * 11)


def count_repeats(customers):
    """Count the rows, and the IDs if there are some, that are there already further up."""
    number = find_id(customers)
    if number is None:
        return {"duplicate rows": customers.duplicated().sum()}
    ids = pd.Index(customers[number])
    # Equal rows have equal IDs, so that only few need to be compared; none, where IDs only grow.
    grow = ids.is_monotonic_increasing and ids.is_unique
    again = customers[:0] if grow else customers[ids.duplicated(keep=False)]
    repeats = {"duplicate rows": again, f"duplicate values of {number}": again[number].dropna()}
    return {what: rows.duplicated().sum() for what, rows in repeats.items()}


def explore(name, customers, features, groups, statistics, logged):
    """Say what the data is: its size, types, counts, gaps and statistics; and list what is odd."""
    numbers = {*customers.select_dtypes("number"), *features}
    texts = {c: "" for c in customers if c not in numbers}
    for text in texts.keys() & groups.keys():
        shares = zip(groups[text].index, count_and_share(groups[text], len(customers)), strict=True)
        texts[text] = ": " + ", ".join(map(" ".join, shares))
    gaps, repeats = customers.isna().sum(), count_repeats(customers)
    gaps.update(features.isna().sum())
    missing = [
        ", ".join(f"{gap:,} of {column}" for column, gap in gaps.items() if gap) or "nothing"
    ]
    if without := features.isna().any(axis=1).sum():
        missing.append(f"customers who miss a feature, and so get no segment: {without:,}")
    missing += [f"{count:,} {what}" for what, count in repeats.items()]
    size = f"{len(customers):,} rows (customers), {customers.shape[1]} columns"
    statistics = statistics.drop("count").rename({"50%": "median"}).T
    facts = [
        paragraph("Data", f"{name}: {size}"),
        paragraph("Numbers", ", ".join(c for c in customers if c in numbers)),
        paragraph("Texts", "; ".join(map("".join, texts.items())) or "none"),
        paragraph("Missing", "; ".join(missing)),
        "\n" + statistics.to_string(float_format=lambda value: readable(value, 4)),
    ]
    repeated = " and ".join(f"{count:,} {what}" for what, count in repeats.items() if count)
    replaced = " and ".join(column for column in NEW_COLUMNS if column in customers)
    plain = features.loc[:, features.min() > -1].drop(columns=logged, errors="ignore")
    skewed = [column for column, skewness in plain.skew().items() if skewness > SKEWED]
    doubts = {
        f"{repeated}, all kept; remove what was entered twice": repeated,
        f"segments.csv has a new {replaced} in place of the file's": replaced,
        f"{', '.join(skewed)} has a long tail, and a few customers may make segments of their own; "
        f"compare with --log {shlex.join(skewed)}": skewed,
    }
    return "\n".join(facts), [doubt for doubt, applies in doubts.items() if applies]


# ----------------------------------------------------------------------------------------- search


def draw_sample(customers, most):
    """Return the sorted positions of `most` of the customers at random, or of all if few.

    It is the same draw every time, so that whoever is asked for k is asked for its silhouette.
    """
    if customers <= most:
        return np.arange(customers)
    return np.sort(np.random.default_rng(0).choice(customers, most, replace=False))


def scale(features, raw):
    """Return the points, float of shape (customers, features): z-scores, or raw as they are."""
    points = features.to_numpy(dtype=float, copy=True)
    if not raw:
        points -= features.mean().to_numpy()
        points /= np.sqrt(np.einsum("ij,ij->j", points, points) / len(points))
    return points


def count_distinct(points):
    """Count the points that K-Means can tell apart; its squared distances are less exact."""
    points = points - points.mean(axis=0)
    return len(np.unique((points / (points.std(axis=0).max() or 1)).round(6), axis=0))


def silhouettes_of(points, labels):
    """Return each customer's silhouette (Rousseeuw 1987), a float array of shape (customers,).

    It is 1 deep in a segment, 0 between two, below 0 nearer to another one; 0 where there is one
    segment, or one for each customer.
    """
    several = 1 < len(np.unique(labels)) < len(labels)
    return silhouette_samples(points, labels) if several else np.zeros(len(labels))


def search(points, max_clusters, seed):
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


def find_elbow(wcss) -> tuple[int, float]:
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
    later = np.maximum.accumulate((drops[1:] * k**LATE_DROPS)[::-1])[::-1] / k**LATE_DROPS
    towering = [np.minimum.accumulate(drops[:-1]), drops[:-1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps, sharpness = np.nan_to_num(towering / later, nan=0, posinf=np.inf)
    best = int(gaps.round(9).argmax())
    return int(k[best]), float(sharpness[best])


# -------------------------------------------------------------------------------------------- fit


def fit(points, k, curve, seed):
    """Fit K-Means and number the segments from the largest to the smallest.

    Takes the lowest WCSS of many k-means++ starts (Arthur and Vassilvitskii 2007), on a sample of
    the customers if there are many; then all of them move from its centroids to their own. Segments
    of one size are ordered by their centroids, so that neither seed nor order of the customers can
    swap them. Returns the curve, in units of all customers; and the labels, int of shape
    (customers,). (A better WCSS at k than the search found is not put into the curve: beside its
    neighbours' it would make an elbow of k.)
    """
    sample = points[draw_sample(len(points), SAMPLE)]
    many = len(points) / len(sample)
    restarts = FINAL_RESTARTS if many == 1 else SEARCH_RESTARTS
    model = KMeans(k, n_init=restarts, random_state=seed).fit(sample)
    if many > 1:
        # Without a tolerance, because K-Means would copy millions of customers to find it.
        options = {"n_init": 1, "tol": 0, "max_iter": FINAL_STEPS, "copy_x": False}
        start, model = model, KMeans(k, init=model.cluster_centers_, **options).fit(points)
        curve["wcss"] *= model.inertia_ / start.inertia_ if start.inertia_ else many
    centroids = model.cluster_centers_.round(9)
    order = np.lexsort([*centroids.T[::-1], -np.bincount(model.labels_, minlength=k)])
    return curve, (order.argsort() + 1)[model.labels_]


def find_even_silhouette(points, k, seed):
    """Return the best mean silhouette of k segments of customers strewn evenly, without segments.

    The even clouds have as many customers as the points, or a sample of them, and fill the box
    along their principal axes, as in the gap statistic (Tibshirani, Walther and Hastie 2001).
    """
    rng, points = np.random.default_rng(seed), points[draw_sample(len(points), SILHOUETTE_SAMPLE)]
    turned = points @ np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2].T
    low, high = turned.min(axis=0), turned.max(axis=0)
    clouds = rng.uniform(low, high, (EVEN_CLOUDS, *turned.shape))
    model = KMeans(k, n_init=RESAMPLE_RESTARTS, random_state=seed)
    return max(silhouettes_of(cloud, model.fit_predict(cloud)).mean() for cloud in clouds)


def find_stability(points, labels, seed):
    """Say how surely each segment comes back when the customers are drawn anew.

    Returns a float array of shape (segments,): the mean over bootstrap resamples of the largest
    Jaccard similarity of the segment, among the customers drawn, with a segment of the resample.
    Hennig (2007), "Cluster-wise assessment of cluster stability": 0.75 and more is stable, 0.6
    and less not to be relied on.
    """
    rng, sample = np.random.default_rng(seed), draw_sample(len(points), SAMPLE)
    segments, points, labels = labels.max(), points[sample], labels[sample]
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


def describe(features, categories, labels):
    """Compute what the segments are like: the means and the distances of the docstring on top."""
    table = features
    if len(categories.columns):
        kinds = pd.get_dummies(categories, prefix_sep=": ", dtype=np.uint8)
        table = pd.concat([features, kinds], axis=1)
    means, average = table.groupby(labels).mean(), table.mean().to_numpy()
    distances = (means - average) / table.std().to_numpy()
    means.loc["average"] = average
    return means, distances


def name_segments(means, distances):
    """Name each segment for the features that set it apart from the average customer.

    Takes means and distances of the features alone. Returns a Series of str indexed by segment, no
    two alike: those of the same words also get their mean of the feature in which they differ most.
    """
    names, short = Series("", distances.index), short_names(distances)
    for feature, word in short.items():
        low, high = COMPARISONS.get(word, (f"low {word}", f"high {word}"))
        names[distances[feature] <= -NAMING_DISTANCE] += f", {low}"
        names[distances[feature] >= NAMING_DISTANCE] += f", {high}"
    names = names.str.removeprefix(", ").replace("", "average")
    for same in names.groupby(names).groups.values():
        if len(same) > 1:
            feature = np.ptp(distances.loc[same], axis=0).idxmax()
            names[same] += [f" ({short[feature]} {readable(x)})" for x in means.loc[same, feature]]
    alike = names.index[names.duplicated(keep=False)]
    names[alike] += [f" #{segment}" for segment in alike]
    return names


def profile(names, labels, silhouettes, stability):
    """Return the profiles: Share is of all segmented customers, Silhouette the mean."""
    profiles = DataFrame({"Name": names, "Customers": np.bincount(labels)[1:]})
    profiles["Share"] = profiles["Customers"] / len(labels)
    profiles["Silhouette"] = silhouettes.groupby(labels[silhouettes.index]).mean()
    return profiles.assign(Stability=stability).rename_axis("Segment")


def judge(curve, profiles, silhouettes, even):
    """Say how many segments there are; report that and how far to trust them; list what to warn of.

    The data has no clear segments if the elbow is weak, and the silhouette is not above `even`,
    that of customers strewn evenly, or no segment is stable.
    """
    (elbow, sharpness), k = find_elbow(curve["wcss"]), len(profiles)
    best, score = curve["silhouette"].idxmax(), curve["silhouette"].max()
    shaky = profiles["Stability"][profiles["Stability"] < STABLE]
    weak = sharpness < CLEAR_SHARPNESS
    # K-Means may have been stopped before it found all; 0.5: Kaufman and Rousseeuw (1990).
    more = best == curve.index[-1] and score > 0.5
    lacking = weak and not more and (silhouettes.mean() <= even or len(shaky) == k)
    agrees = "agrees" if best == elbow else f"disagrees and prefers {best}"
    sharp = f"sharpness {sharpness:.2f}; clear from {CLEAR_SHARPNESS}"
    verdict = "K-Means found no clear segments. " if lacking else ""
    verdict += f"You asked for {k} segments. " if k != elbow else ""
    verdict += f"The elbow at {elbow} segments is {'weak' if weak else 'clear'} ({sharp}). "
    verdict += f"The silhouette {agrees} ({score:.2f})."
    named = ", ".join(f"{segment} ({stability:.2f})" for segment, stability in shaky.items())
    trust = f"{percent((silhouettes < 0).mean())} of the customers have a silhouette below 0: they "
    trust += "lie closer to another segment. "
    trust += f"Not stable: segment {named}; " if named else "All segments are stable; "
    trust += f"stable is {STABLE} and more, {UNRELIABLE} and less is not to be relied on."
    doubts = {
        "K-Means found no clear segments": lacking,
        f"the elbow at {elbow} segments is weak ({sharp.replace(';', ',')})": weak and k == elbow,
        f"the elbow names {elbow} segments, the silhouette {best}": best != elbow and k == elbow,
        f"not stable: segment {', '.join(map(str, shaky.index))}": named,
        f"the silhouette is best at {best}, the last k: look further with --max-clusters": more,
    }
    advice = "compare with another -k, or try other features with -f"
    report = paragraph("Verdict", verdict) + "\n" + paragraph("Trust", trust)
    return verdict, report, [f"{doubt}; {advice}" for doubt, applies in doubts.items() if applies]


def tabulate(profiles, centroids):
    """Set the segments as a table of text: sizes, means of the features, stability and names."""
    short = [word.capitalize() for word in short_names(centroids).values()]
    table = centroids.map(readable)
    table.columns = [word if len(word) <= 12 else word[:11] + "…" for word in short]
    sizes = count_and_share(profiles["Customers"], profiles["Customers"].sum())
    table.insert(0, "Customers", sizes, allow_duplicates=True)
    table.insert(len(short) + 1, "Stability", profiles["Stability"].map("{:.2f}".format), True)
    rows = zip(table.to_string().splitlines(), ["Name", *profiles["Name"]], strict=True)
    return "\n".join(map("  ".join, rows))


# ------------------------------------------------------------------------------------------- draw

# What is called draw_ returns a Figure and writes nothing; lengths are in inches, sizes in points.


def text_width(text, size=TEXT, weight="normal"):
    """Return the width of the widest line of a text."""
    font, measure = FontProperties(size=size, weight=weight), text_to_path
    lines = text.split("\n")
    return max(measure.get_text_width_height_descent(line, font, False)[0] for line in lines) / 72


def wrap(text, inches, lines, size=TEXT, weight="normal"):
    """Break a text into so many lines of so many inches at most; what is longer ends in "…"."""
    letters = max(4, int(0.9 * inches * len(text) / max(text_width(text, size, weight), 0.01)))
    rows, longest = len(textwrap.wrap(text, letters)), max(map(len, text.split()), default=0)
    while 1 < rows <= lines and letters > longest and len(textwrap.wrap(text, letters - 1)) == rows:
        letters -= 1  # lines of like length, rather than a last word alone
    return textwrap.fill(text, letters, max_lines=lines, placeholder="…")


def segment_style(segment):
    """Return the colour and the marker of a segment, the same in every picture."""
    colors = sns.color_palette("colorblind")
    return {"color": colors[(segment - 1) % 10], "marker": MARKERS[(segment - 1) % 11]}


def segment_titles(profiles, inches):
    """Write number, size and name of each segment: 1 (45): older."""
    rows = profiles[["Name", "Customers"]].itertuples()
    return [wrap(f"{segment} ({size:,}): {name}", inches, 1) for segment, name, size in rows]


def write_tick(value, _):
    """Write a number at an axis: 0.25 or 20,000 or 2M."""
    return f"{value:,.12g}" if abs(value) < 1e5 else EngFormatter(sep="")(value)


def make_figure(panels, size, title, note, left=1, above=0.45, below=0.75, legend=None, **options):
    """Make a figure of so many panels; above them the finding, and a note that helps to read it.

    Takes width and height of a panel, and the room left of, above and below each. Given profiles,
    a legend of the segments stands at the foot. (matplotlib's layout engines find the same room by
    drawing the figure twice.)
    """
    across = 3 if panels == 3 else math.ceil(math.sqrt(panels))
    down, (width, height) = math.ceil(panels / across), size
    left = math.ceil(10 * left) / 10  # text is a hair wider in other versions of matplotlib
    wide = across * (left + width) + MARGIN
    title, note = wrap(title, wide - 2 * MARGIN, 3, TITLE, "bold"), wrap(note, wide - 2 * MARGIN, 2)
    head = MARGIN + 0.27 * (title.count("\n") + 1)
    top = head + 0.2 * (note.count("\n") + 1) + above
    columns = int((wide - MARGIN) / LEGEND_WIDTH)
    foot = below + (0 if legend is None else 0.25 * math.ceil(len(legend) / columns) + MARGIN)
    high = top + down * height + (down - 1) * (above + below) + foot
    figure = plt.figure(figsize=(wide, high))
    figure.text(MARGIN / wide, 1 - 0.8 * MARGIN / high, title, size=TITLE, weight="bold", va="top")
    figure.text(MARGIN / wide, 1 - head / high, note, color=NOTE, va="top")
    room = {"left": left / wide, "right": 1 - MARGIN / wide, "wspace": left / width}
    room |= {"top": 1 - top / high, "bottom": foot / high, "hspace": (above + below) / height}
    axes = figure.subplots(down, across, squeeze=False, gridspec_kw=room, **options).ravel()
    for unused in axes[panels:]:
        unused.remove()
    for ax in axes[:panels]:
        ax.locator_params(nbins=5)
        for axis in (ax.xaxis, ax.yaxis, getattr(ax, "zaxis", ax.xaxis)):
            axis.set_major_formatter(write_tick)
    if legend is not None:
        styles = map(segment_style, legend.index)
        markers = [plt.Line2D([], [], linestyle="", markersize=8, **style) for style in styles]
        titles = segment_titles(legend, LEGEND_WIDTH - 0.4)
        figure.legend(markers, titles, loc="lower center", ncols=columns)
    return figure, axes[:panels]


def take_sample(features, most):
    """Return the positions of a sample of the customers, and a sentence if they are not all."""
    sample = draw_sample(len(features), most)
    said = f" {most:,} of {len(features):,} customers are drawn."
    return sample, said if len(sample) < len(features) else ""


def add_bars(ax, counts, total, color, most, rows, inches):
    """Draw counts as bars in the first of so many rows, each with its count and share.

    The longest bar that there may be, of `most` customers, and its label take so many inches.
    """
    labels = count_and_share(counts, total)
    ax.bar_label(ax.barh(range(len(counts)), counts, color=color), labels, padding=4)
    wide = ax.get_window_extent().width / ax.figure.dpi
    right = most * wide / (inches - max(map(text_width, labels)) - 0.15)
    ax.set_yticks(range(len(counts)), counts.index)
    ax.set(xlim=(0, right), ylim=(rows - 0.5, -0.5))
    ax.tick_params(left=False)
    ax.xaxis.set_visible(False)
    ax.spines[["left", "bottom"]].set_visible(False)


def add_customers(ax, shown, labels):
    """Draw the customers of each segment, in as many dimensions as they have columns."""
    size = 34 * min(1, 1000 / len(shown))  # or a thousand would hide others
    for segment, members in shown.groupby(labels):
        ax.scatter(*members.to_numpy().T, s=size, linewidth=0, **segment_style(segment))


def draw_distributions(features, statistics):
    """01: each feature's histogram and density curve, its median and its middle half."""
    lows, highs = (statistics.loc[quartile].map(readable) for quartile in ("25%", "75%"))
    halves = features.columns + " " + lows + " to " + highs
    title = f"The middle half of the customers: {', '.join(halves[:3])}"
    note = "Bars count customers, the curve is their density; the middle half is shaded."
    figure, axes = make_figure(features.shape[1], (3.6, 3), title, note, above=0.6)
    for ax, (name, values) in zip(axes, features.items(), strict=True):
        count, _, deviation, least, low, median, high, most = statistics[name]
        # Bars as wide as Freedman and Diaconis (1981) say, but as many as Sturges (1926) at least.
        count = min(count, SAMPLE)
        bins = (most - least) * count ** (1 / 3) / (2 * (high - low)) if high > low else 0
        bins = math.ceil(min(max(bins, math.log2(count) + 1), 2 * math.sqrt(count), MOST_BINS))
        width = max(1, round((most - least) / bins))
        if width < 5 and is_whole(values):  # a bar of 2 ages beside one of 3 shows a dip
            bins = int((most - least) // width) + 1
            least, most = least - 0.5, least - 0.5 + bins * width
        counts, edges = np.histogram(values, bins, (least, most))
        # A curve as smooth as Scott (1992) says, but without waves from bar to bar.
        smooth = max(count**-0.2, 0.6 * (most - least) / bins / deviation)
        style = {"bins": bins, "binrange": (least, most), "kde_kws": {"bw_method": smooth}}
        # The density is that of the middles of bars; the ends only make the curve reach them.
        places, weights = np.r_[least, (edges[1:] + edges[:-1]) / 2, most], np.r_[0, counts, 0]
        style |= {"kde": True, "color": QUIET, "edgecolor": "white"}
        sns.histplot(x=places, weights=weights, ax=ax, **style)
        ax.set(xlabel=wrap(name, 4, 2), ylabel="Customers")
        ax.axvspan(low, high, color=ACCENT, alpha=0.15, linewidth=0)
        ax.axvline(median, color=ACCENT, linewidth=2)
        said = f"median {readable(median)}\nmiddle half {lows[name]} to {highs[name]}"
        ax.set_title(said, color=ACCENT, size=TEXT)
    return figure


def draw_counts(groups, customers):
    """02: how many customers are in each category and band, with their share."""
    tops = [f"{n} {g.idxmax()} ({percent(g.max() / customers)})" for n, g in groups.items()]
    title = f"The largest groups of {customers:,} customers: {', '.join(tops[:3])}"
    note = "Customers in each group, and their share of all. A band holds its upper end."
    groups = {n: g.set_axis([wrap(str(x), 2, 2) for x in g.index]) for n, g in groups.items()}
    most, rows = max(g.max() for g in groups.values()), max(map(len, groups.values()))
    left = 0.3 + max(text_width(label) for g in groups.values() for label in g.index)
    figure, axes = make_figure(len(groups), (3.6, 0.4 * rows), title, note, left, below=0.15)
    for ax, (name, counts) in zip(axes, groups.items(), strict=True):
        add_bars(ax, counts, customers, ACCENT, most, rows, 3.6)
        ax.set_title(wrap(name, 3.8, 1, TEXT, "bold"), size=TEXT, weight="bold", loc="left")
    return figure


def draw_by_category(features, categories):
    """03: each feature by each category, if any: a violin for each value, with quartiles."""
    if not len(categories.columns):
        return None
    sample, said = take_sample(features, SAMPLE)
    features, categories = features.iloc[sample], categories.iloc[sample]
    medians = {}
    for group, values in categories.items():
        found = features.groupby(values, observed=True).median()
        medians[group] = found.reindex(
            values.value_counts().index.intersection(found.index, sort=False)
        )
    gaps = DataFrame({group: np.ptp(found, axis=0) for group, found in medians.items()})
    gaps = gaps.div(features.std(), axis=0).fillna(0).stack()
    name, group = gaps.idxmax()
    ends = medians[group][name].sort_values().iloc[[0, -1]]
    ends = " and ".join(f"{readable(median)} ({value})" for value, median in ends.items())
    found = f"{group} makes the most difference in"
    if gaps.max() < NAMING_DISTANCE:
        found = f"{group} makes little difference, at most in"
    title = f"{found} {name}, with medians of {ends}"
    note = "The wider, the more customers; the lines mark the quarters." + said
    labels = {g: [wrap(value, 2, 2) for value in found.index] for g, found in medians.items()}
    left = 0.5 + max(text_width(label) for values in labels.values() for label in values)
    size = 3.6, 0.4 + 0.9 * max(map(len, labels.values()))
    pairs = list(itertools.product(categories, features))
    figure, axes = make_figure(len(pairs), size, title, note, left)
    for ax, (group, name) in zip(axes, pairs, strict=True):
        values = {"x": features[name], "y": categories[group], "order": [*medians[group].index]}
        sns.violinplot(**values, inner="quart", cut=0, color=PALE, ax=ax)
        ax.set_yticks(range(len(labels[group])), labels[group])
        ax.set(xlabel=wrap(name, 4, 2), ylabel=wrap(group, size[1], 1))
        for place, median in enumerate(medians[group][name]):
            ax.text(median, place - 0.42, f"median {readable(median)}", ha="center", va="bottom")
    return figure


def draw_relationships(features):
    """04: every pair of features, with its correlation (Pearson's r)."""
    r, pairs = features.corr(), list(itertools.combinations(features, 2))
    sample, said = take_sample(features, SCATTER_SAMPLE)
    x, y = max(pairs, key=lambda pair: abs(r.loc[pair]))
    strengths = ["hardly", "weakly", "moderately", "strongly"]  # Cohen (1988)
    strength = strengths[np.searchsorted([0.1, 0.3, 0.5], abs(r.loc[x, y]), "right")]
    title = f"{x} and {y} are {strength} correlated: r = {r.loc[x, y]:.2f}"
    title += ", the other pairs less" * (len(pairs) > 1)
    note = "r is 1 or -1 if all customers lie on a line, and 0 if no line describes them." + said
    figure, axes = make_figure(len(pairs), PANELS[len(pairs) > 1], title, note)
    for ax, (x, y) in zip(axes, pairs, strict=True):
        size = 24 * min(1, 1000 / len(sample))
        shown = features[[x, y]].iloc[sample].to_numpy().T
        ax.scatter(*shown, s=size, color=ACCENT, alpha=0.6, linewidth=0)
        ax.set(xlabel=wrap(x, 4, 2), ylabel=wrap(y, 3.4, 2), title=f"r = {r.loc[x, y]:.2f}")
    return figure


def draw_elbow(curve, k, verdict):
    """05: WCSS and silhouette against k, the elbow and the best silhouette marked."""
    note = "WCSS: what is left of the differences within segments. A silhouette of 1 is perfect. "
    figure, axes = make_figure(
        2, (5, 3.8), verdict, note + f"Dashed: the {k} segments of this run."
    )
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
    return figure


def draw_silhouettes(silhouettes, labels, profiles):
    """06: the silhouette of every customer, segment by segment, and the mean."""
    below, mean = percent((silhouettes < 0).mean()), silhouettes.mean()
    title = f"{below} of the customers lie closer to another segment; "
    title += f"the mean silhouette is {mean:.2f}"
    note = "Silhouette: 1 deep in its segment, 0 between two, below 0 nearer to another."
    note += take_sample(labels, SILHOUETTE_SAMPLE)[1]
    names = segment_titles(profiles, 4.2)
    height, left = max(4.5, 0.5 * len(profiles)), MARGIN + max(map(text_width, names))
    figure, (ax,) = make_figure(1, (8, height), title, note, left)
    gap = len(silhouettes) * 0.2 / (height - 0.2 * len(profiles))  # room for a line of text
    start, middles = gap / 2, []
    for segment, average in profiles["Silhouette"].items():
        blade = np.sort(silhouettes[labels[silhouettes.index] == segment])[::-1]
        style, steps = segment_style(segment), start + np.arange(len(blade) + 1)
        ax.stairs(blade, steps, orientation="horizontal", fill=True, color=style["color"])
        middles.append(steps.mean())
        ax.plot(average, middles[-1], markersize=10, markeredgecolor="white", **style)
        start = steps[-1] + gap
    ax.axvline(mean, color=INK, linestyle="--", linewidth=1)
    ax.text(mean, 1.01, f"mean {mean:.2f}", ha="center", transform=ax.get_xaxis_transform())
    ax.axvline(0, color=QUIET, linewidth=1)
    ax.set_yticks(middles, names)
    ax.set(ylim=(start - gap / 2, 0), xlabel="Silhouette")
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    return figure


def say_explained(distances, profiles):
    """Say how much of the variance of features lies between the segments; of the best three."""
    sizes = profiles["Customers"]
    shares = (sizes @ distances**2 / (sizes.sum() - 1)).nlargest(3)
    (name, most), *others = shares.items()
    others = [f"{percent(share)} of {other}" for other, share in others]
    title = f"{len(profiles)} segments explain {percent(most)} of the variance of {name}"
    return ", ".join([title, *others])


def spread(places, least):
    """Move places that are nearer to each other than `least` apart; float of shape (places, 2)."""
    places = places + np.linspace(0, 1e-6, len(places))[:, None]  # or equal ones would not part
    for _ in range(100):
        apart = places[:, None] - places
        distance = np.hypot(*apart.T).T + np.where(np.eye(len(places)), np.inf, 0)
        places = places + (apart * ((least / distance - 1).clip(0) / 2)[..., None]).sum(axis=1)
    return places


def draw_clusters_2d(features, labels, centroids, explained, profiles):
    """07: the segments over every pair of features, with numbered centroids."""
    sample, said = take_sample(features, SCATTER_SAMPLE)
    note = "Numbers stand at the centroids, or beside them where two would hide each other." + said
    pairs, room = list(itertools.combinations(features, 2)), {"above": 0.2, "legend": profiles}
    figure, axes = make_figure(len(pairs), PANELS[len(pairs) > 1], explained, note, **room)
    for ax, pair in zip(axes, map(list, pairs), strict=True):
        add_customers(ax, features[pair].iloc[sample], labels[sample])
        ax.plot(*centroids[pair].to_numpy().T, "+", color=INK, markersize=12)
        inches = ax.transData.transform(centroids[pair]) / figure.dpi
        places = ax.transData.inverted().transform(figure.dpi * spread(inches, 0.26))
        for segment, place in zip(centroids.index, places, strict=True):
            ax.text(*place, segment, **NUMBER)
        ax.set(xlabel=wrap(pair[0], 4.5, 2), ylabel=wrap(pair[1], 3.8, 2))
    return figure


def choose_views(centroids):
    """Choose two views, about a quarter turn apart, in which centroids do not hide each other.

    Takes the centroids as a float array of shape (segments, 3), in units of the drawn box. Returns
    elevation and azimuth of each view, in degrees.
    """
    turns = [turn for turn in range(0, 360, 5) if 20 <= turn % 90 <= 70]  # not along an axis
    views = np.array([*itertools.product((15, 20, 25, 30), turns)])
    lift, turn = np.deg2rad(views.T)[..., None]
    x, y, z = centroids.T
    across, away = y * np.cos(turn) - x * np.sin(turn), x * np.cos(turn) + y * np.sin(turn)
    seen = across + 1j * (z * np.cos(lift) - away * np.sin(lift))
    distances = abs(seen[:, :, None] - seen[:, None]) + np.where(np.eye(len(x)), np.inf, 0)
    nearest = distances.min(axis=(1, 2))
    first = nearest.argmax()
    others = abs(np.sin(turn[:, 0] - turn[first, 0])) > 0.7
    return views[[first, np.where(others, nearest, -1).argmax()]]


def draw_clusters_3d(features, labels, centroids, explained, profiles):
    """08: the segments over the first three features, if so many, from two sides."""
    if features.shape[1] < 3:
        return None
    space, (sample, said) = list(features)[:3], take_sample(features, SCATTER_SAMPLE)
    shown, centroids = features[space].iloc[sample], centroids[space]
    note = "Two views. Pins lead from the centroids to the floor; what is pale is far." + said
    room = {"left": 0.4, "above": 0, "below": 0.2, "legend": profiles}
    style = {"subplot_kw": {"projection": "3d"}}
    figure, axes = make_figure(2, (6, 4.8), explained, note, **room, **style)
    views = choose_views((centroids / np.ptp(shown, axis=0)).to_numpy())
    for ax, view in zip(axes, views, strict=True):
        ax.computed_zorder = False  # or customers would hide centroids
        add_customers(ax, shown, labels[sample])
        for segment, x, y, z in centroids.itertuples():
            ax.plot([x, x], [y, y], [shown[space[2]].min(), z], color=INK, linewidth=1, zorder=9)
            ax.text(x, y, z, segment, **NUMBER)
        for axis, name in zip("xyz", space, strict=True):
            getattr(ax, f"set_{axis}label")(wrap(name, 3, 1), labelpad=11)
        ax.view_init(*view)
        ax.set_box_aspect(None, zoom=1.05)
    return figure


def draw_profiles(means, distances, features, profiles):
    """09: who the segments are: name, size, means against the average customer, and trust.

    The first so many columns of the means are features, the others shares.
    """
    sizes, total, rows = profiles["Customers"], profiles["Customers"].sum(), len(means)
    ends = [
        f"“{name}” {share}"
        for name, share in zip(profiles["Name"], count_and_share(sizes, total), strict=True)
    ]
    title = f"{total:,} customers in {len(profiles)} segments: "
    title += f"the largest is {ends[0]}, the smallest {ends[-1]}"
    note = "Means of each segment. Red is above the average customer, blue below; ▲ ▼ from "
    note += f"{NAMING_DISTANCE} standard deviations. Stability: {STABLE} and more is stable, "
    note += f"{UNRELIABLE} and less is not to be relied on."
    names = [wrap(f"{n}  {name}", 3, 3) for n, name in profiles["Name"].items()]
    names.append(f"average of all {total:,}")
    heads = [wrap(name, 1.15, 8) for name in [*means, "Silhouette", "Stability"]]
    wide, above = 2.5 + 1.15 * len(heads), 0.5 + 0.17 * max(head.count("\n") for head in heads)
    left = 0.7 + max(map(text_width, names))
    figure, (ax,) = make_figure(1, (wide, 0.6 * rows), title, note, left, above, 0.2)
    styles = [segment_style(segment) for segment in profiles.index]
    add_bars(ax, sizes, total, [style["color"] for style in styles], sizes.max(), rows, 2.4)
    for place, style in enumerate(styles):
        ax.plot(0, place, clip_on=False, markersize=11, markeredgecolor="white", **style)
    ax.set_yticks(range(rows), names)
    ax.tick_params(pad=12)
    table = ax.inset_axes([2.5 / wide, 0, 1 - 2.5 / wide, 1])
    add_means(table, means, distances, features, profiles)
    table.set_xticks(range(len(heads)), heads)
    return figure


def add_means(ax, means, distances, features, profiles):
    """Draw the means as a table, coloured by their distance to the average, and the trust."""
    far = np.pad(distances, ((0, 1), (0, 2)))
    signs = np.select([far >= NAMING_DISTANCE, far <= -NAMING_DISTANCE], [" ▲", " ▼"], "")
    texts = np.full(far.shape, "", dtype=object)
    for at, values in enumerate(means.to_numpy().T):
        texts[:, at] = [readable(x) if at < features else percent(x) for x in values]
    trust = profiles[["Silhouette", "Stability"]].map("{:.2f}".format)
    texts[:-1, -2:] = trust.replace("nan", "")  # none of the segment is in the sample
    limit = max(1, abs(far).max())
    ax.imshow(far, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), text in np.ndenumerate(texts + signs):
        color = "white" if abs(far[row, column]) > 0.6 * limit else INK
        ax.text(column, row, text, ha="center", va="center", color=color)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(top=False, bottom=False, labeltop=True, labelbottom=False)


# ------------------------------------------------------------------------------------------- save


def write_segments(source, labels, places, names, file):
    """Write the customers as their file spells them, with Segment and Segment name added.

    `labels` are those of the customers at these places; the others are left blank.
    """
    text, sep, customers = source
    segments = np.zeros(len(customers), dtype=int)
    segments[places] = labels
    encode = types.SimpleNamespace(write=str.encode)
    pack = csv.writer(encode, lineterminator="\n").writerow
    ends = [b",,\n", *(b"," + pack(name) for name in names.items())]
    kept = [at for at, name in enumerate(customers) if name not in NEW_COLUMNS]
    numeric = [sep != "," and pd.api.types.is_numeric_dtype(x) for _, x in customers.items()]
    records = read_records(text, sep)
    line, header = next(records)
    file.write(pack([*(header[at].strip() for at in kept), *NEW_COLUMNS]))
    plain = sep == "," and b'"' not in text and len(kept) == len(header)
    if plain and line == 1 and text.count(b"\n") == len(segments) + 1:
        # Whole lines, many at a time, are several times as fast as their fields.
        lines, start = io.BytesIO(text), 0
        lines.readline()
        while piece := lines.read(2**22) + lines.readline():
            bare = piece[:-1].split(b"\n")
            tails = map(ends.__getitem__, segments[start : start + len(bare)].tolist())
            file.write(b"".join(itertools.chain.from_iterable(zip(bare, tails, strict=True))))
            start += len(bare)
    else:
        for (_, fields), label in zip(records, segments.tolist(), strict=True):
            values = [fields[at].replace(",", ".") if numeric[at] else fields[at] for at in kept]
            file.write(pack(values)[:-1] + ends[label])


def require_folder(folder, csv_file):
    """Raise InputError unless every output can be written into the folder, none over the input."""
    place = folder.absolute()
    try:
        while not os.path.lexists(place):
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{place}: can't be written; name another folder with -o")
        for output in (folder / name for name in OUTPUTS):
            if output.is_dir():
                raise InputError(f"{output}: is a folder where a file is to be written; move it")
            if output.exists() and os.path.exists(csv_file) and output.samefile(csv_file):
                raise InputError(f"{output}: is the input, and would be replaced; move it")
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: can't be written: {error}; name another with -o") from None


def save(folder, files):
    """Leave pictures, tables, and what writes itself to an open file, each under its name.

    All are made in a temporary folder inside it and moved up once they are whole; what an earlier
    run left, and this one does not have, is removed. InputError if the folder can't be written.
    """
    if __name__ == "__main__":  # from here on there is something to clean up after a Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for killed in folder.glob(UNFINISHED + "*/"):
            shutil.rmtree(killed)
        with (
            tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as temporary,
            ThreadPoolExecutor(1) as packer,
        ):
            packed = []
            for name, content in files.items():
                path = Path(temporary, name)
                if isinstance(content, Figure):
                    # One picture is packed as PNG while the next is drawn.
                    content.savefig(pixels := io.BytesIO(), format="rgba")
                    size = -1, content.canvas.get_width_height()[0], 4
                    pixels = np.frombuffer(pixels.getbuffer(), np.uint8).reshape(size)
                    options = {"dpi": DPI, "pil_kwargs": {"compress_level": 1}}
                    packed.append(packer.submit(plt.imsave, path, pixels, **options))
                elif isinstance(content, DataFrame):
                    content.to_csv(path, lineterminator="\n")
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
        reason = error.strerror or error
        raise InputError(f"{folder}: can't be written: {reason}; name another with -o") from None


# ------------------------------------------------------------------------------------------- main


def parse_arguments(argv):
    """Read the command line; InputError instead of argparse's usage and exit."""

    def refuse_line(message):
        raise InputError(f"{message}; python segment.py --help lists the options")

    parser = argparse.ArgumentParser("segment.py", description="Tell a shop who its customers are.")
    parser.error = refuse_line
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
            refuse_line(f"{name} {value} is not a number from {least} to {most:,}")
    if not options.output.strip():
        refuse_line("-o needs the name of a folder")
    options.output = Path(options.output)
    return options


def prepare(options):
    """Read the customers and find their features and points; InputError if that can't be.

    Returns the source; the features; those of them that are logged; the features as K-Means sees
    them but for their scale, of the customers who have them all; and the points of those.
    """
    source = read_source(options.csv)
    features = to_numbers(source, choose_features(options, source.customers))
    if len(features) > 4 and np.isclose(features.iloc[-1], features.iloc[:-1].sum(), atol=0).all():
        raise InputError("has a last line that is the total of all others; remove it")
    logged = find_columns(options.log, features, "feature")
    for name in logged:
        advice = "leave the column out of --log"
        refuse(source, name, features[name] <= -1, f"has no logarithm of 1 more; {advice}")
    whole = features.dropna()
    seen = {name: np.log1p(x) if name in logged else x for name, x in whole.items()}
    seen = DataFrame(seen, copy=False)
    points = scale(seen, options.no_scale)
    require_differences(seen, points, options.clusters or 3)
    return source, features, logged, seen, points


def find_segments(points, options):
    """Search, fit, and see how far to trust what was found.

    Returns the curve, the labels, the silhouettes, the stability of each segment, and the mean
    silhouette that customers without segments would have.
    """
    seed = options.seed
    curve = search(points[draw_sample(len(points), SAMPLE)], options.max_clusters, seed)
    k = options.clusters or find_elbow(curve["wcss"])[0]
    curve, labels = fit(points, k, curve, seed)
    shown = draw_sample(len(points), SILHOUETTE_SAMPLE)
    silhouettes = Series(silhouettes_of(points[shown], labels[shown]), shown)
    stability, even = find_stability(points, labels, seed), find_even_silhouette(points, k, seed)
    return curve, labels, silhouettes, stability, even


def analyse(options, step=lambda name: None):
    """Go the road from the CSV file to the report, the warnings, and the files to be saved.

    Calls `step` with the number and name of each step when it begins.
    """
    step("1 of 5, read")
    source, features, logged, seen, points = prepare(options)
    customers, width = source.customers, features.shape[1]
    step("2 of 5, explore")
    categories = find_categories(customers, features)
    groups, statistics = count_groups(features, categories), features.describe()
    overview, odd = explore(options.csv.name, customers, features, groups, statistics, logged)
    step("3 of 5, segment")
    curve, labels, silhouettes, stability, even = find_segments(points, options)
    complete = seen.index if len(seen) < len(features) else slice(None)  # which is no copy
    whole, kinds = features.loc[complete], categories.loc[complete]
    means, shown = describe(whole, kinds, labels)
    distances = describe(seen, kinds, labels)[1] if logged else shown
    centroids, apart = means.loc[shown.index].iloc[:, :width], distances.iloc[:, :width]
    names = name_segments(centroids, apart)
    profiles = profile(names, labels, silhouettes, stability)
    verdict, judgement, doubts = judge(curve, profiles, silhouettes, even)
    step("4 of 5, draw")
    explained = say_explained(shown.iloc[:, :width], profiles)
    described = profiles.loc[:, :"Share"], means.loc[names.index], profiles.loc[:, "Silhouette":]
    files = {
        "01_distributions.png": draw_distributions(features, statistics),
        "02_counts.png": draw_counts(groups, len(customers)),
        "03_by_category.png": draw_by_category(whole, kinds),
        "04_relationships.png": draw_relationships(features),
        "05_elbow.png": draw_elbow(curve, len(profiles), verdict),
        "06_silhouette.png": draw_silhouettes(silhouettes, labels, profiles),
        "07_clusters_2d.png": draw_clusters_2d(whole, labels, centroids, explained, profiles),
        "08_clusters_3d.png": draw_clusters_3d(whole, labels, centroids, explained, profiles),
        "09_profiles.png": draw_profiles(means, distances, width, profiles),
        "segments.csv": functools.partial(write_segments, source, labels, seen.index, names),
        "profiles.csv": pd.concat(described, axis=1).rename_axis("Segment"),
        "elbow.csv": curve,
    }
    report = f"{overview}\n\n{judgement}\n\n{tabulate(profiles, centroids)}"
    return report, odd + doubts, {name: file for name, file in files.items() if file is not None}


def say(stream, text, end="\n"):
    """Print for the user, if the stream takes it: a closed pipe or a full disk is no error here."""
    try:
        print(text, end=end, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_step(started, name):
    """Say on stderr which step begins, once the run takes long; on a terminal in one place."""
    seconds = time.perf_counter() - started
    if seconds > SHORT_RUN:
        begin, end = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
        say(sys.stderr, f"{begin}segment.py: step {name}, {seconds:.0f} s so far", end)


def run(argv):
    """Do what the command line says; InputError if it can't be done."""
    started = time.perf_counter()
    options = parse_arguments(argv)
    require_folder(options.output, options.csv)
    if not options.show:
        matplotlib.use("agg")
    installed = fontManager.get_font_names()
    theme = THEME | {"font.family": [font for font in FONTS if font in installed]}
    try:
        with (
            plt.style.context(theme, after_reset=True),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            step = functools.partial(show_step, started)
            try:
                report, doubts, files = analyse(options, step)
            except InputError as error:
                raise InputError(f"{options.csv}: {error}") from None
            step("5 of 5, save")
            text = f"{report}\n".encode(errors="backslashreplace")
            save(options.output, files | {"report.txt": lambda file: file.write(text)})
            seconds = time.perf_counter() - started
            summary = f"{len(files) + 1} files in {options.output}, {seconds:.1f} s"
            say(sys.stdout, f"{report}\n\n{summary}")
            if any("missing from" in str(warning.message) for warning in caught):
                doubts.append("some letters are drawn as boxes; install a font that has them")
            if options.show and plt.get_backend().lower() == "agg":
                doubts.append("no window can be opened here; look into the folder instead")
            for doubt in doubts:
                say(sys.stderr, f"segment.py: warning: {one_line(doubt)}")
            if options.show:
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
        say(sys.stderr, f"segment.py: error: {one_line(error)}")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    os._exit(main())  # all is written; to take the packages apart in order takes as long as to fit
