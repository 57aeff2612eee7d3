#!/usr/bin/env python3
"""Tell a shop who its customers are: explore a CSV, find its segments, draw them.

    python segment.py [CSV] [-o DIR] [-f COLUMN ...] [-k K] [--max-clusters N]
                      [--log COLUMN ...] [--no-scale] [--seed N] [--encoding NAME]
                      [--like DIR] [--show]

The data, as it travels down this file:

source      the file: its bytes, their encoding, what stands in front of the table (a byte order
            mark, a line "sep=;"), what separates the fields, and cautions about its letters
records     header and customers as csv finds them: how many fields, and in which lines
reading     how the source was read: its records, the kinds of the columns, the marks before their
            decimals, those that are a guess, what helps to read other columns, notes for the user,
            and the latest date of each feature of dates
customers   DataFrame, one row a customer, indexed by its line in the file, of every column of it:
            numbers where it measures; IDs, codes and all else are texts
features    DataFrame of numbers, the columns to segment by, in the file's own units; dates are days
            before the latest one, two texts are 0 and 1
categories  DataFrame of the text columns with few distinct values, such as Gender
groups      dict of Series: how many customers have each value of a category, or band of a feature
inputs      the features as they go into K-Means, but for their scale: some may be logarithms;
            where these stand is where pictures draw them
units       DataFrame indexed by feature: is it logged (log), which input (center) is 0 and how much
            of it (scale) is 1 in the points; the column of the file that it comes from, its kind,
            and the two words that 0 and 1 stand for
points      float array (customers, features), the scaled inputs: z-scores unless told otherwise
scaled      the points as a DataFrame, with the customers and features of the inputs
curve       DataFrame indexed by k = 1, 2, ...: the wcss and the mean silhouettes of k segments
choice      the k of the run and that which the curve names, the elbow and its sharpness, the k that
            the silhouette prefers, rivals that are nearly as good, and whether the curve ends where
            a larger k may be better
labels      int Series, the segment of each customer who has every feature: 1 is the largest
silhouettes Series of those customers, or of a sample of them
explained   DataFrame indexed by feature, the best explained first: the variance between segments,
            all variance, both as K-Means sees them, and the share of the one in the other
unused      DataFrame of the customers' other columns that measure, and of 1 or 0 for each value of
            a category; its columns are pairs of a column and a value
means       DataFrame: in each segment, the mean of each feature and of each other column that
            measures, and the share of each category value (Gender: Female); in a last row,
            "average", those of all customers
distances   DataFrame: how many standard deviations a segment's means lie above the average
fit         the labels and the centroids that K-Means found, an array like points; the stability of
            each segment and its error; the evidence of the search (curve, choice, the silhouette
            that evenly strewn customers would reach, how far unseen customers lie and how much that
            varies) or, with --like, the segments of then
table       DataFrame indexed by segment: Name, Customers, Share, Silhouette, Stability; with --like
            also Share then, Change (points) since then, and Moved: is that no chance; and for
            pictures and the report its color, marker and title, and the error of its stability
columns     DataFrame of what the means are of: the column, and the value if it is a share of a
            category; is it a feature, a share of customers (is_share), does it differ between
            segments by more than chance (differs); and its largest distance
segments    features (of the customers with labels), labels, centroids, silhouettes, table, means,
            distances, explained, columns, the words of the units, and rules together
rules       the box of each segment (a range in some features), how many of its customers it finds,
            how many of those that it finds are right, and the share of customers in just one, right
judgement   paragraphs of the report on trust or on what changed, cautions, and what 00 and 09 say
earlier     the run that --like names: its folder, model, units, segments and centroids
model       dict, as in model.json: what gives a customer to a segment, now and in later months
paragraphs  dict of the texts and tables of the report, in order, by the label in their margin
dialect     how tables are written: the separator, decimal mark and encoding of the file
cautions    list of what to warn the user of, a sentence each
"""

import gc
import logging
import os
import signal

if __name__ == "__main__":
    # A Ctrl-C shows no traceback of the imports or of compiled code; there is hardly garbage to
    # look for; and K-Means in threads is no faster on small data, but slow on a busy machine.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    gc.disable()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Matplotlib does not start where Jupyter names its own windows, and tells of a home that can't
    # be written.
    os.environ.pop("MPLBACKEND", None)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)

import argparse
import bz2
import contextlib
import csv
import gzip
import io
import itertools
import json
import lzma
import math
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unicodedata
import warnings
import zipfile
from array import array
from collections import namedtuple
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import NormalDist

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patheffects import withStroke
from matplotlib.ticker import EngFormatter, MaxNLocator
from matplotlib.transforms import blended_transform_factory
from pandas import DataFrame, Series
from pandas.api.types import is_integer_dtype, is_numeric_dtype
from pandas.util import hash_array
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_selection import f_classif
from sklearn.metrics import euclidean_distances, pairwise_distances_argmin, silhouette_samples

# ---------------------------------------------------------------------------- what you may change

SHIPPED_CSV = Path(__file__).with_name("Mall_Customers.csv")
DEFAULT_FEATURES = ["Age", "Annual Income", "Spending Score"]
AGE_GROUPS = {"under 18": 17, "18-25": 25, "26-35": 35, "36-45": 45, "46-55": 55, "56+": np.inf}
# Words of files, in small letters, as regular expressions. What a spreadsheet writes for a formula
# that failed begins with #.
MISSING_WORDS = (
    r"na|n/a|n\.a\.|-?nan|<na>|nat|null|\(null\)|none|<?nil>?|\\n|undefined|"
    r"#n/?[ad]|#nv|#н/д|#[\w/¡]+ ?[!?]|(err|error|fehler|erreur):\d+"
)
TOTAL_WORDS = (
    "(grand|sub)?totals?|total(général|general)|sum|avg|average|mean|summe|gesamt|gesamtsumme|"
    "insgesamt|durchschnitt|mittel|mittelwert|somme|moyenne|suma|media|promedio"
)
# The first takes every currency sign of Unicode, with up to three letters before it (R$, GH₵); the
# others are codes and words. Each spelling is a unit of its own: € beside EUR is refused.
CURRENCIES = (
    "(?!(k|m|t|mn|mio|mrd|bn|tsd)[$£€])[a-z]{0,3}[$¢-¥฿₠-⃀￥]|aed|ars|aud|bgn|bhd|brl|cad|chf|clp|cny|cop|czk|dkk|egp|eur|euro|gbp|hkd|"
    "huf|idr|ils|inr|jod|jpy|krw|kwd|mad|mxn|myr|ngn|nok|nzd|omr|pen|php|pkr|pln|ron|rsd|rub|sar|sek|"
    "sfr|sgd|thb|tnd|try|twd|uah|usd|vnd|zar|kr|zł|kč|ft|fr|lei|rs|руб|元|円|원"
)
THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}  # currencies with thousandths
BLANKS = (" ", "\u00a0", "\u2009", "\u202f")
PHONE_NUMBER = re.compile(r"\+\d+(\s\d+){2,}|\+\d{9,}")
GROUP_MARKS = "'’" + "".join(BLANKS)  # part thousands, as do the point and the comma
MINUS_SIGNS = ("-", "−", "(")
# Currencies that are read in features only, because elsewhere their letters may be anybody's.
MORE_CURRENCIES = "rp|rm|ksh|kes|tl|s/|r|fcfa|грн"
# Words that multiply are no units: 1.2k is refused.
MULTIPLIERS = (
    "[kKMTL]|(?i:mn|mio|mrds?|bn|b|tsd|teur|lakhs?|lacs?|cr|mln|mld|md|mil|jt|juta|rb|ribu|тыс|млн|"
    "[万萬億亿만억])"
)
NUMBER_LETTERS = r"[\d\s.,'’()+−–-]"  # what is no letter of a unit
MOST_UNIT_LETTERS = 4
YES_WORDS = (
    "yes|y|true|t|ja|j|oui|o|sí|si|s|sim|wahr|vrai|vero|verdadeiro|verdadero|igaz|igen|tak|prawda|"
    "ano|pravda|istina|cert|ναι|αληθεσ|כן|có|네|jā|já|bai|ใช่|tõene|da|adevărat|evet|doğru|waar|sand|sant|sann|tosi|kyllä|да|истина|так|是|はい|예|on"
)
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
WEEKDAY = r"((mon|tues?|wed|wednes|thu|thurs?|fri|sat|satur|sun)(day)?[.,]?\s+)?"
CLOCK = r"[0-9]{1,2}[:.h][0-9]{2}([:.][0-9]{2})?([.,:][0-9]+)?(\s*[ap]\.?\s?m\.?)?"
ZONE = r"(\s*([a-z]+/[a-z_/]+|[a-z]{1,5}|[-+−][0-9]{1,2}(:?[0-9]{2}){0,2}))*(\s*[\[(][^\])]+[\])])?"
TIME = (
    rf"([t,:\s]+(at\s+|um\s+)?({CLOCK}|[0-9]{{1,2}}\s*[ap]\.?\s?m\.?|midnight|noon){ZONE}|"
    r"z|[-+][0-9]{2}:[0-9]{2})?"
)
WORD = r"(?P<word>[a-z]{3,9})\.?"
DAY = r"(?P<day>[0-9]{1,2})(st|nd|rd|th)?"
# Behind the 10 of "Mar 5 10:30:15" stands no time, but the rest of one.
YEAR = r"(?P<year>[0-9]{4}|[0-9]{2}(?!:[0-9]{2}(:[0-9]{2})?(?![0-9:])))"
MARK = r"(?P<mark>\s?[-/.]\s?|\s)"
# Dates in small letters, each with a time behind it. What is called first and second may be the day
# or the month.
DATE_FORMS = [
    rf"{WEEKDAY}(?P<year>[0-9]{{4}}){MARK}(?P<month>[0-9]{{1,2}})(?P=mark)(?P<day>[0-9]{{1,2}})\.?{TIME}",
    rf"{WEEKDAY}(?P<first>[0-9]{{1,2}}){MARK}(?P<second>[0-9]{{1,2}})(?P=mark){YEAR}\.?{TIME}",
    r"(?P<year>(?:18|19|20|21)[0-9]{2})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12][0-9]|3[01])"
    rf"(t?([01][0-9]|2[0-4])[0-5][0-9]([0-5][0-9]([.,]?[0-9]{{3}})?)?z?|\.0|{TIME})",
    rf"{WEEKDAY}{DAY}[-./,\s]{{0,2}}(of\s)?{WORD}[-./,\s]{{0,2}}{YEAR}{TIME}",
    rf"{WEEKDAY}{WORD}[-./\s]{{0,2}}{DAY}[-./,\s]{{1,2}}{YEAR}{TIME}",
    rf"{WEEKDAY}{WORD}\s+{DAY}\s+{CLOCK}{ZONE}\s+(?P<year>[0-9]{{4}})",
    rf"(?P<year>[0-9]{{4}})[-./\s]?{WORD}[-./\s]?{DAY}{TIME}",
]
DATE_FORMS = [re.compile(form) for form in DATE_FORMS]
DATE_GAPS = r"\(error\)|invalid date|0{8}(0{6})?|99991231\d*"  # besides MISSING_WORDS
# What looks like a date to a person, in any language.
LIKE_DATE = re.compile(
    r"\d{4}[-/.年]\s?\d\d?([-/.月]\s?\d.*)?|\d\d?\s?[-/.]\s?\d\d?\s?[-/.]\s?\d\d.*|"
    r"([^\W\d]+\.?,? )?(\d\d?[-. ]*(de )?)?[^\W\d_]{3,10}[-., ]+(de )?\d{2,4}(?![\d.,]*\d).*",
    re.IGNORECASE,
)
DATE_ADVICE = "write dates as 2024-03-05"
DATE_REASON = f"is no date that can be read; {DATE_ADVICE}, and numbers without other words"
# Two digits that are years before 1970 to spreadsheets, and years to come to POSIX.
DOUBTFUL_YEARS = range(30, 69)
FIRST_YEAR = 1800
LAST_YEAR = 2200  # later ones are slips, or years of another calendar
LETTERS_ADVICE = "if its letters look wrong, name their encoding with --encoding"
COMMON_ENCODINGS = "gbk, shift_jis, cp1250, cp1251, cp1254 ..."
NUMBER_REASON = "is no number; write digits, or leave it blank"
SIZE_REASON = "is beyond 1e15; write a smaller number, or leave it blank"
GUESS = "though nothing in the file tells it from one of thousands"
FEWEST_ROWS = 4  # of customers, whose fields show that a header lacks a name
FEWEST_THAT_TELL = 20  # numbers, by whose spelling a mark is told
# The last word in the name of a column of numbers that measure nothing.
CODE_WORDS = (
    "ids?|no|nr|num|number|nummer|row|codes?|zip|zipcode|postcode|postal|plz|key|phone|tel|fax|"
    "sku|article|artikel|ip|tax|iban|ean|isbn|barcode|serial|mrn|cep|kodepos|lat|latitude|lon|lng|"
    "longitude|手机号?|手机号码|电话|邮编|電話番号|郵便番号|전화번호|우편번호"
)
CODE_FIRST_WORDS = ("code", "código", "codice", "kod", "kode")  # as in Kode Pos
# Numbers of articles, taxes and computers: 211.576.508; those like 0049 are codes, too.
CODE_NUMBER = r"\d{2,3}([. ])\d{3}(\1\d{3})+"
# What a column is.
ID = "ID"
GUESSED_ID = "perhaps an ID"
CODE = "code"
DATE = "date"
TWO_VALUES = "two values"
COUNT = "count"
RATING = "rating"
MEASURE = "measure"
CONSTANT = "constant"
SEGMENT = "segment"  # of the file's own segments, which are a category, be they numbers
TEXT = "text"
# Those that are read as numbers, if they are some.
NUMERIC_KINDS = (GUESSED_ID, TWO_VALUES, COUNT, RATING, MEASURE, CONSTANT, SEGMENT)
MEASURES = (COUNT, RATING, MEASURE)
# English words that end in "id": PAID is no ID, but PERMITID may be one.
ID_LIKE_WORDS = "aid|bid|grid|hybrid|covid|fluid|liquid|solid|valid|rapid|void|acid|android|kid|mid"
SEGMENT_NAMES = ("segment", "segmentname")
MOST_ADVISED = 8  # features in a command that is proposed
ADVICE_LETTERS = 400  # in which it is explained
MOST_COMPLETE = 0.8  # the share of customers who have all of them, if possible
LONG_CODE = 7  # digits
SAME_CORRELATION = 0.98  # beyond which two columns say the same
ID_WORDS = "ids?|no|nr|num|number|nummer|numero|número|code|código|key|uid|uuid|guid"
# Whom an ID is of; of several the first counts, and none of an order, a product or a store.
ID_OWNERS = [
    "customers?|cust|clients?|clientes?|kunden?|müşteri|klient|顧客|客户|客戶|고객",
    "members?|mitglied(er)?s?|socio",
    "users?|usuario|utilisateur|benutzer|nutzer",
    "accounts?|acct|konto|cuenta|compte|conta",
    "households?|hh|haushalt",
]
ID_NAMES = [f"({owner})(unique)?({ID_WORDS})|({ID_WORDS})({owner})" for owner in ID_OWNERS]
ID_NAMES += ["(customer|client|user)?email(address|adresse)?"]
ID_NAMES += ["(donor|guest|patient|subscriber|visitor|passenger|player|student)?(id|uid|uuid|guid)"]
LARGEST_NUMBER = 1e15  # up to here a float tells a number from the next
MOST_CATEGORY_VALUES = 10  # a text column with more distinct values is no category
MOST_HEADER_ROWS = 10  # in which titles, names and units may stand
OTHER = "other"  # of its values together, that are not among the most common
MOST_SEGMENTS = 30  # that pictures and names can tell apart
ORDER_SHARE = 0.1  # of the rows, whose customer has a row already, and the rows are orders
LARGE_SKEWNESS = 2  # from which the longest tails make segments of their own
UNEVEN_SKEWNESS = 1  # from which bands hold like numbers of customers, not like ranges
CHANCE = 0.05  # how probable a difference between categories may be if there is none
OUTLIER_DISTANCE = 4  # standard deviations at which a segment of one may be a slip of the pen
CLEARED_LINE = "\r\033[K"  # of a terminal
SHORT_RUN = 2  # seconds, after which a run says what it is at

NAMING_DISTANCE = 0.5  # standard deviations from the average customer that earn a word
REPORT_COLUMNS = 100  # letters in a line of the report
REPORT_HEAD = 12  # in the head of a column of it
REPORT_FEATURES = 4  # in its table of segments; those that tell most
MOST_WORDS = 3  # features in a name
WORD_LETTERS = 24  # of the name of a feature in it
# What a name says of a feature below and above the average; the key, or {}, is its short name.
NAME_WORDS = {"age": ("younger", "older")}
FLAG_NAME_WORDS = ("without {}", "with {}")  # of features that are 0 or 1, or yes and no
TEXT_NAME_WORD = "mostly {}"  # of two other texts
# Of days since something: few, and many. The keys are what they are since.
RECENCY_NAME_WORDS = {
    "order|purchase|bought|buy|transaction|sale": ("bought recently", "not seen for long"),
    "visit|seen|check ?in": ("seen recently", "not seen for long"),
    "": ("recent {}", "{} long ago"),
}
RECENCY = re.compile(
    r"(days?|weeks?|months?|years?) since (?P<since>.+)|(?P<ago>.+?)( days?)? ago|recency( days)?"
)
OTHER_NAME_WORDS = ("low {}", "high {}")  # of features that have no words of their own above
AVERAGE_NAME = "average"  # the name of a segment that no feature sets apart

# What short_names leaves out of the name of a column.
FILLER_WORDS = (
    "amount|amt|annual|average|avg|customer|index|level|mnt|no|num|number|of|score|the|total"
)
LINK_WORDS = "a|an|as|by|for|from|in|of|per|the|to|with"

SAMPLE = 10_000  # customers, drawn at random, whom the search and the stability look at
SILHOUETTE_SAMPLE = 2_000  # of them for silhouettes, whose cost grows with the square
SCATTER_SAMPLE = 5_000  # points that a picture shows
CANDIDATES = 500  # customers of whom one becomes the next centroid of the search
FEW_CUSTOMERS = 2_000  # up to which many starts and resamples cost little, and are needed most
Effort = namedtuple("Effort", ["search_starts", "final_starts", "resamples", "resample_starts"])
# 25 starts leave WCSS of the mall within 1% of the best, to k = 10; one in 15 finds the best 6 mall
# segments, so that all of 100 miss in 1e-3, and the search's own centroids are one start more; 100
# resamples are what Hennig's own software takes.
EFFORT = Effort(search_starts=25, final_starts=100, resamples=100, resample_starts=5)
EFFORT_FOR_MANY = Effort(search_starts=8, final_starts=30, resamples=20, resample_starts=3)
FINAL_STEPS = 4  # over every customer of a large file, from the centroids of the sample
DECISIVE_SHARPNESS = 2.1  # an elbow less sharp is weak, and needs the silhouette's consent
CLEAR_SHARPNESS = 3  # an elbow at least this sharp is called clear
LATE_DROPS = 0.1  # power of k by which a later drop of WCSS counts more: small, and measured
NEARLY_BEST = 0.02  # below the best silhouette, up to which another k does nearly as well
EVEN_CLOUDS = 10  # made to see which silhouette K-Means reaches where there are no segments
GOOD_STABILITY = 0.75  # and more: Hennig (2007)
POOR_STABILITY = 0.6  # and less: Hennig (2007)
UNSURE_ERRORS = 2  # standard errors beside these limits, within which there is no verdict
FEWEST_RELIABLE = 10  # customers of a segment that can be relied on
MOST_LISTED = 8  # segments in a sentence
STABILITY_HELP = "0.75 and more is stable, 0.6 and less is not to be relied on"  # Hennig (2007)
GOOD_SILHOUETTE = 0.5  # and more: Kaufman and Rousseeuw (1990)

RULE_SAMPLE = 2_000  # customers from whom rules are made
RULE_GAIN = 0.01  # of F1, that a bound of a rule has to be worth
RULE_FOLDS = 5
MOST_RULES = 20  # in a picture
LEAST_F1 = 0.5  # of a rule that is shown

MODEL_VERSION = 1  # of the format of model.json
LONGEST_NAME = 500  # letters of a feature or a segment in it
LARGEST_SCALED = 1e100  # up to here numbers in it, or their inverse, can be squared
NEAR_SHARE = 0.99  # of the customers, who lie within its distance
FAR_ERRORS = 5  # by which more later customers than that are far, before they may be a new kind
FAR_DEVIATION = 0.005  # of the share of far customers; that of runs that did not measure it
MOVED_MEAN = 0.5  # standard deviations by which a mean has moved since then
FALSE_ALARM = 0.005  # how probable moved means, or empty segments, may be if nothing changed
MOVED_SHARE = 0.01  # by which the share of a segment has moved, ...
MOVED_ERRORS = 3  # ... which has to be as many standard errors, too

INK = "#262626"
NOTE_COLOR = "#5f5f5f"
GREY = "#8c8c8c"
ACCENT = "#0173b2"
VIOLIN_COLOR = "#c9d8e8"
# All stand out from white, and from each other for people who can't tell red, green or blue: 23
# apart in Lab at least (CIE76; Machado, Oliveira and Fernandes 2009, severity 1).
SEGMENT_COLORS = [
    "#0077aa",
    "#bb8855",
    "#990000",
    "#bb66ff",
    "#889900",
    "#dd4477",
    "#003399",
    "#662255",
]
SEGMENT_MARKERS = "os^DvPpX*<>"  # 11 shapes to 8 colours: no pair comes back before the 89th
HIDDEN = ["error", "color", "marker", "title"]  # columns of the table of segments in no file
DPI = 120  # pixels an inch; no picture is larger than 20 inches
TRUST_COLUMNS = ["Silhouette", "Stability"]
UNUSED_TITLE = "not used"  # of the columns in 09 that are no features
MARGIN = 0.3  # inches, as all sizes of pictures
TITLE_SIZE = 14  # points
MOST_PANELS = 9  # of a picture, and features in 09
MOST_PAIRS = 6  # panels of pairs of features, or of a feature and a category
MOST_COLUMNS = 10  # in 09, features and shares of categories
MARKED_DISTANCE = 0.25  # standard deviations from the average from which 09 has an arrow
DARKEST_DISTANCE = 2  # and at which its colours end
NUMBER_OFFSET = 0.03  # from a centroid to its number, in parts of a panel
NUMBER = {"ha": "center", "va": "center", "weight": "bold", "zorder": 10}
NUMBER["path_effects"] = [withStroke(linewidth=3, foreground="white")]
FONTS = [  # the first comes with matplotlib; the others, if installed, have letters that it lacks
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "Arial Unicode MS",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Unifont",
]
THEME = {
    "axes.edgecolor": GREY,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "axes.unicode_minus": False,
    "figure.dpi": DPI,
    "legend.frameon": False,
    "text.color": INK,
    "text.hinting": "none",
    "text.parse_math": False,  # a $ in the name of a column is a dollar
}

SUMMARY = "00_summary.png"
SUMMARY_FEATURES = 3
SUMMARY_SEGMENTS = 10
SUMMARY_LETTERS = 500  # of all rules, for which it has room
SUMMARY_THEME = {"font.size": 11, "axes.titlesize": 11}  # for 1,200 pixels in a mail
MODEL_FILE = "model.json"
REPORT = "report.txt"
OWN_HEADS = {  # how a file that this script made begins, now or in an older version
    REPORT: r"(Read|Data)  ",
    MODEL_FILE: r"{\s*\"version\":",
    "segments.csv": r".*?(\W)Segment( \(new[ \d]*\))?\1Segment name( \(new[ \d]*\))?[\r\n]",
    "profiles.csv": r"\W*Segment(\W)Name\1Customers\1Share\1",
    "elbow.csv": r"\W*k(\W)wcss\1silhouette",
    "moves.csv": r"\W*From(\W)To 1\1",
}
MAKER = "segment.py"  # as the metadata of pictures say
UNFINISHED = ".segment-unfinished-"  # how the name of a folder of unfinished files begins
LONGEST_RUN = 86_400  # seconds
NEW_COLUMNS = ["Segment", "Segment name"]
OLDER_MODEL = {  # what a model without these keys means
    "encoding": "utf-8",
    "separator": ",",
    "marks": {},
    "segment_columns": NEW_COLUMNS,
    "far_deviation": FAR_DEVIATION,
}
OLDER_SEGMENT = {"rule": []}  # the same of its segments
OLDER_FEATURE = {"column": None, "kind": MEASURE, "words": None}  # the same of its features
BYTE_ORDER_MARK = "\ufeff"
SHARE_THEN = "Share then"
CHANGE = "Change (points)"
RULE = "Rule"
RULE_COLUMNS = [RULE, "Rule finds", "Rule is right"]
MOVED = "Moved"
NO_NAME = "(no name)"
UNIT = re.compile(r"\(.*?\)|\[.*?\]|（.*?）")  # the "(k$)" of "Annual Income (k$)"
SURROGATE = re.compile("[\ud800-\udfff]")  # half a letter, which stands for a damaged byte
HEAD_LETTERS = 2**20  # in which it shows what separates the fields
HEAD_LINES = 20  # which all have their separator equally often
SEPARATORS = ";\t|,"  # the first ones are rarer in names and texts
QUOTED = r'"[^"]*(?:""[^"]*)*"'  # a field in quotes, with the doubled ones in it
# What may stand in front of a table: a byte order mark, and the line by which Excel is told.
PREAMBLE = re.compile('\ufeff?("?sep=(?P<separator>[!#-/:-@|~^]|\t)"?[ ,;\t]*(\r\n|\r|\n))?', re.I)
UNPACK = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
FILE_ENDINGS = {".csv", ".tsv", ".txt", ".zip", *UNPACK}


class InputError(Exception):
    """What is wrong with the command, the file or the folder, in one line for its user."""


# ------------------------------------------------------------------------------------------- read

Source = namedtuple(
    "Source", ["data", "encoding", "is_guess", "preamble", "separator", "has_quotes", "cautions"]
)
Records = namedtuple("Records", ["header", "place", "width", "begins", "blanks", "empty_rows"])
Column = namedtuple("Column", ["name", "lines", "codes", "texts", "readings"])
Feature = namedtuple("Feature", ["name", "values", "kind", "words"])
Numbers = namedtuple("Numbers", ["values", "mark", "note", "doubt"])
Hints = namedtuple("Hints", ["separator", "opinions", "marks_then"])
Reading = namedtuple(
    "Reading", ["source", "records", "hints", "kinds", "marks", "doubts", "notes", "latest"]
)
Dialect = namedtuple("Dialect", ["separator", "decimal", "encoding", "mark"])


def read_customers(path) -> DataFrame:
    """Read a CSV file with a header and a line a customer, packed or not.

    Returns a DataFrame of shape (customers, columns), indexed by the line in the file at which a
    customer begins: numbers where a column measures, IDs and all else as texts, as spelt. Raises
    InputError with what is wrong and where if the file can't be used.
    """
    try:
        customers, _ = parse(load(Path(path)), {})
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return customers


def load(path, encoding=None, separator=None):
    """Return the source. Raises InputError if there is no file, or no text in it.

    Encoding and separator are found out where they are not given.
    """
    data = unpack(path)
    if data.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0")):
        raise InputError("is a spreadsheet, or a zip by another name; save the sheet as CSV")
    text, found_encoding = find_encoding(data, encoding)
    if "\0" in text:
        line = 1 + count_line_ends(text[: text.index("\0")])
        raise InputError(f"line {line:,} has a NUL byte, as no text has; save it as CSV")
    cautions = find_letter_cautions(text, found_encoding, encoding)
    preamble = PREAMBLE.match(text)
    separator = preamble["separator"] or separator or find_separator(text)
    has_quotes = '"' in text
    is_guess = found_encoding == "cp1252" and encoding is None and not text.isascii()
    return Source(data, found_encoding, is_guess, preamble[0], separator, has_quotes, cautions)


def unpack(path):
    """Return the bytes of a file, unpacked if its name says that it is packed.

    Raises InputError if it can't be read, for whatever reason.
    """
    ending = path.suffix.lower()
    try:
        if ending == ".zip":
            return unpack_zip(path)
        open_file = UNPACK.get(ending, open)
        with open_file(path, "rb") as file:
            return file.read()
    except MemoryError:
        raise
    except Exception as error:  # each way to pack has its own
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"can't be read: {reason}; name a file that is there and whole") from None


def unpack_zip(path):
    """Return the bytes of the one file in a zip; ValueError if it is not one."""
    with zipfile.ZipFile(path) as archive:
        # Folders are listed, too, and a Mac packs a note of its own beside each file.
        names = [name for name in archive.namelist() if not re.search("/$|^__MACOSX/", name)]
        if len(names) != 1:
            raise ValueError("it packs several files, or none")
        return archive.read(names[0])


def find_encoding(data, encoding):
    """Return the text of these bytes, and its encoding: this one, or the first that fits.

    Bytes that are damaged become surrogates, which are these bytes again where they are written.
    Raises InputError if no encoding fits.
    """
    encodings = ["utf-8", "cp1252"]
    if encoding:
        encodings = [encoding]
    # Of UTF-16 the first two bytes tell which of the two bytes of a letter comes first.
    if encoding in (None, "utf-16") and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16-le" if data.startswith(b"\xff\xfe") else "utf-16-be"]
    for name in encodings:
        text = decode(data, name)
        if text is not None:
            return text, name
    names = encoding or "UTF-8, UTF-16 or Windows-1252"
    raise InputError(
        f"is no text in {names}; save it as CSV (UTF-8), or name its encoding with --encoding "
        f"({COMMON_ENCODINGS})"
    )


def decode(data, encoding):
    """Decode a text; None if less than half of the letters beyond ASCII fit the encoding."""
    try:
        text = data.decode(encoding)
        return None if SURROGATE.search(text) else text
    except UnicodeError:
        if encoding == "cp1252":  # it knows almost any byte, and is wrong if it does not know one
            return None
    try:
        text = data.decode(encoding, errors="surrogateescape")
    except UnicodeError:
        return None
    damaged = len(SURROGATE.findall(text))
    letters = len(re.findall("[^\0-\x7f]", text))
    return text if damaged < letters / 2 else None


def find_letter_cautions(text, found_encoding, encoding):
    """List what the user should know of the letters: that some are damaged, or all a guess."""
    cautions = []
    if text.isascii():
        return cautions
    damage = SURROGATE.search(text)
    if damage:
        line = 1 + count_line_ends(text[: damage.start()])
        cautions.append(f"line {line:,} has a damaged letter, \ufffd; correct the file")
    if found_encoding == "cp1252" and encoding is None:
        place = re.search("[^\0-\x7f]", text).start()
        start = max(0, place - 40)
        before = re.split(r'[\s,;|"]', text[start:place])[-1]
        behind = re.split(r'[\s,;|"]', text[place : place + 40])[0]
        line = 1 + count_line_ends(text[:place])
        cautions.append(
            "the letters are not UTF-8, and are taken for Windows-1252: if "
            f"'{before}{behind}' in line {line:,} looks wrong, name their encoding with "
            f"--encoding ({COMMON_ENCODINGS})"
        )
    return cautions


def find_separator(text):
    """Return the first separator that all lines of the head have equally often, outside of quotes.

    Else it is that which header and first customer both have most of; where one of the two has
    none, that which the other has most of.
    """
    head = re.sub("\r\n?", "\n", text[:HEAD_LETTERS])
    head = re.sub(rf"(?<![^\n{SEPARATORS}]) *{QUOTED}", "quoted", head)
    lines = [line for line in head.split("\n") if line.strip("\ufeff \t")]
    counts = {}
    for separator in SEPARATORS:
        numbers = [line.count(separator) for line in lines[:HEAD_LINES]]
        if len(numbers) > 1 and numbers[0] > 0 and len(set(numbers)) == 1:
            return separator
        counts[separator] = sorted(numbers[:2])
    return max(counts, key=counts.get)


def open_lines(source, errors="replace"):
    """Open the lines of a source, a stream of texts with their ends, behind the preamble."""
    data = io.BytesIO(source.data)
    lines = io.TextIOWrapper(data, source.encoding, errors, newline="")
    lines.read(len(source.preamble))
    return lines


def parse(source, marks_then):
    """Return the customers of a source, and the reading.

    The marks of an earlier run, a dict by column, tell what a column itself does not.
    """
    try:
        return parse_table(source, marks_then)
    except InputError as error:
        raise name_encoding(error, source) from None


def name_encoding(error, source):
    """Return an InputError that names --encoding, too, if the letters of its source are a guess."""
    if not source.is_guess or "--encoding" in str(error):
        return error
    return InputError(f"{error} ({LETTERS_ADVICE})")


def parse_table(source, marks_then):
    """Do what parse does, whatever the letters are."""
    source, records, notes = find_records(source)
    header_line = records.begins[records.place]
    values = name_columns(read_values(source, records), records.header, header_line)
    require_customer_rows(values)
    left_out = []
    if records.empty_rows:
        left_out.append(f"{records.empty_rows:,} empty rows")
    if len(values.columns) < records.width:
        left_out.append(f"{records.width - len(values.columns):,} empty columns")
    if left_out:
        notes.append(f"{' and '.join(left_out)} left out")
    customers = dict.fromkeys(values)
    kinds = dict.fromkeys(values, ID)
    columns = []
    values = dict(values.items())  # out of which one goes in no time, be they thousands
    for name in customers:
        texts = values.pop(name)
        if is_id_name(name):  # a million different texts, which would be looked at to no avail
            customers[name] = mask_blanks(texts.map(str.strip))
        else:
            column = read_column(name, texts)
            kinds[name] = find_kind(column)
            columns.append(column)
    opinions = find_opinions(columns, kinds)
    hints = Hints(source.separator, opinions, marks_then)
    reading = Reading(source, records, hints, kinds, {}, {}, notes, {})
    for column in columns:
        customers[column.name] = take_numbers_or_texts(column, reading)
    customers = DataFrame(customers, copy=False)
    require_header(customers, header_line)
    return customers, reading


def find_records(source):
    """Return the source, its Records, and a list of notes; repaired, where that is certain.

    A repaired source is another text, of as many lines. Raises InputError as read_records does, and
    if there is only one column.
    """
    try:
        records = read_records(source)
        names = [name for name in records.header if name.strip()]
        if len(names) > 1 or records.width > len(records.header):
            return source, records, []
        error = None
        if records.width == 1:
            error = InputError(
                f"line {records.begins[records.place]:,}, the header, has one name only, "
                f"'{one_line(names[0], 40)}'; customers take two columns or more, with commas, "
                "semicolons, tabs or pipes between them"
            )
    except InputError as found:
        error = found
    repaired = unwrap_records(source) or fit_records(source)
    if repaired is None and error is None:
        return source, records, []
    if repaired is None:
        raise find_preamble(source) or error
    rows, separator, note = repaired
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode(source.encoding, "surrogateescape")
    source = source._replace(
        data=data, separator=separator, preamble="", has_quotes=b'"' in data or source.has_quotes
    )
    return source, read_records(source), [note]


def list_rows(source, separator):
    """Return the fields of each record, a list of lists; none if csv can't part them for sure."""
    record = []
    rows = []
    with open_lines(source, "surrogateescape") as lines:
        lines = note_lines(lines, record)
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
        try:
            for row in reader:
                if has_text(row):
                    require_right_quotes(reader.line_num, record, row, separator)
                record.clear()
                rows.append(row)
        except (csv.Error, InputError):
            return []
    return rows


def find_preamble(source):
    """Return the InputError that says where the table begins, if what is above it is narrower."""
    widths = {}
    with open_lines(source) as lines, contextlib.suppress(csv.Error):
        reader = csv.reader(lines, delimiter=source.separator, skipinitialspace=True, strict=True)
        for row in itertools.islice(reader, HEAD_LINES):
            if has_text(row):
                widths[find_first_line(source) + reader.line_num - 1] = len(row)
    if len(widths) < 3:
        return None
    widths = Series(widths)
    others = widths[widths != widths.iloc[-1]]
    first_width = widths.iloc[0]
    table = widths.loc[others.index.max() + 1 :] if len(others) else widths
    is_title = first_width == 1 or len(others) > 1
    if not is_title or first_width >= widths.iloc[-1] or len(table) < 3:
        return None
    return InputError(
        f"line {widths.index[0]:,} has {first_width} fields, and those from line "
        f"{table.index[0]:,} on have {widths.iloc[-1]}; the table seems to begin in line "
        f"{table.index[0]:,}; remove what stands above it"
    )


def unwrap_records(source):
    """Take whole records out of quotes, and what pads them; return rows, separator and a note.

    So Excel and tills write a table whose separator is not theirs. Returns None unless each record
    then has as many fields as the header.
    """
    outer_rows = list_rows(source, source.separator)
    for separator in SEPARATORS:
        rows = []
        for outer_row in outer_rows:
            row = outer_row
            is_whole = has_text(row[:1]) and not has_text(row[1:])
            if is_whole and separator in row[0]:
                text = io.StringIO(row[0], newline="")
                inner_rows = list(csv.reader(text, delimiter=separator, skipinitialspace=True))
                row = inner_rows[0] if len(inner_rows) == 1 else row
            rows.append(row)
        widths = {len(row) for row in rows if has_text(row)}
        if rows != outer_rows and len(widths) == 1 and min(widths) > 1:
            return rows, separator, "records that stand in quotes as a whole were taken out of them"
    return None


def fit_records(source):
    """Give each record as many fields as the header; return rows, separator and a note.

    Returns None where it is not certain which fields are whose.
    """
    rows = list_rows(source, source.separator)
    full_rows = [row for row in rows if has_text(row)]
    if len(full_rows) <= FEWEST_ROWS:
        return None
    header = full_rows[0]
    customers = full_rows[1:]
    width = len(header)
    widths = {len(row) for row in customers}
    note = None
    has_blanks_alone = not any(has_text(row[width:]) for row in customers)
    if has_blanks_alone and min(widths) >= width and max(widths) > width:
        note = "blank fields beyond the header left out"
        for row in customers:
            del row[width:]
    elif widths == {width + 1} and width > 1 and has_row_names(source, customers):
        note = "the first column, which has no name, numbers or names the rows"
        header.insert(0, "")
    elif len(widths) == 1 and 1 < min(widths) < width and not has_torn_name(source):
        lacking = width - min(widths)
        note = f"the last fields are missing in all records: {', '.join(header[-lacking:])}"
        for row in customers:
            row += [""] * lacking
    if note is None:
        return None
    return rows, source.separator, one_line(note)


def has_row_names(source, customers):
    """Tell whether the first fields are names or numbers of the rows, all different.

    K1,34,12,50 may be a customer with 12,50 as well, if all have two such fields, and nothing is in
    quotes.
    """
    first_fields = [row[0] for row in customers]
    if len(set(first_fields)) < len(first_fields):
        return False
    numbers = [str(number) for number in range(len(customers) + 1)]
    are_numbered = first_fields in (numbers[1:], numbers[:-1])
    with open_lines(source) as lines:
        are_quoted = all(line.startswith('"') for line in lines if line.strip())
    if are_numbered or are_quoted or source.separator != ",":
        return True
    fields = DataFrame(customers)
    for place in fields.columns[:-1]:
        is_whole_part = fields[place].str.fullmatch(r"-?\d+")
        is_fraction = fields[place + 1].str.fullmatch(r"\d\d?")
        if is_whole_part.all() and is_fraction.all():
            return False
    return True


def has_torn_name(source):
    """Tell whether some separators in the header have a blank behind them, and others have none.

    Then the comma in "Income, EUR" may be a part of the name.
    """
    with open_lines(source) as lines:
        header = next(line for line in lines if line.strip())
    blanks = [behind.startswith(" ") for behind in header.split(source.separator)[1:]]
    return any(blanks) and not all(blanks)


def read_records(source):
    """Go over the records once and judge them, for pandas drops and fills fields in silence.

    Returns the Records: the fields of the header and its place among the records; how many fields
    a customer has; the line at which each record begins, and the line behind the last; the places
    of blank records, and how many of these have separators. Raises InputError at a bad quote, and
    if a customer has not as many fields as the header.
    """
    csv.field_size_limit(2**31 - 1)  # of a C long, the same everywhere
    record = []
    with open_lines(source) as lines:
        noted_lines = note_lines(lines, record) if source.has_quotes else lines
        reader = csv.reader(
            noted_lines, delimiter=source.separator, strict=True, skipinitialspace=True
        )
        try:
            return judge_records(reader, record, source)
        except csv.Error:
            line = find_first_line(source) + reader.line_num - len(record)
            reason = "a quote is not closed, or has text behind it; correct the quotes"
            if '\\"' in "".join(record):
                reason = "a quote is marked by a backslash; write it twice instead"
            raise InputError(f"line {line:,}: {reason}") from None


def note_lines(lines, record):
    """Yield these lines, and add them to the record that is being read."""
    for line in lines:
        record.append(line)
        yield line


def judge_records(reader, record, source):
    """Return the Records of a csv.reader; the record has its lines, where there are quotes."""
    header = []
    place = 0
    width = 0
    usual_width = None
    blanks = []
    empty_rows = 0
    first_line = find_first_line(source)
    begins = array("q", [first_line])
    for fields in reader:
        begins.append(first_line + reader.line_num)
        if fields and len(fields) == usual_width and fields[0] and not record:
            continue  # as nearly all of millions are
        line = begins[-2]
        if record:
            require_right_quotes(line, record, fields, source.separator)
            record.clear()
        if not has_text(fields):
            blanks.append(len(begins) - 2)
            empty_rows += len(fields) > 0
        elif not header:
            header = fields
            place = len(begins) - 2
        elif width == 0:
            width = find_width(header, fields)
            require_width(line, fields, width, begins[place], header)
            first_customer = line, fields
            usual_width = len(header) if width == len(header) else None
        else:
            if len(fields) == len(header) < width:  # then the first one is the odd one
                line, fields = first_customer
                width = len(header)
            require_width(line, fields, width, begins[place], header)
    if width == 0:
        raise InputError("has no customers; it needs a header and a line for each customer")
    return Records(header, place, width, np.array(begins), np.array(blanks, int), empty_rows)


def require_width(line, fields, width, header_line, header):
    """Raise InputError unless a customer has so many fields, and no text behind the header's."""
    if len(fields) == width and not has_text(fields[len(header) :]):
        return
    count = f"{len(fields):,} fields"
    if len(fields) < len(header):
        count = f"{len(fields):,} of {len(header):,} fields"
    raise InputError(
        f"line {line:,} ('{one_line(fields[0], 40)}' ...) has {count}, the header in line "
        f"{header_line:,} ('{one_line(header[0], 40)}' ...) has {len(header):,}; correct the line, "
        "or remove what is neither header nor customer"
    )


def find_first_line(source):
    """Return the number of the line behind the preamble."""
    return 1 + count_line_ends(source.preamble)


def count_line_ends(text):
    """Count the line ends in a text, those of Windows and of old Macs, too."""
    return len(re.findall("\r\n|\r|\n", text))


def has_text(fields):
    """Tell whether one of some fields is more than blanks."""
    return any(map(str.strip, fields))


def find_width(header, fields):
    """Return how many fields customers have: as many as the header, or blank ones more.

    Some programs write a separator at the end of each line but the first.
    """
    if has_text(fields[len(header) :]):
        return len(header)
    return max(len(header), len(fields))


def require_right_quotes(line, record, fields, separator):
    """Raise InputError if quotes stand around whole lines, or tear a field in two."""
    if len(record) > 1 and has_swallowed_lines(fields, separator):
        raise InputError(
            f"line {line:,} ('{one_line(fields[0], 40)}' ...) has quotes around whole lines; "
            "remove these quotes"
        )
    if '"' in "".join(fields) and has_torn_field("".join(record), separator):
        raise InputError(
            f"line {line:,} ('{one_line(fields[0], 40)}' ...) has a quote amid a field; put the "
            "whole field in quotes, and double the quote in it"
        )


def has_swallowed_lines(fields, separator):
    """Tell whether a field holds line ends with as many separators as whole lines have."""
    for field in fields:
        line_ends = count_line_ends(field)
        separators = field.count(separator)
        is_prose = f"{separator} " in field
        if separators == line_ends * (len(fields) - 1) > 1 and not is_prose:
            return True
    return False


def has_torn_field(record, separator):
    """Tell whether a field that began without a quote has one, and a later one ends in one.

    To csv these are two fields, and all behind them would land in another column.
    """
    has_quote_amid = False
    for field in re.findall(rf" *{QUOTED}|[^{re.escape(separator)}]+", record):
        field = field.strip()
        if has_quote_amid and field.endswith('"'):
            return True
        if '"' in field and not field.startswith('"'):
            has_quote_amid = True
    return False


def read_values(source, records):
    """Read the fields of the customers as texts.

    Returns a DataFrame indexed by the line at which a customer begins; columns are numbered.
    """
    lines_of_customers = records.begins[records.place + 1 : -1]
    with open_lines(source) as lines:
        for _ in range(lines_of_customers[0] - records.begins[0]):
            next(lines)
        try:
            values = pd.read_csv(
                lines,
                sep=source.separator,
                header=None,
                names=range(records.width),
                index_col=False,
                dtype=object,
                na_filter=False,
                skipinitialspace=True,
                skip_blank_lines=False,
            )
        except pd.errors.ParserError as error:  # the records are right, so no other reason is left
            raise MemoryError from error
    values.index = lines_of_customers
    blanks = records.blanks[records.blanks > records.place]
    if len(blanks):
        values = values.drop(records.begins[blanks])
    return values


def name_columns(values, header, header_line):
    """Give the columns their names, and leave out those that have neither a name nor a text.

    Those of one name are numbered: Note (1), Note (2). Raises InputError if the header stands
    further below.
    """
    table_line = find_table(values.head(MOST_HEADER_ROWS))
    if table_line:
        raise InputError(
            f"line {header_line:,} has texts where the next lines have numbers; the table seems to "
            f"begin in line {table_line:,}; remove what stands above it"
        )
    names = {}
    for place, name in itertools.zip_longest(values, header, fillvalue=""):
        name = one_line(name).strip()
        if name or has_text(values[place]):
            names[place] = name or NO_NAME
    places = {name: [] for name in names.values()}
    for place, name in names.items():
        places[name].append(place)
    for name, twins in places.items():
        if len(twins) == 1:
            continue
        number = 0
        for place in twins:
            number += 1
            while f"{name} ({number})" in places:
                number += 1
            names[place] = f"{name} ({number})"
    return values[list(names)].set_axis(list(names.values()), axis=1)


def require_customer_rows(values):
    """Raise InputError if a row is the header again, or a total by its word."""
    names = values.columns
    repeats = values[values[names[0]] == names[0]]
    repeats = repeats[(repeats == names).all(axis=1)]
    if len(repeats):
        raise InputError(f"line {repeats.index[0]:,} repeats the header; remove it")
    for line in values.index[[0, -1]]:
        for name, value in values.loc[line].items():
            is_total_word = re.fullmatch(TOTAL_WORDS, simplify(value))
            if is_total_word and (values[name] == value).sum() == 1:
                raise InputError(
                    f"line {line:,} ('{one_line(value)}') is a total or an average, and no "
                    "customer; remove it"
                )


def find_table(rows):
    """Return the last line of those that have words above two columns of numbers; None if none."""
    texts = rows.apply(lambda column: column.str.strip())
    is_number = texts.map(is_number_text)
    is_gap = texts.apply(find_gaps)
    for place in range(1, len(rows) - 1):
        numbers = is_number.iloc[place:]
        is_numeric = (numbers | is_gap.iloc[place:]).all() & (numbers.sum() > 1)
        names = rows.columns[is_numeric]
        has_number_above = is_number.iloc[:place][names].any(axis=None)
        words_above = (~is_gap.iloc[place - 1][names]).sum()
        if words_above > 1 and not has_number_above:
            return rows.index[place - 1]
    return None


def make_number_pattern(decimal_mark, group_marks):
    """Return what matches a number as people write it, in small letters, with this decimal mark."""
    lakhs = r"[1-9]\d?(,\d\d)+,\d{3} |" if "," in group_marks else ""  # 1,23,456 in India
    return re.compile(
        rf"""
        (?P<sign>(?P<parenthesis>\()|[-−+])?\s*
        ((?P<before>{CURRENCIES})((?<=\w)\.)?\s*(?(sign)|(?P<inner_sign>[-−+]|(?P<inner_parenthesis>\())?))?
        (?=[.,]?\d)
        (?P<whole>
            [1-9]\d{{0,2}}(?P<mark>[{group_marks}])\d{{3}}((?P=mark)\d{{3}})* |
            {lakhs}
            \d+
        )?
        ([{decimal_mark}]((?P<decimals>\d*)|[-–—]{{1,2}}))?
        (e(?P<exponent>[-+]?\d+))?
        (\s*(?P<behind>%|{CURRENCIES})((?<=\w)\.)?)?
        (?(parenthesis)\))(?(inner_parenthesis)\))
        """,
        re.VERBOSE,
    )


# A spreadsheet writes no money as $-.
ZERO_OF_MONEY = re.compile(rf"(?P<before>{CURRENCIES})\s*[-–—]|[-–—]\s*(?P<behind>{CURRENCIES})")
NUMBER_PATTERNS = {
    ".": make_number_pattern(".", f",{GROUP_MARKS}"),
    ",": make_number_pattern(",", f".{GROUP_MARKS}"),
}


def read_column(name, values):
    """Read each distinct text of a column once: a million customers share a few.

    Returns the Column: its name, the lines of the customers, the place of each one's text among the
    texts, these as spelt but for blanks around them, and their readings.
    """
    codes, texts = pd.factorize(values)
    texts = Series(texts, dtype=object).str.strip()
    counts = np.bincount(codes, minlength=len(texts))
    return Column(name, values.index, codes, texts, read_texts(texts, counts))


def read_texts(texts, counts):
    """Return the readings of texts, and how many customers have each: a DataFrame.

    A reading is the text's number with a point and with a comma before decimals, NaN where it is
    none, and its unit.
    """
    readings = DataFrame({".": math.nan, ",": math.nan, "unit": ""}, texts.index)
    # To read a million names, each to no avail, would take seconds.
    if any(map(is_number_text, texts.head(100))):
        rows = [read_text(text) for text in texts.str.lower()]
        readings = DataFrame(rows, columns=list(readings))
    readings["customers"] = counts
    return readings


def is_number_text(text):
    """Tell whether a text is a number, with one mark before decimals or with the other."""
    return any(pattern.fullmatch(text.lower()) for pattern in NUMBER_PATTERNS.values())


def read_text(text):
    """Return the number that a text is with a point and with a comma before decimals, and its unit.

    A number is NaN where the text is none.
    """
    with_point, unit = read_number(text, ".")
    if "." not in text and "," not in text:
        return with_point, with_point, unit
    with_comma, other_unit = read_number(text, ",")
    return with_point, with_comma, unit or other_unit


def read_number(text, decimal_mark):
    """Return the number that a text is if this mark stands before decimals, and its unit."""
    zero = ZERO_OF_MONEY.fullmatch(text)
    if zero:
        return 0.0, (zero["before"] or "") + (zero["behind"] or "")
    match = NUMBER_PATTERNS[decimal_mark].fullmatch(text)
    if match is None:
        return math.nan, ""
    has_two_units = match["before"] and match["behind"]
    has_two_scales = match["mark"] and match["exponent"]
    if has_two_units or has_two_scales or PHONE_NUMBER.fullmatch(text):
        return math.nan, ""
    digits = "".join(re.findall(r"\d", match["whole"] or "0"))
    number = float(f"{digits}.{match['decimals'] or 0}e{match['exponent'] or 0}")
    if match["sign"] in MINUS_SIGNS or match["inner_sign"] in MINUS_SIGNS:
        number = -number
    return number, (match["before"] or "") + (match["behind"] or "")


def spread(column, values):
    """Return the values of the texts of a column as those of its customers, a Series."""
    return Series(values.to_numpy()[column.codes], column.lines)


def mask_blanks(texts):
    """Return texts with NaN for those that are blank."""
    return texts.mask(texts == "")


def find_opinions(columns, kinds):
    """Return the marks before decimals that the texts of the columns that measure surely tell.

    IDs, codes, dates, addresses and numbers of articles have no say.
    """
    opinions = set()
    for column in columns:
        with contextlib.suppress(InputError):  # of a column that has two marks
            mark, is_sure = find_told_mark(column)
            if is_sure and kinds[column.name] in NUMERIC_KINDS:
                opinions.add(mark)
    return opinions


def take_numbers_or_texts(column, reading):
    """Return a column as numbers if it has nothing else but gaps, and no codes; else as texts.

    A column that can't be read stays one of texts, and is refused once it is a feature.
    """
    if reading.kinds[column.name] in NUMERIC_KINDS:
        with contextlib.suppress(InputError):
            numbers = read_numbers(column, reading.hints)
            note_numbers(column.name, numbers, reading)
            return numbers.values
    return spread(column, mask_blanks(column.texts))


def note_numbers(name, numbers, reading):
    """Note in the reading how a column was read as numbers."""
    reading.marks[name] = numbers.mark
    if numbers.note:
        reading.notes.append(f"in {name} {numbers.note}")
    if numbers.doubt:
        reading.doubts[name] = numbers.doubt


def read_numbers(column, hints):
    """Read a column as numbers; InputError with line and text of what is none, or may be two.

    Returns the Numbers: a Series by line, the mark before decimals or None, what is to be said of
    the reading, and where nothing tells the mark, the InputError if it makes a difference.
    """
    require_numbers(column)
    mark, reason = choose_mark(column, hints)
    doubt = None
    if reason == GUESS:
        doubt = refuse_two(column, is_unsure(column.readings))
    numbers = column.readings[mark or "."]
    note = write_example(column, numbers, reason)
    if numbers.notna().all() and is_whole(numbers):
        numbers = numbers.astype("int64")
    return Numbers(spread(column, numbers), mark, note, doubt)


def require_numbers(column):
    """Raise InputError if a text is neither a gap nor a number of usable size, or of another unit.

    All have one currency, if any, and all or none have a per cent sign.
    """
    readings = column.readings
    numbers = readings["."].fillna(readings[","])
    suspects = column.texts[~(numbers.abs() <= LARGEST_NUMBER)]
    wrong = suspects[~find_gaps(suspects)]
    if len(wrong):
        reason = NUMBER_REASON
        if LIKE_DATE.fullmatch(wrong.iloc[0]):
            reason = f"is a date beside numbers; {DATE_ADVICE} at all of them, or none"
        if abs(numbers[wrong.index[0]]) > LARGEST_NUMBER:
            reason = SIZE_REASON
        raise refuse(column, column.texts.index.isin(wrong.index), reason)
    units = readings["unit"][numbers.notna()]
    if "%" not in set(units):
        units = units[units != ""]
    others = units[units != units.iloc[0]] if len(units) else units
    if len(others):
        other_text = one_line(column.texts[units.index[0]], 40)
        reason = f"has another unit than '{other_text}'; write one unit at all of them"
        raise refuse(column, column.texts.index.isin(others.index), reason)


def find_gaps(texts):
    """Tell of each text whether it is blank, or a word for what is missing."""
    return texts.str.fullmatch(f"|{MISSING_WORDS}", case=False)


def find_first(column, is_chosen):
    """Return the place of the first customer who has one of the chosen texts of a column."""
    return np.argmax(np.isin(column.codes, np.flatnonzero(is_chosen)))


def refuse(column, is_wrong, reason):
    """Return the InputError that names the line of the first text of a column that is wrong."""
    place = find_first(column, is_wrong)
    text = one_line(column.texts[column.codes[place]], 40)
    count = column.readings["customers"][is_wrong].sum()
    return InputError(
        f"line {column.lines[place]:,}, column {column.name}: '{text}' {reason} "
        f"({count:,} such in the column)"
    )


def find_telling(readings):
    """Tell of each text if it can be read with a point before decimals only; and a comma only."""
    has_point = readings["."].notna()
    has_comma = readings[","].notna()
    return has_point & ~has_comma, has_comma & ~has_point


def find_told_mark(column):
    """Return the mark before decimals that the texts of a column tell, and whether it is sure.

    It is None if none tells. Raises InputError if they disagree.
    """
    tells_point, tells_comma = find_telling(column.readings)
    counts = column.readings["customers"]
    if tells_point.any() and tells_comma.any():
        is_rarer = tells_comma
        if counts[tells_point].sum() < counts[tells_comma].sum():
            is_rarer = tells_point
        others = (tells_point | tells_comma) & ~is_rarer
        other = one_line(column.texts[others].iloc[0], 40)
        raise refuse(
            column, is_rarer, f"has another mark before decimals than '{other}'; write one mark"
        )
    if not tells_point.any() and not tells_comma.any():
        return None, False
    mark = "." if tells_point.any() else ","
    text = column.texts[tells_point | tells_comma].iloc[0]
    is_alone = counts[tells_point | tells_comma].sum() == 1
    has_one_mark = len(re.findall(rf"(?<=\d)[.,{GROUP_MARKS}](?=\d)", text)) < 2
    unsure_customers = counts[is_unsure(column.readings)].sum()
    may_be_slip = is_alone and has_one_mark and unsure_customers >= FEWEST_THAT_TELL
    return mark, not may_be_slip


def is_unsure(readings):
    """Tell of each text whether its mark may stand before decimals or part thousands."""
    numbers = readings[[".", ","]]
    return numbers.notna().all(axis=1) & (numbers["."] != numbers[","])


def find_unsure_marks(readings):
    """Return the mark of each text that may be thousands: these are more than the other reading."""
    is_comma = readings["."].abs() > readings[","].abs()
    return is_comma.map({True: ",", False: "."})


def choose_mark(column, hints):
    """Return the mark before decimals of a column, None if it has none, and the reason.

    The reason is "" where its own texts tell. Raises InputError where the mark may be either.
    """
    told_mark, is_sure = find_told_mark(column)
    unsure = is_unsure(column.readings)
    if is_sure or not unsure.any():
        return told_mark, ""
    mark, reason = guess_mark(column, unsure, hints)
    if told_mark not in (None, mark):
        is_alone = find_telling(column.readings)[told_mark == ","]
        other = one_line(column.texts[unsure].iloc[0], 40)
        raise refuse(
            column, is_alone, f"has no mark of thousands like '{other}', or a slip; correct it"
        )
    return mark, reason


def guess_mark(column, unsure, hints):
    """Return the mark before decimals of a column of which no text tells, and the reason.

    What the column shows comes first: the mark of an earlier run, a currency, and numbers without a
    mark, which a program writes below 1,000 if it parts thousands. Then the other columns have a
    say. Where nothing tells, the readings differ by a factor of 1,000, and the segments are the
    same. Raises InputError where it may be either.
    """
    marks = find_unsure_marks(column.readings[unsure])
    if marks.nunique() > 1:
        raise refuse(column, unsure, "stands beside another mark in the same place; write one")
    mark = marks.iloc[0]
    decimal_mark = "," if mark == "." else "."
    if column.name in hints.marks_then:
        return hints.marks_then[column.name], "as in the earlier run"
    units = set(column.readings["unit"]) - {"", "%"}
    if any(map(is_money, units)) and not units <= THREE_DECIMALS:
        return decimal_mark, "for money has no tenths of a cent"
    numbers = column.readings["."]
    is_unmarked = numbers == column.readings[","]
    unmarked = numbers[is_unmarked & (numbers != 0)].abs()
    if len(unmarked):
        is_told = hints.opinions == {decimal_mark}
        fewest = FEWEST_THAT_TELL
        if mark == "," and hints.separator == ",":
            fewest = 1
        are_enough = unsure.sum() >= fewest and unmarked.nunique() >= 3
        is_grouped = are_enough and hints.opinions != {mark}
        if unmarked.max() < 1000 and (is_told or is_grouped):
            return decimal_mark, f"for '{unmarked.iloc[0]:.15g}' stands beside it"
        raise refuse_two(column, unsure)
    if len(hints.opinions) == 1:
        return min(hints.opinions), "as in other columns"
    return "," if hints.separator == ";" else ".", GUESS


def is_money(unit):
    """Tell whether a unit is a currency: a known one, or one with a sign of money."""
    is_known = re.fullmatch(f"{CURRENCIES}|{MORE_CURRENCIES}", unit.casefold()) is not None
    return is_known or any(unicodedata.category(letter) == "Sc" for letter in unit)


def refuse_two(column, is_unsure):
    """Return the InputError that says which two numbers the first of these texts may be."""
    place = column.codes[find_first(column, is_unsure)]
    numbers = column.readings.loc[place, [".", ","]].abs()
    mark = find_unsure_marks(column.readings.loc[[place]]).iloc[0]
    low = numbers.min()
    high = numbers.max()
    short = f"{low:.2f}".replace(".", mark)
    reason = f"may be {high:,.15g} or {low:.15g}; write {high:.15g} or {short}"
    return refuse(column, is_unsure, reason)


def write_example(column, numbers, reason):
    """Say how the first number was read that a program would not write so; "" if none.

    If there is a reason for a reading, it is the first that could be read otherwise.
    """
    is_example = is_unsure(column.readings)
    if not reason:
        pairs = zip(column.texts, numbers, strict=True)
        is_example = np.array([not is_spelling(text, number) for text, number in pairs])
        is_example &= numbers.notna()
    if not is_example.any():
        return ""
    place = column.codes[find_first(column, is_example)]
    example = f"'{one_line(column.texts[place])}' is {numbers[place]:.15g}"
    return f"{example}, {reason}" if reason else example


def is_spelling(text, number):
    """Tell whether a program would read a text as this number."""
    try:
        return float(text) == number
    except ValueError:
        return False


def read_feature(column, reading, then=None):
    """Read a column as a feature: dates, two texts, or numbers, which may have any unit.

    With --like, the row of its feature in the units of then says which. Returns the Feature: its
    name, its values (a Series by line), its kind, and for two texts those that are 0 and 1. Raises
    InputError with line and text of what can't be read.
    """
    kind = guess_feature_kind(column, reading) if then is None else then["kind"]
    if kind == DATE:
        return read_recency(column, reading)
    if kind == TWO_VALUES:
        words = find_words(column) if then is None else then["words"]
        return read_words(column, words, reading)
    column = strip_unit(column)
    numbers = read_numbers(column, reading.hints)
    note_numbers(column.name, numbers, reading)
    return Feature(column.name, numbers.values, kind, None)


def read_recency(column, reading):
    """Read a column of dates as the Feature of the days from each one to the latest."""
    dates = read_dates(column)
    days = dates.max() - dates
    name = f"days since {column.name}"
    if days.notna().all():
        days = days.astype("int64")
    if days.notna().any():
        latest = date.fromordinal(int(dates.max()))
        reading.latest[name] = latest
        reading.notes.append(f"{name} are days before {latest}")
    return Feature(name, spread(column, days), DATE, None)


def read_words(column, words, reading):
    """Read a column of two texts as the Feature that is 0 at the first and 1 at the second."""
    require_letters(column)
    zero, one = words
    numbers = {zero.casefold(): 0, one.casefold(): 1}
    flags = column.texts.str.casefold().map(numbers)
    is_wrong = flags.isna() & ~find_gaps(column.texts)
    if is_wrong.any():
        raise refuse(column, is_wrong, f"is neither '{zero}' nor '{one}'")
    reading.notes.append(f"in {column.name} '{one}' is 1 and '{zero}' is 0")
    return Feature(column.name, spread(column, flags), TWO_VALUES, words)


def guess_feature_kind(column, reading):
    """Say whether a column of texts is one of dates, of two texts, or of numbers as a feature."""
    if reading.kinds[column.name] == DATE:
        return DATE
    texts = column.texts[~find_gaps(column.texts)]
    numbers = strip_unit(column).readings.loc[texts.index, [".", ","]]
    is_number = numbers.notna().any(axis=1)
    is_date = texts.map(is_like_date) & ~is_number
    customers = column.readings.loc[texts.index, "customers"]
    if customers[is_date].sum() > customers.sum() / 2:
        return DATE
    distinct = texts.str.casefold().nunique()
    if 1 <= distinct <= 2 and not is_number.any():
        return TWO_VALUES
    return MEASURE


def is_like_date(text):
    """Tell whether a text is a date, or looks like one to a person."""
    return read_date(text.lower()) is not None or LIKE_DATE.fullmatch(text) is not None


def read_date(text):
    """Read a date in small letters.

    Returns the year, two numbers, and whether these may be day and month, too, and not only month
    and day; None if it is no date.
    """
    for form in DATE_FORMS:
        match = form.fullmatch(text)
        if match:
            return read_parts(match.groupdict())
    return None


def read_parts(parts):
    """Do what read_date does, with the parts of a date by their names."""
    year = int(parts["year"])
    if len(parts["year"]) == 2 and year not in DOUBTFUL_YEARS:
        year += 2000 if year < DOUBTFUL_YEARS.start else 1900
    if "first" in parts:
        return year, int(parts["first"]), int(parts["second"]), True
    day = int(parts["day"])
    if "month" in parts:
        return year, int(parts["month"]), day, False
    word = parts["word"]
    if word == "sept":
        word = "sep"
    for month, name in enumerate(MONTHS, start=1):
        if name.startswith(word):
            return year, month, day, False
    return None


def is_date_gap(parts):
    """Tell whether a program writes this date, as read_date returns it, where there is none."""
    year, first, second, _ = parts
    return year in (0, 1, 9999) or first + second == 0


def is_possible_date(parts):
    """Tell whether this may be a date of a calendar, as read_date returns it."""
    year, first, second, is_open = parts
    month = first
    day = second
    if is_open:
        month = min(first, second)
        day = max(first, second)
    is_year = FIRST_YEAR <= year <= LAST_YEAR or year in DOUBTFUL_YEARS
    return is_date_gap(parts) or (is_year and 1 <= month <= 12 and 1 <= day <= 31)


def read_dates(column):
    """Read the texts of a column as dates: a Series of day numbers, NaN at gaps.

    Raises InputError if one is no date, or the order of day and month is not certain.
    """
    places = column.texts.index
    is_gap = find_gaps(column.texts) | column.texts.str.fullmatch(DATE_GAPS, case=False)
    texts = column.texts[~is_gap].str.lower()
    parts = texts.map(read_date)
    is_wrong = places.isin(parts.index[parts.isna()])
    if is_wrong.any():
        raise refuse(column, is_wrong, DATE_REASON)
    parts = parts[[not is_date_gap(part) for part in parts]]
    doubtful = parts.index[[year in DOUBTFUL_YEARS for year, _, _, _ in parts]]
    if len(doubtful):
        year = parts[doubtful[0]][0]
        reason = f"may be of 19{year} or of 20{year}; write years with four digits"
        raise refuse(column, places.isin(doubtful), reason)
    reason = f"is no date of the calendar; {DATE_ADVICE}"
    is_wrong = places.isin(parts.index[[not is_possible_date(part) for part in parts]])
    if is_wrong.any():
        raise refuse(column, is_wrong, reason)
    is_day_first = find_order(column, parts)
    days = Series(math.nan, places)
    for place, (year, month, day, is_open) in parts.items():
        if is_open and is_day_first:
            month, day = day, month
        try:
            days[place] = date(year, month, day).toordinal()
        except ValueError:
            raise refuse(column, places == place, reason) from None
    return days


def find_order(column, parts):
    """Tell whether the day comes first in the dates of a column that leave it open.

    Its dates with a day above 12 tell. Raises InputError if none does, or both orders are proved.
    """
    rows = DataFrame(parts.tolist(), parts.index, ["year", "first", "second", "is_open"])
    rows = rows[rows["is_open"].astype(bool)]
    day_first = rows.index[rows["first"] > 12]
    month_first = rows.index[rows["second"] > 12]
    either = rows[rows["first"] != rows["second"]]
    places = column.texts.index
    if len(day_first) and len(month_first):
        place = find_first(column, places.isin(month_first))
        other = one_line(column.texts[column.codes[place]], 40)
        reason = f"has the day first, '{other}' in line {column.lines[place]:,} the month"
        raise refuse(column, places.isin(day_first), f"{reason}; {DATE_ADVICE}")
    if len(rows) and is_year_first(rows):
        reason = f"may have its year first; {DATE_ADVICE}"
        raise refuse(column, places.isin(rows.index), reason)
    if len(either) and len(day_first) + len(month_first) == 0:
        row = either.iloc[0]
        month_reading = f"{row.year}-{row['first']:02}-{row.second:02}"
        day_reading = f"{row.year}-{row.second:02}-{row['first']:02}"
        reason = f"may be {month_reading} or {day_reading}, and no other date tells"
        raise refuse(column, places.isin(either.index), f"{reason}; {DATE_ADVICE}")
    return len(day_first) > 0


def is_year_first(rows):
    """Tell whether dates look like 24-03-15: few years in front, and no last field above 31."""
    last = rows["year"] % 100
    has_months = rows["second"].max() <= 12
    has_days = last.between(1, 31).all()
    return has_months and has_days and last.nunique() > rows["first"].nunique()


def find_words(column):
    """Return the two texts of a column, that which is 0 and that which is 1.

    They are spelt as most customers have them. Raises InputError if there is one alone, or letters
    are lost.
    """
    require_letters(column)
    customers = column.readings["customers"][~find_gaps(column.texts)]
    words = {}
    for place in customers.sort_values(ascending=False, kind="stable").index:
        text = column.texts[place]
        words.setdefault(text.casefold(), text)
    if len(words) < 2:
        text = one_line(min(words.values()), 40)
        raise InputError(
            f"column {column.name} has one text only, '{text}'; a feature takes two values or "
            "more, so choose another column with -f"
        )
    zero, one = sorted(words)
    if re.fullmatch(YES_WORDS, zero) and not re.fullmatch(YES_WORDS, one):
        zero, one = one, zero
    return [words[zero], words[one]]


def require_letters(column):
    """Raise InputError if texts have question marks or signs where a program lost letters."""
    is_lost = column.texts.str.contains("[?\ufffd]") | ~column.texts.map(str.isprintable)
    is_lost &= ~find_gaps(column.texts)
    if is_lost.any():
        raise refuse(column, is_lost, "has lost its letters; write yes and no")


def strip_unit(column):
    """Return a column whose numbers are read without their unit, if all have the same one.

    A unit is a sign or a word of up to four letters before or behind the number. There has to be a
    blank between, or a mark or sign in some number, for K001 is none; nor is KW 07.
    """
    texts = column.texts[~find_gaps(column.texts)]
    is_bare = texts.isin(["0", "-", "–"])
    units = texts[~is_bare].str.replace(NUMBER_LETTERS, "", regex=True)
    units = units.unique()
    if len(units) != 1 or not 0 < len(units[0]) <= MOST_UNIT_LETTERS:
        return column
    unit = re.escape(units[0])
    bare = texts.str.replace(rf"^([-−+(]?)\s*{unit}\.?\s*|\s*{unit}\.?(\)?)$", r"\1\2", regex=True)
    has_sign = texts.str.contains(r"^[-−(]|\d[.,'’]\d|\s").any()
    has_leading_zero = bare.str.contains(r"^\D*0\d").any()
    is_torn = texts.str.contains(rf"{unit}\d+\s")  # as in H2 500, whose 2 is of its name
    has_open_point = texts.str.contains(rf"\w(?<={unit})\.\d")  # as in RM.50: 50, or half of one?
    if re.fullmatch(MULTIPLIERS, units[0]) or not has_sign or has_leading_zero:
        return column
    if has_open_point.any() or (is_torn.any() and not is_money(units[0])):
        return column
    bare = bare.mask(bare.isin(["-", "–"]) & ~is_bare, "0")  # as "$-" is
    bare = bare.reindex(column.texts.index, fill_value="")
    readings = read_texts(bare, column.readings["customers"])
    # What has a currency of its own, as US$ has, keeps it.
    has_no_unit = readings["unit"].eq("") & bare.ne("") & column.texts.ne("0")
    readings["unit"] = readings["unit"].mask(has_no_unit, units[0].casefold())
    return column._replace(readings=readings)


def require_header(customers, header_line):
    """Raise InputError if the names of all columns of numbers are numbers, or gaps beside some."""
    names = Series(list(customers.select_dtypes("number")), dtype=object)
    is_number = names.map(is_number_text).astype(bool)
    is_gap = find_gaps(names) | (names == NO_NAME)
    if is_number.any() and (is_number | is_gap).all():
        raise InputError(
            f"line {header_line:,} has numbers where names of columns belong "
            f"({', '.join(names[:3])}); put a header above it, or give these columns names that "
            "are no numbers"
        )


def require_none(name, wrong_values, reason):
    """Raise InputError with the first of the wrong values of a column, and its line, if any is."""
    if wrong_values.empty:
        return
    raise InputError(
        f"line {wrong_values.index[0]:,}, column {name}: '{wrong_values.iloc[0]:.15g}' {reason} "
        f"({len(wrong_values):,} such in the column)"
    )


def one_line(text, limit=10**6):
    """Return a text with blanks for what is no visible character, and cut if it is longer."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(text))
    if len(line) > limit:
        line = line[:limit] + "..."
    return line


# ---------------------------------------------------------------------------------------- columns


def simplify(name):
    """Strip case, spaces, underscores and punctuation from the name of a column."""
    return re.sub(r"[\W_]+", "", name.casefold())


def simplify_without_unit(name):
    """Do the same, and strip the unit in brackets."""
    return simplify(UNIT.sub("", name))


def split_words(name):
    """Split the name of a column into its words, in small letters: MntMeat_2 is mnt meat 2."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", UNIT.sub("", name))
    name = name.lower().replace("\u0307", "")  # the dot of İ
    return re.findall(r"[^\W_]+", name)


def find_column(name, columns, kind):
    """Return the column that a name means; InputError if it is not there, or may be several.

    A word or a part that is in the name of one column alone is enough.
    """
    rules = [str, simplify_without_unit, simplify]
    if UNIT.search(name):
        rules = [str, simplify, simplify_without_unit]
    for rule in rules:
        word = rule(name)
        matches = [column for column in columns if word and rule(column) == word]
        if matches:
            break
    words = set(split_words(name))
    if words and not matches:
        matches = [column for column in columns if words <= set(split_words(column))]
    if not matches and name not in DEFAULT_FEATURES:  # or Age would be found in Agent
        matches = [column for column in columns if has_part(column, name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(f"{name} may mean {' or '.join(matches)}; write it in full")
    raise InputError(f"has no {kind} {name}; choose from {', '.join(columns)}")


def has_part(column, name):
    """Tell whether a word of a column begins with this; Chinese has no blanks between words."""
    part = " ".join(split_words(name))
    words = " ".join(split_words(column))
    if part.isascii():
        return part != "" and f" {part}" in f" {words}"
    return part in words


def short_names(columns):
    """Say each column in a word or two: Annual Income (k$) is income.

    Columns that might be taken for another one keep all their words.
    """
    all_words = {column: split_words(column) for column in columns}
    names = {}
    for column, words in all_words.items():
        name_words = trim_words(words)
        others = [set(words) for other, words in all_words.items() if other != column]
        if any(set(name_words) <= other for other in others):
            name_words = words
        names[column] = " ".join(name_words) or column.lower()
    taken = list(names.values())
    for column, name in names.items():
        if taken.count(name) > 1:
            names[column] = column.lower()
    return names


def trim_words(words):
    """Strip FILLER_WORDS from both ends, but not the customer from "months as a customer"."""
    start = 0
    end = len(words)
    while start < end and re.fullmatch(FILLER_WORDS, words[start]):
        start += 1
    while start < end and re.fullmatch(FILLER_WORDS, words[end - 1]):
        end -= 1
    if start < end and re.fullmatch(LINK_WORDS, words[end - 1]):
        end = len(words)
    return words[start:end]


def find_id(names):
    """Return the name of the column of the customers' IDs, or None."""
    for pattern in ID_NAMES:
        for name in names:
            if re.fullmatch(pattern, simplify_without_unit(name)):
                return name
    return None


def guess_id(kinds):
    """Return the name of the first column if it is perhaps one of IDs, or None."""
    name, kind = next(iter(kinds.items()))
    return name if kind == GUESSED_ID else None


def is_id_name(name):
    """Tell whether a column has IDs by its name, of customers or of others."""
    words = split_words(name)
    return find_id([name]) is not None or "id" in words[:1] + words[-1:]


def is_glued_id_name(name):
    """Tell whether a name ends in an ID that is glued to a word: PERMITID, but not PAID."""
    last_word = (split_words(name) or [""])[-1]
    return last_word.endswith("id") and not re.search(f"({ID_LIKE_WORDS})$", last_word)


def is_code_name(name):
    """Tell whether a column has codes or places by the last word of its name.

    "Orders by phone" are none.
    """
    words = split_words(name) or [""]
    if name == NO_NAME or name.endswith("#") or words[0] in CODE_FIRST_WORDS:
        return True
    if len(words) > 1 and re.fullmatch(LINK_WORDS, words[-2]):
        return False
    return re.fullmatch(CODE_WORDS, words[-1]) is not None


def is_code_number(texts):
    """Tell whether texts, without gaps, look like numbers of articles, or begin with zeros."""
    lengths = texts.str.len()
    has_one_length = lengths.nunique() == 1
    if texts.str.fullmatch(CODE_NUMBER).all():
        return has_one_length
    has_zero = texts.str.fullmatch(r"[^\W\d]*0\d+")
    is_padded = texts.str.fullmatch(r"[^\W\d]*\d+")
    if not is_padded.all() or not has_zero.any():
        return False
    return has_one_length or has_zero.mean() > 0.5


def has_long_codes(texts):
    """Tell whether different whole numbers are phone numbers, bar codes or seconds since 1970.

    They have all as many digits, seven and more, and their last one is rarely 0: they are no money.
    """
    lengths = texts.str.len()
    zeros = texts.str.endswith("0").mean()
    return lengths.nunique() == 1 and lengths.min() >= LONG_CODE and zeros < 0.2


def find_kind(column):
    """Say what a column is: one of the kinds under "what you may change".

    IDs and codes are known by their names, the others by their texts. Numbers that are all
    different and rise down the file are perhaps an ID.
    """
    texts = column.texts[~find_gaps(column.texts)]
    numbers = column.readings["."].fillna(column.readings[","])[texts.index]
    customers = column.readings["customers"][texts.index]
    is_key = customers.max() == 1
    if is_id_name(column.name):
        return ID
    if is_code_name(column.name):
        return CODE
    if texts.empty:
        return TEXT
    if is_code_number(texts):
        return CODE
    if has_dates(texts):
        return DATE
    if numbers.isna().any():
        distinct = texts.str.casefold().nunique()
        return TWO_VALUES if distinct == 2 else TEXT
    if simplify(column.name) in SEGMENT_NAMES:
        return SEGMENT
    distinct = numbers.nunique()
    if distinct < 2:
        return CONSTANT
    if is_key and is_whole(numbers):
        steps = np.diff(np.sort(numbers))
        if len(steps) > 3 and steps.min() == steps.max():
            return ID
        is_rising = len(numbers) >= FEWEST_THAT_TELL and numbers.is_monotonic_increasing
        if is_rising or is_glued_id_name(column.name) or has_long_codes(texts):
            return GUESSED_ID
    if distinct == 2:
        return TWO_VALUES
    if not is_whole(numbers):
        return MEASURE
    return RATING if distinct <= MOST_CATEGORY_VALUES else COUNT


def has_dates(texts):
    """Tell whether texts are dates, without gaps; of numbers most have to be, such as 20240305."""
    is_gap = texts.str.fullmatch(DATE_GAPS, case=False)
    dates = texts[~is_gap].str.lower()
    if dates.str.fullmatch(r"\d+(\.0)?|\d{8}t?\d+z?").all():
        return dates.map(is_date_text).mean() > 0.5
    return len(dates) > 0 and all(map(is_date_text, dates))


def is_date_text(text):
    """Tell whether a text in small letters may be a date of the calendar."""
    parts = read_date(text)
    return parts is not None and is_possible_date(parts)


def choose_features(options, customers, reading):
    """Return the columns to segment by: those of -f, or else age, income and spending score.

    Raises InputError if one is not there, and unless they are two or more different ones.
    """
    names = options.features or DEFAULT_FEATURES
    try:
        columns = [find_column(name, list(customers), "column") for name in names]
    except InputError:
        if options.features:
            raise
        raise InputError(suggest_features(customers, reading, options.command)) from None
    if len(columns) < 2 or len(set(columns)) < len(columns):
        raise InputError("-f needs two or more different columns, each named once")
    return columns


def suggest_features(customers, reading, command):
    """Say which command would segment customers that have not the default features."""
    kinds = reading.kinds
    features = find_advised_features(customers, reading)
    names = list(features)
    text = f"has not the columns {', '.join(DEFAULT_FEATURES)}; choose others with -f"
    if reading.source.is_guess:
        text += f" ({LETTERS_ADVICE})"
    if len(names) < 2:
        return f"{text}; but it has no two columns of numbers, dates or yes and no that differ"
    facts = {
        "dates": [name for name in customers if kinds[name] == DATE],
        "of two values": [name for name in customers if kinds[name] == TWO_VALUES],
        "left out, perhaps IDs or codes": [
            name for name in customers if kinds[name] in (ID, GUESSED_ID, CODE)
        ],
    }
    for fact, columns in facts.items():
        if columns:
            text += f"; {fact}: {', '.join(columns)}"
    example = write_command(command + ["-f"] + names)
    return f"{one_line(text, ADVICE_LETTERS)}; for example: {example}"


def write_command(words):
    """Write a command so that the shell of this computer reads these words."""
    if os.name == "nt":
        return subprocess.list2cmdline(words)
    return shlex.join(words)


def find_advised_features(customers, reading):
    """Return the columns that a first run may segment by, a dict of Series.

    What measures comes first, then dates, and where these are not two, what has two values, and
    perhaps IDs. None says the same as another one, and most customers have all, if possible.
    """
    columns = {}
    for is_strict in (True, False):
        for kinds in ((*MEASURES, TEXT), (DATE,), (TWO_VALUES,), (GUESSED_ID,)):
            if len(columns) > 1 and kinds[0] in (TWO_VALUES, GUESSED_ID):
                return columns
            for name, values in customers.items():
                is_usable = reading.kinds[name] in kinds and not name.startswith("-")
                if is_usable and name not in columns and len(columns) < MOST_ADVISED:
                    feature = try_feature(name, values, reading)
                    if feature is not None and is_new(feature.values, columns, is_strict):
                        columns[name] = feature.values
    return columns


def try_feature(name, values, reading):
    """Return a column as a Feature; None if it can't be read."""
    if is_numeric_dtype(values):
        return Feature(name, values, reading.kinds[name], None)
    unheard = reading._replace(marks={}, doubts={}, notes=[], latest={})
    with contextlib.suppress(InputError):
        return read_feature(read_column(name, values.fillna("")), unheard)
    return None


def is_new(values, columns, is_strict):
    """Tell whether a feature differs among the customers who have all others, too.

    If strict, most of them have all, and none of the others says the same.
    """
    table = DataFrame(columns, values.index)
    complete = values.notna() & table.notna().all(axis=1)
    has_difference = values[complete].nunique() > 1
    if not is_strict:
        return has_difference
    likeness = table.corrwith(values).abs().max()
    return has_difference and complete.mean() >= MOST_COMPLETE and not likeness > SAME_CORRELATION


def take_features(customers, names, reading, earlier):
    """Take the features out of the customers; return them as numbers, NaN where one is missing.

    Columns of texts are read as dates, two texts or numbers, whatever they are. Also returns what
    the units have of each feature besides center and scale: its column, kind and words. Raises
    InputError with line, column and text of the first that can't be read, and if one is empty.
    """
    features = {}
    rows = []
    for place, name in enumerate(names):
        feature = Feature(name, customers[name], MEASURE, None)
        then = earlier.units.iloc[place] if earlier else None
        has_other_kind = then is not None and then["kind"] != MEASURE
        if not is_numeric_dtype(customers[name]) or has_other_kind:
            texts = customers[name].astype(object).fillna("").astype(str)
            feature = read_feature(read_column(name, texts), reading, then)
        if feature.values.isna().all():
            raise InputError(f"column {name} is empty; choose other columns with -f")
        features[feature.name] = feature.values
        rows.append((name, feature.kind, feature.words))
    units = DataFrame(rows, list(features), ["column", "kind", "words"])
    return DataFrame(features, copy=False), units


def take_others(customers, columns, reading):
    """Return the columns that measure and are no features: a DataFrame, dates as days."""
    others = {}
    for name, values in customers.items():
        is_flag = reading.kinds[name] == TWO_VALUES and is_numeric_dtype(values)
        is_measure = reading.kinds[name] in (*MEASURES, DATE) or is_flag
        if name not in columns and is_measure:
            feature = try_feature(name, values, reading)
            if feature is not None and feature.values.notna().any():
                others[feature.name] = feature.values
    return DataFrame(others, customers.index)


def join_unused(others, categories):
    """Return what else segments are compared in: other columns that measure, shares of values.

    A DataFrame of one row a customer; its columns are pairs of a column and a value of a category,
    which is 1 where a customer has it, or "" of what measures.
    """
    unused = {}
    for name, values in others.items():
        unused[name, ""] = values
    for name, values in categories.items():
        for value in values.cat.categories:
            unused[name, value] = (values == value).astype(np.uint8)
    names = [[column for column, _ in unused], [value for _, value in unused]]
    names = pd.MultiIndex.from_arrays(names, names=["column", "value"])
    return DataFrame(unused, categories.index).set_axis(names, axis=1)


def take_logarithms(features, units):
    """Return log(1 + x) of the features that are logged; InputError where there is none."""
    inputs = {}
    for name, values in features.items():
        if units.at[name, "log"]:
            advice = "leave the column out of --log"
            require_none(name, values[values <= -1], f"has no logarithm of 1 more; {advice}")
            values = np.log1p(values)
        inputs[name] = values
    return DataFrame(inputs, copy=False)


def require_differences(features):
    """Raise InputError unless customers differ in each feature."""
    for name, values in features.items():
        low = values.min()
        high = values.max()
        # Rounding leaves a constant its last digit, and the square of a tiny difference is none.
        rounding = max(1e-12 * abs(low), 1e-12 * abs(high), 1e-150)
        has_difference = high - low > rounding
        if not has_difference:
            raise InputError(
                f"column {name} does not differ among the {len(features):,} customers that have "
                "every feature; choose other columns with -f"
            )


def require_customers(points, k):
    """Raise InputError unless K-Means can tell k customers apart."""
    sample = draw_sample(len(points), SAMPLE)
    if count_distinct(points[sample]) >= k:
        return
    distinct = count_distinct(points)
    if distinct < k:
        raise InputError(
            f"{distinct:,} different customers of {len(points):,} with every feature are too few "
            f"for {k:,} segments; give more customers or a smaller -k"
        )


def find_categories(customers, columns, kinds):
    """Take the categories out of the customers: texts of few values; "(blank)" where missing.

    Columns that are features are none. Of more values the most common ones count, if most customers
    have these, and OTHER.
    """
    categories = {}
    for name, values in customers.items():
        is_number = is_numeric_dtype(values)
        if name in columns or kinds[name] == ID or (is_number and kinds[name] != SEGMENT):
            continue
        if is_number:
            values = values.map("{:.15g}".format, na_action="ignore")
        counts = values.value_counts()
        if not 2 <= len(counts) <= counts.sum() // 2:
            continue
        words = {value: one_line(value).strip() for value in counts.index}
        if len(counts) > MOST_CATEGORY_VALUES:
            counts = counts.iloc[: MOST_CATEGORY_VALUES - 1]
            if counts.sum() <= len(customers) / 2:
                continue
            words = {value: words.get(value) if value in counts else OTHER for value in words}
        categories[name] = values.map(words).fillna("(blank)").astype("category")
    return DataFrame(categories, customers.index)


# ---------------------------------------------------------------------------------------- explore


def readable(value, digits=3):
    """Write a number with the digits that a person wants to read: 1,234 or 56.3 or 1.2e+09."""
    if 10**digits <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def write_value(value, words):
    """Write a value of a feature: the text that it stands for if it is 0 or 1 of two texts."""
    if words and value in (0, 1):
        return words[int(value)]
    return readable(value)


def percent(share):
    """Write a share of 0 to 1 with one decimal at most: 22.5% or 50%."""
    return f"{round(100 * share, 1):g}%"


def write_part(part, whole):
    """Write a part as a share of a whole; all of nothing is none."""
    return percent(part / whole) if whole > 0 else percent(0)


def count_and_share(count, total):
    """Write a count as a person wants to read it: 45 (22.5%)."""
    return f"{count:,} ({write_part(count, total)})"


def is_whole(values):
    """Tell whether all numbers of a Series are whole, but for gaps."""
    if is_integer_dtype(values):
        return True
    return not (values % 1 > 0).any()


def is_flag(values):
    """Tell whether all numbers of a Series are 0 or 1, but for gaps."""
    return values.dropna().isin([0, 1]).all()


def count_groups(features, categories, units):
    """Count the customers of each value of a category, OTHER last, each age group, each band."""
    groups = {}
    for name, values in categories.items():
        counts = values.value_counts()
        groups[name] = counts.sort_index(key=lambda words: words == OTHER, kind="stable")
    age_name = find_age(features)
    for name, values in features.items():
        words = units.at[name, "words"]
        if words:
            groups[name] = values.map(dict(enumerate(words))).value_counts().reindex(words)
        elif name == age_name:
            groups[name] = count_ages(values)
            if groups[name]["under 18"] == 0:  # as in most files
                groups[name] = groups[name].drop("under 18")
        else:
            is_uneven = units.at[name, "log"] or abs(values.skew()) > UNEVEN_SKEWNESS
            has_many_values = values.nunique() > MOST_CATEGORY_VALUES
            groups[name] = count_bands(values, is_uneven and has_many_values)
    return groups


def find_age(features):
    """Return the name of the feature that is an age in years, or None."""
    for name, word in short_names(features).items():
        if word == "age" and features[name].max() < 150:  # in years, not in months
            return name
    return None


def count_ages(ages):
    """Count the customers in each of the AGE_GROUPS, a Series."""
    edges = [-np.inf, *AGE_GROUPS.values()]
    return count_between(np.floor(ages), edges, list(AGE_GROUPS))


def count_bands(values, is_uneven):
    """Count the customers in about five bands with round ends.

    Bands are of like width, or uneven and of like numbers of customers. A band holds its upper end
    and not its lower one, so one of whole numbers starts one later.
    """
    low = values.min()
    high = values.max()
    step = 1 if is_whole(values) else 0
    edges = MaxNLocator(nbins=5, integer=is_whole(values)).tick_values(low - step, high)
    edges[0] = min(edges[0], low)
    edges[-1] = max(edges[-1], high)
    ends = [float(f"{end:.2g}") for end in values.quantile([0.2, 0.4, 0.6, 0.8])]
    uneven_edges = sorted({low - 1, high}.union(end for end in ends if low <= end < high))
    has_uneven_edges = is_uneven and len(uneven_edges) > 3
    if has_uneven_edges:
        edges = uneven_edges
    names = []
    for start, end in itertools.pairwise(edges):
        if is_whole(values):
            start = max(start + 1, low)
        name = f"{start:,.15g} to {end:,.15g}"
        if start == end:
            name = f"{end:,.15g}"
        names.append(name)
    if has_uneven_edges:
        names[0] = f"up to {edges[1]:,.15g}" if edges[1] > low else f"{low:,.15g}"
        names[-1] = f"more than {edges[-2]:,.15g}"
    return count_between(values, edges, names)


def count_between(values, edges, names):
    """Count the values between two edges, the upper one included, a Series with these names."""
    bands = pd.cut(values, edges, labels=names, include_lowest=True)
    return bands.value_counts(sort=False)


def count_repeats(customers):
    """Count the rows, and the IDs if there are some, that are there already further up."""
    id_name = find_id(customers)
    if id_name is None:
        return {"duplicate rows": customers.duplicated().sum()}
    # Equal rows have equal IDs, and these equal hashes, which are compared in half the time.
    hashes = Series(hash_array(customers[id_name].to_numpy(), categorize=False))
    suspects = customers[hashes.duplicated(keep=False).to_numpy()]
    ids = suspects[id_name].dropna()
    return {
        "duplicate rows": suspects.duplicated().sum(),
        f"duplicate values of {id_name}": ids.duplicated().sum(),
    }


def count_letters(text):
    """Count the letters of a text; a Chinese one is as wide as two others, a capital as 1.25."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    capitals = sum(letter.isupper() for letter in text)
    return len(text) + wide + 0.25 * capitals


def wrap(text, letters, lines=None, indent=0):
    """Break a text into lines of so many letters at most; "…" for more lines than that."""
    letters = max(2, int(letters * len(text) / max(1, count_letters(text))))
    margin = " " * indent
    return textwrap.fill(
        text,
        letters,
        subsequent_indent=margin,
        max_lines=lines,
        placeholder="…",
        break_on_hyphens=False,  # as in --max-clusters
    )


def write_report(paragraphs):
    """Write paragraphs with their labels in the margin, and tables between blank lines."""
    texts = []
    for label, text in paragraphs.items():
        if "\n" in text:
            texts.append(f"\n{text}\n")
        else:
            texts.append(wrap(f"{label:<10} {text}", 80, indent=11))
    return "\n".join(texts).strip("\n")


def list_texts(customers, groups, columns):
    """List the columns of texts that are no features, each category with its counts."""
    texts = []
    for name in customers.select_dtypes(exclude="number"):
        if name in columns:
            continue
        text = name
        if name in groups:
            counts = [
                f"{value} {count_and_share(count, len(customers))}"
                for value, count in groups[name].items()
            ]
            text += f": {', '.join(counts)}"
        texts.append(text)
    return "; ".join(texts) or "none"


def list_missing(customers, features, columns, repeats):
    """List what is missing and what comes twice."""
    gaps = customers.isna().sum()
    gaps[columns] = features.isna().sum().to_numpy()
    missing = [f"{gap:,} of {column}" for column, gap in gaps.items() if gap]
    facts = [", ".join(missing) or "nothing"]
    incomplete = features.isna().any(axis=1).sum()
    if incomplete:
        facts.append(f"customers who miss a feature, and so get no segment: {incomplete:,}")
    for what, count in repeats.items():
        facts.append(f"{count:,} {what}")
    return "; ".join(facts)


def write_statistics(features):
    """Set the statistics of the features as a table of text, a row a feature."""
    statistics = features.describe().T.drop(columns="count")
    statistics = statistics.rename(columns={"50%": "median"})
    for letters in (36, 12):
        statistics.index = [wrap(name, letters, 1) for name in features]
        table = statistics.to_string(float_format=lambda value: readable(value, 4), na_rep="-")
        if table.index("\n") <= REPORT_COLUMNS:
            break
    return table


def explore(name, customers, features, groups, columns):
    """Find out what the data is; return that as paragraphs of the report, and cautions."""
    repeats = count_repeats(customers)
    numbers = customers.select_dtypes("number")
    size = f"{len(customers):,} rows (customers), {customers.shape[1]} columns"
    paragraphs = {
        "Data": f"{name}: {size}",
        "Numbers": ", ".join(list(numbers) + [name for name in features if name not in numbers]),
        "Texts": list_texts(customers, groups, columns),
        "Missing": list_missing(customers, features, columns, repeats),
        "Statistics": write_statistics(features),
    }
    return paragraphs, find_data_cautions(customers, repeats)


def find_data_cautions(customers, repeats):
    """List what the user should know of the data before believing any segments."""
    cautions = []
    findings = [f"{count:,} {what}" for what, count in repeats.items() if count]
    counts = list(repeats.values())
    if counts[-1] - counts[0] >= ORDER_SHARE * len(customers):
        cautions.append(
            f"{findings[-1]}: it looks like a row for each order, and rows are what is segmented; "
            "sum the orders of each customer up first (README.md shows how)"
        )
    elif findings:
        cautions.append(f"{' and '.join(findings)}, all kept; remove what was entered twice")
    return cautions


def find_feature_cautions(features, units, kinds):
    """List the features that may be no good choice, each with what to do."""
    cautions = []
    for name, column in units["column"].items():
        if kinds[column] in (ID, CODE):
            cautions.append(
                f"{name} is an ID, a code or a place, or numbers the rows, and measures no "
                "customer; leave it out of -f"
            )
    names = []
    flags = []
    for name, values in features.items():
        if values.nunique() == 2:
            flags.append(name)
        elif values.min() > -1 and not units.at[name, "log"] and values.skew() > LARGE_SKEWNESS:
            names.append(name)
    if names:
        cautions.append(
            f"{', '.join(names)}: a long tail, and a few customers may make segments of their "
            f"own; compare with --log {write_command(names)}"
        )
    if len(flags) == len(features.columns):
        cautions.append(
            "all features have two values: K-Means then finds the combinations of them, not kinds "
            "of customers; add a feature that measures"
        )
    return cautions


# ----------------------------------------------------------------------------------------- search

Choice = namedtuple(
    "Choice", ["k", "named_k", "elbow", "sharpness", "preference", "rivals", "is_cut_short"]
)


def draw_sample(customers, most):
    """Return the sorted positions of `most` of the customers at random, or of all if few.

    It is the same draw every time, so that whoever is asked for k is asked for its silhouette.
    """
    if customers <= most:
        return np.arange(customers)
    positions = np.random.default_rng(0).choice(customers, most, replace=False)
    return np.sort(positions)


def measure_units(features, raw=False):
    """Return center and scale of each feature: mean and standard deviation, or 0 and 1 if raw."""
    units = DataFrame({"center": 0.0, "scale": 1.0}, features.columns)
    if not raw:
        units["center"] = features.mean()
        units["scale"] = features.std(ddof=0)
    return units


def apply_units(features, units):
    """Return the points of features, float of shape (customers, features)."""
    points = features.to_numpy(dtype=float, copy=True)
    points -= units["center"].to_numpy()
    points /= units["scale"].to_numpy()
    return points


def scale(features, raw=False) -> np.ndarray:
    """Return the points, float of shape (customers, features): z-scores, or raw as they are."""
    return apply_units(features, measure_units(features, raw))


def count_distinct(points):
    """Count the points that K-Means can tell apart; its squared distances are less exact."""
    points = points - points.mean(axis=0)
    deviation = points.std(axis=0).max()
    if deviation > 0:
        points = points / deviation
    return len(np.unique(points.round(6), axis=0))


def measure_silhouettes(points, labels):
    """Return each customer's silhouette (Rousseeuw 1987), a float array of shape (customers,).

    It is 1 deep in a segment, 0 between two, below 0 nearer to another one; 0 where there is one
    segment, or one for each customer.
    """
    segments = len(np.unique(labels))
    if segments == 1 or segments == len(labels):
        return np.zeros(len(labels))
    return silhouette_samples(points, labels)


def search(points, max_clusters, seed) -> DataFrame:
    """Compute the curve of K-Means with 1, 2, ... up to max_clusters segments of all these points.

    Returns a DataFrame indexed by k:

    wcss                   in squared units of the points
    silhouette             the mean, of SILHOUETTE_SAMPLE of the points, if there are more
    simplified_silhouette  the mean, measured to centroids instead of to customers

    The curve has three values at least, and else ends before each point is a segment of its own.
    Where k is more than the points that differ, wcss is 0. Silhouettes are NaN there and at k = 1.
    """
    # Distances lose all digits far from 0.
    curve, _ = grow(points - points.mean(axis=0), max_clusters, seed)
    return curve


def grow(points, max_clusters, seed):
    """Do what search does; return the curve, and the centroids at each k, a dict of arrays."""
    last_k = min(max_clusters, max(3, len(points) - 1))  # an elbow takes a curve of three
    ks = pd.RangeIndex(1, last_k + 1, name="k")
    curve = DataFrame({"wcss": 0.0, "silhouette": np.nan, "simplified_silhouette": np.nan}, ks)
    centroids = {1: points.mean(axis=0, keepdims=True)}
    curve.loc[1, "wcss"] = ((points - centroids[1]) ** 2).sum()
    sample = draw_sample(len(points), SILHOUETTE_SAMPLE)
    starts = choose_effort(points).search_starts
    for k in range(2, min(last_k, count_distinct(points)) + 1):
        model = KMeans(k, n_init=starts, random_state=seed).fit(points)
        grown = fit_one_more(points, centroids[k - 1])
        if grown.inertia_ < model.inertia_:
            model = grown
        centroids[k] = model.cluster_centers_
        silhouettes = measure_silhouettes(points[sample], model.labels_[sample])
        curve.loc[k, "wcss"] = model.inertia_
        curve.loc[k, "silhouette"] = silhouettes.mean()
        curve.loc[k, "simplified_silhouette"] = measure_simplified_silhouette(points, model)
    return curve, centroids


def choose_effort(points):
    """Return how many starts and resamples points take: more if they are few."""
    return EFFORT if len(points) <= FEW_CUSTOMERS else EFFORT_FOR_MANY


def fit_one_more(points, centroids):
    """Fit K-Means from these centroids and one more, where it takes most off their WCSS.

    The place is one of the points, of a sample of CANDIDATES if there are more: the fast global
    K-Means of Likas, Vlassis and Verbeek (2003). With it WCSS is lower at each k than at the one
    before, and finds what random starts miss where there are many segments.
    """
    candidates = points[draw_sample(len(points), CANDIDATES)]
    distances = euclidean_distances(points, centroids, squared=True).min(axis=1)
    gains = distances - euclidean_distances(candidates, points, squared=True)
    candidate = gains.clip(0).sum(axis=1).argmax()
    start = np.vstack([centroids, candidates[candidate]])
    return KMeans(len(start), init=start, n_init=1).fit(points)


def measure_simplified_silhouette(points, model):
    """Return the mean of 1 - a / b, a the distance of a point to its centroid, b to the next one.

    Hruschka, de Castro and Campello (2004), "Evolutionary algorithms for clustering gene-expression
    data", call it the simplified silhouette. It is 0 for a segment of one point, as the usual one.
    """
    distances = np.sort(model.transform(points), axis=1)
    silhouettes = 1 - distances[:, 0] / distances[:, 1]
    sizes = np.bincount(model.labels_)
    silhouettes[sizes[model.labels_] == 1] = 0
    return silhouettes.mean()


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
    wcss = np.asarray(wcss, dtype=float)
    if wcss.ndim != 1 or len(wcss) < 3 or not np.isfinite(wcss).all() or wcss.min() < 0:
        raise ValueError("find_elbow needs three or more WCSS values, finite and not negative")
    if wcss[0] == 0:
        return 2, 0.0
    # The rounding that is left of a WCSS of zero has no relative drop.
    wcss = wcss.clip(1e-12 * wcss[0])
    drops = {}
    for k in range(2, len(wcss) + 1):
        drops[k] = max(0.0, math.log(wcss[k - 2] / wcss[k - 1]))
    elbow = 2
    sharpness = 0.0
    largest_gap = 0.0
    for k in range(2, len(wcss)):
        smallest_so_far = min(drops[j] for j in range(2, k + 1))
        largest_to_come = max(
            drops[j] * ((j - 1) / k) ** LATE_DROPS for j in range(k + 1, len(wcss) + 1)
        )
        gap = divide(smallest_so_far, largest_to_come)
        if round(gap, 9) > round(largest_gap, 9):
            elbow = k
            sharpness = divide(drops[k], largest_to_come)
            largest_gap = gap
    return elbow, sharpness


def divide(drop, later_drop):
    """Divide two drops: infinite if only the later one is 0, and 0 if both are."""
    if later_drop > 0:
        return drop / later_drop
    return math.inf if drop > 0 else 0.0


def choose_k(curve) -> tuple[int, float]:
    """Choose k from the curve of search, by a vote of three.

    The elbow decides if it is sharp, and if not, where the silhouette names the same k; else the
    simplified silhouette does. Returns that k, and the sharpness of the elbow.
    tests/benchmarks/elbow.py measures the rule.
    """
    elbow, sharpness = find_elbow(curve["wcss"])
    is_elbow_right = sharpness >= DECISIVE_SHARPNESS or curve["silhouette"].idxmax() == elbow
    if is_elbow_right:
        return elbow, sharpness
    return int(curve["simplified_silhouette"].idxmax()), sharpness


def make_choice(curve, k):
    """Read all that a curve says of the number of segments; k is the one of -k, or None."""
    elbow, _ = find_elbow(curve["wcss"])
    named_k, sharpness = choose_k(curve)
    k = k or named_k
    silhouettes = curve["silhouette"]
    preference = silhouettes.idxmax()
    is_near = silhouettes >= silhouettes.max() - NEARLY_BEST
    rivals = [rival for rival in curve.index[is_near] if rival != k]
    is_last = preference == curve.index[-1]
    is_cut_short = is_last and silhouettes[preference] > GOOD_SILHOUETTE
    return Choice(k, named_k, elbow, sharpness, preference, rivals, is_cut_short)


# -------------------------------------------------------------------------------------------- fit

Evidence = namedtuple(
    "Evidence", ["curve", "choice", "even_silhouette", "near_distance", "far_deviation"]
)
Fit = namedtuple("Fit", ["labels", "centroids", "stability", "evidence", "then"])


def find_segments(scaled, options):
    """Search for segments and fit them; return the Fit.

    The curve is that of a sample, if there are many customers, but its WCSS is that of all. The
    last fit has more starts than the search, and so may find a lower WCSS at k; the curve keeps
    that of the search, because one value better than its neighbours would look like an elbow.
    """
    points = scaled.to_numpy()
    require_customers(points, options.clusters or 3)
    sample = draw_sample(len(points), SAMPLE)
    last_k = max(options.max_clusters, options.clusters or 0)
    curve, grown_centroids = grow(points[sample], last_k, options.seed)
    choice = make_choice(curve.loc[: options.max_clusters], options.clusters)
    model = fit_to_sample(points[sample], grown_centroids[choice.k], options.seed)
    if len(points) > SAMPLE:
        start = model
        model = fit_to_all(points, start.cluster_centers_, options.seed)
        if start.inertia_ > 0:
            curve["wcss"] *= model.inertia_ / start.inertia_
        else:
            curve["wcss"] *= len(points) / len(sample)
    labels, centroids = number_segments(model)
    similarities, strangers = resample_segments(
        points[sample], labels[sample], choice.k, options.seed
    )
    sizes = np.bincount(labels)[1:]
    few = draw_sample(len(points), SILHOUETTE_SAMPLE)
    even_silhouette = find_even_silhouette(points[few], choice.k, options.seed)
    near, deviation = measure_reach(strangers)
    near *= math.sqrt(model.inertia_ / len(points))
    return Fit(
        Series(labels, scaled.index),
        centroids,
        measure_stability(similarities, sizes),
        Evidence(curve, choice, even_silhouette, near, deviation),
        None,
    )


def find_again(scaled, earlier):
    """Give each customer to the nearest segment of an earlier run; return the Fit."""
    points = scaled.to_numpy()
    if abs(points).max() >= LARGEST_SCALED:
        raise InputError("has other numbers than the earlier run, so that no segment is near")
    labels = Series(pairwise_distances_argmin(points, earlier.centroids) + 1, scaled.index)
    then = earlier.segments
    stability = then[["stability"]].assign(error=0.0)
    return Fit(labels, earlier.centroids, stability, None, then)


def fit_to_sample(points, grown_centroids, seed):
    """Fit K-Means from many k-means++ starts (Arthur and Vassilvitskii 2007), and from one more.

    That is where the search ended. Returns the model of the lowest WCSS.
    """
    k = len(grown_centroids)
    starts = choose_effort(points).final_starts
    model = KMeans(k, n_init=starts, random_state=seed).fit(points)
    grown = KMeans(k, init=grown_centroids, n_init=1).fit(points)
    return grown if grown.inertia_ < model.inertia_ else model


def fit_to_all(points, centroids, seed):
    """Move the centroids of a sample to those of all customers.

    Returns the model. Its WCSS is set against that of the sample, and so has to be exact.
    """
    model = KMeans(
        len(centroids),
        init=centroids,
        n_init=1,
        max_iter=FINAL_STEPS,
        tol=0,  # because K-Means would copy millions of customers to find a tolerance
        random_state=seed,
        copy_x=False,  # for the same reason
    )
    return model.fit(points)


def number_segments(model):
    """Return the labels of K-Means, int array, 1 for the largest segment; and its centroids so.

    Segments of one size are ordered by their centroids, so that neither seed nor order of the
    customers can swap them.
    """
    sizes = np.bincount(model.labels_, minlength=model.n_clusters)
    centroids = model.cluster_centers_.round(9).tolist()
    order = sorted(range(len(sizes)), key=lambda cluster: (-sizes[cluster], centroids[cluster]))
    numbers = np.argsort(order) + 1  # the place of each cluster in that order
    return numbers[model.labels_], model.cluster_centers_[order]


# ------------------------------------------------------------------------------------------ trust


def find_even_silhouette(points, k, seed):
    """Return the best mean silhouette of k segments of customers strewn evenly, without segments.

    The even clouds have as many customers as the points, and fill the box along their principal
    axes, as in the gap statistic (Tibshirani, Walther and Hastie 2001).
    """
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    components = points @ axes.T
    low = components.min(axis=0)
    high = components.max(axis=0)
    rng = np.random.default_rng(seed)
    starts = choose_effort(points).resample_starts
    model = KMeans(k, n_init=starts, random_state=seed)
    means = []
    for _ in range(EVEN_CLOUDS):
        cloud = rng.uniform(low, high, components.shape)
        silhouettes = measure_silhouettes(cloud, model.fit_predict(cloud))
        means.append(silhouettes.mean())
    return max(means)


def resample_segments(points, labels, k, seed):
    """Fit K-Means again and again to as many customers drawn anew, with replacement.

    Returns the similarities, a float array (resamples, segments): how much of each segment comes
    back. And a list of arrays, the distances of the customers not drawn to the nearest centroid, in
    the root mean square of those drawn to theirs.
    """
    rng = np.random.default_rng(seed)
    effort = choose_effort(points)
    similarities = []
    strangers = []
    for _ in range(effort.resamples):
        resample = rng.integers(len(points), size=len(points))
        drawn, places = np.unique(resample, return_index=True)
        clusters = min(k, count_distinct(points[drawn]))
        model = KMeans(clusters, n_init=effort.resample_starts, random_state=seed)
        found = model.fit(points[resample]).labels_[places]
        similarities.append(measure_similarities(labels[drawn], found, k, clusters))
        others = np.delete(points, drawn, axis=0)
        if len(others) and model.inertia_ > 0:
            distances = model.transform(others).min(axis=1)
            strangers.append(distances / math.sqrt(model.inertia_ / len(points)))
    return np.array(similarities), strangers


def measure_stability(similarities, sizes):
    """Return the stability of segments of these sizes, and its standard error, a DataFrame.

    It is the mean over bootstrap resamples of the largest Jaccard similarity of the segment, among
    the customers drawn, with a segment of the resample. Hennig (2007), "Cluster-wise assessment of
    cluster stability": 0.75 and more is stable, 0.6 and less not to be relied on. A segment of one
    customer has none: whether the customer is drawn is luck.
    """
    stability = DataFrame(index=range(1, len(sizes) + 1))
    stability["stability"] = similarities.mean(axis=0)
    stability["error"] = similarities.std(axis=0) / math.sqrt(len(similarities))
    stability.loc[sizes == 1, "stability"] = math.nan
    return stability


def measure_reach(strangers):
    """Return within which distance NEAR_SHARE of customers lie whom K-Means has not seen.

    And by how much the share of those beyond it varies, more than chance draws of as many customers
    would: its standard deviation. Distances are in root mean squares.
    """
    if not strangers:  # all customers lie on their centroids
        return 0.0, FAR_DEVIATION
    near = np.quantile(np.concatenate(strangers), NEAR_SHARE)
    shares = [np.mean(distances > near) for distances in strangers]
    customers = np.mean([len(distances) for distances in strangers])
    variance = np.var(shares) - NEAR_SHARE * (1 - NEAR_SHARE) / customers
    return near, math.sqrt(max(0, variance))


def measure_similarities(labels, clusters, segments, k):
    """Return the largest Jaccard similarity of each segment with one of k clusters, an array.

    The similarity is the share of the customers in either of two sets who are in both (Jaccard
    1901). Labels begin at 1, clusters at 0.
    """
    pairs = np.bincount((labels - 1) * k + clusters, minlength=segments * k)
    both = pairs.reshape(segments, k)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    return (both / np.maximum(either, 1)).max(axis=1)


def sample_silhouettes(points, labels):
    """Return the silhouettes, a Series: of a sample, if there are many customers."""
    sample = draw_sample(len(points), SILHOUETTE_SAMPLE)
    labels = labels.iloc[sample]
    return Series(measure_silhouettes(points[sample], labels.to_numpy()), labels.index)


# --------------------------------------------------------------------------------------- describe

Segments = namedtuple(
    "Segments",
    [
        "features",
        "labels",
        "centroids",
        "silhouettes",
        "table",
        "means",
        "distances",
        "explained",
        "columns",
        "words",
        "rules",
    ],
)


def describe(features, scaled, units, unused, fit):
    """Return the Segments of a fit: what they are like, and how well they lie.

    Those of an earlier run keep their names; others are named for their means. Unused are the other
    columns that measure, and the categories.
    """
    numbers = range(1, len(fit.centroids) + 1)
    means, distances = compare_means(features, scaled, unused, fit.labels)
    columns = list_columns(features, unused, fit.labels)
    columns["distance"] = distances.abs().max().to_numpy()
    means = means.reindex([*numbers, "average"])
    distances = distances.reindex(numbers)  # an earlier segment may have no customers now
    silhouettes = sample_silhouettes(scaled.to_numpy(), fit.labels)
    table = DataFrame(index=numbers)
    if fit.then is None:
        table["Name"] = name_segments(features, means, distances, units)
    else:
        table["Name"] = fit.then["name"]
    table["Customers"] = np.bincount(fit.labels, minlength=len(table) + 1)[1:]
    table["Share"] = table["Customers"] / len(fit.labels)
    if fit.then is not None:
        table = compare_shares(fit.then, table)
    table["Silhouette"] = silhouettes.groupby(fit.labels[silhouettes.index]).mean()
    table["Stability"] = fit.stability["stability"]
    table["error"] = fit.stability["error"]
    table["color"] = [SEGMENT_COLORS[(number - 1) % len(SEGMENT_COLORS)] for number in numbers]
    table["marker"] = [SEGMENT_MARKERS[(number - 1) % len(SEGMENT_MARKERS)] for number in numbers]
    table["title"] = ""
    for number, row in table.iterrows():
        table.at[number, "title"] = wrap(f"{number} ({row['Customers']:,}): {row['Name']}", 54)
    explained = measure_explained(scaled, fit.labels)
    return Segments(
        features,
        fit.labels,
        fit.centroids,
        silhouettes,
        table,
        means,
        distances,
        explained,
        columns,
        units["words"],
        None,
    )


def list_columns(features, unused, labels):
    """List what segments are compared in, features first: columns of the docstring on top."""
    names = [(name, "") for name in features]
    names += list(unused.columns)
    columns = DataFrame(names, columns=["column", "value"])
    table = pd.concat([features, unused], axis=1)
    columns["is_share"] = [is_flag(values) for _, values in table.items()]
    columns["is_feature"] = columns.index < len(features.columns)
    chances = Series([measure_chance(values, labels) for _, values in table.items()])
    # Each column is one more chance of a difference that is none.
    columns["differs"] = chances * max(1, len(unused.columns)) < CHANCE
    return columns


def measure_chance(values, labels):
    """Measure how probable it is that a column differs so between segments by chance.

    Returns that of an F test, on a sample; 1 where there is nothing to compare.
    """
    sample = draw_sample(len(labels), SAMPLE)
    values = values.iloc[sample].dropna()
    labels = labels.loc[values.index]
    segment_count = labels.nunique()
    if values.nunique() < 2 or not 1 < segment_count < len(labels):
        return 1
    _, chances = f_classif(values.to_frame(), labels)
    return chances[0]


def compare_means(features, inputs, unused, labels):
    """Compute the means and the distances of the docstring on top.

    Means are in the file's own units, distances in those of the inputs.
    """
    names = [write_head(column, value) for column, value in unused.columns]
    unused = unused.set_axis(names, axis=1)
    table = pd.concat([features, unused], axis=1)
    means = table.groupby(labels).mean()
    means.loc["average"] = table.mean().to_numpy()
    table = pd.concat([inputs, unused], axis=1)
    differences = table.groupby(labels).mean() - table.mean().to_numpy()
    distances = differences / table.std().to_numpy()
    return means, distances


def write_head(column, value):
    """Write what a mean is of: a column, or the share of a value of a category."""
    return f"{column}: {value}" if value else column


def measure_between(centroids, shares):
    """Measure how much variance lies between segments, of these shares of all customers."""
    average = centroids.mul(shares, axis=0).sum()
    squares = (centroids - average) ** 2
    return squares.mul(shares, axis=0).sum()


def measure_explained(scaled, labels):
    """Measure how much of the variance of each feature lies between the segments.

    Returns the DataFrame of the docstring on top; the share is eta squared.
    """
    explained = DataFrame(index=list(scaled))
    shares = labels.value_counts(normalize=True)
    explained["between"] = measure_between(scaled.groupby(labels).mean(), shares)
    explained["variance"] = scaled.var(ddof=0)
    explained["share"] = (explained["between"] / explained["variance"]).fillna(0)
    return explained.sort_values("share", ascending=False, kind="stable")


def fit_names(names, letters):
    """Cut names to so many letters, none like another.

    Of a long one the words go first with which another long one begins, too, then those with which
    one ends, then the end, amid a word.
    """
    all_words = {name: name.split() for name in names if len(name) > letters}
    fitted = []
    for place, name in enumerate(names, start=1):
        words = all_words.get(name, [name])
        others = [other for long_name, other in all_words.items() if long_name != name]
        words = words[count_common(words, others) :]
        if len(" ".join(words)) > letters:
            reversed_words = [other[::-1] for other in others]
            common = count_common(words[::-1], reversed_words)
            words = words[: len(words) - common]
        name = " ".join(words)
        if len(name) > letters:
            name = f"{name[: letters - 1].rstrip()}…"
        if name in fitted:
            ending = f" {place}"
            name = name[: letters - len(ending)].rstrip(" …") + ending
        fitted.append(name)
    return fitted


def count_common(words, others):
    """Count the first words that one of some other lists begins with, too; one word is left."""
    common = 0
    for other in others:
        prefix = os.path.commonprefix([words, other])
        common = max(common, len(prefix))
    return min(common, len(words) - 1)


def choose_words(features, units):
    """Return of each feature its short name, and what a name says below and above average."""
    words = {}
    short = short_names(features)
    fitted = fit_names(list(short.values()), WORD_LETTERS)
    for feature, name in zip(features, fitted, strict=True):
        texts = units.at[feature, "words"]
        below, above = NAME_WORDS.get(short[feature], OTHER_NAME_WORDS)
        all_words = split_words(re.sub(r"[()\[\]]", " ", feature))
        recency = RECENCY.fullmatch(" ".join(all_words))
        event = name
        if recency:
            event = recency["since"] or recency["ago"] or "order"
            (event,) = fit_names([event], WORD_LETTERS)
            below, above = choose_recency_words(event)
        elif texts and not re.fullmatch(YES_WORDS, texts[1].casefold()):
            below = TEXT_NAME_WORD.format(texts[0])
            above = TEXT_NAME_WORD.format(texts[1])
        elif is_flag(features[feature]):
            below, above = FLAG_NAME_WORDS
            event = re.sub("^(is|has|have) ", "", name)
        words[feature] = name, below.format(event), above.format(event)
    return words


def choose_recency_words(event):
    """Return what a name says of few and of many days since an event."""
    for pattern, words in RECENCY_NAME_WORDS.items():
        if re.search(pattern, event):
            return words
    return OTHER_NAME_WORDS


def name_segments(features, means, distances, units):
    """Name each segment for the features that set it apart most from the average customer.

    Returns a Series of str indexed by segment, no two alike: those of the same words also get their
    mean of the feature in which they differ most.
    """
    words = choose_words(features, units)
    means = means.iloc[:, : len(words)]
    distances = distances.iloc[:, : len(words)]
    names = Series("", distances.index)
    for segment, row in distances.iterrows():
        largest = row.abs().nlargest(MOST_WORDS)
        apart = row[largest.index[largest >= NAMING_DISTANCE]]
        phrases = []
        for feature, (_, below, above) in words.items():
            if feature in apart.index:
                phrases.append(below if apart[feature] < 0 else above)
        names[segment] = ", ".join(phrases) or AVERAGE_NAME
    for namesakes in names.groupby(names).groups.values():
        if len(namesakes) > 1:
            feature = np.ptp(distances.loc[namesakes], axis=0).idxmax()
            write = "{:.0%}".format if is_flag(features[feature]) else readable
            for segment, mean in means.loc[namesakes, feature].items():
                names[segment] += f" ({words[feature][0]} {write(mean)})"
    for segment in names.index[names.duplicated(keep=False)]:
        names[segment] += f" #{segment}"
    return names


def tabulate(segments):
    """Set the segments as a table of text: sizes, means of the best explained features, names."""
    table = segments.table
    total = table["Customers"].sum()
    columns = [table["Customers"].map(lambda count: count_and_share(count, total))]
    heads = ["Customers"]
    if SHARE_THEN in table:
        columns.append(table[SHARE_THEN].map(percent))
        heads.append("Then")
    best = segments.explained.index[:REPORT_FEATURES]
    centroids = segments.means.iloc[:-1, : len(segments.explained)]
    words = short_names(centroids)
    best = [name for name in words if name in best]
    columns += [centroids[name].map(readable, na_action="ignore") for name in best]
    heads += fit_names([words[name].capitalize() for name in best], REPORT_HEAD)
    columns.append(table["Stability"].map("{:.2f}".format, na_action="ignore"))
    heads.append("Stability")
    numbers = pd.concat(columns, axis=1)
    lines = numbers.to_string(header=heads, na_rep="-").splitlines()
    indent = len(lines[0]) + 2
    rows = []
    for line, name in zip(lines, ["Name", *table["Name"]], strict=True):
        rows.append(wrap(f"{line}  {name}", REPORT_COLUMNS, indent=indent))
    return "\n".join(rows)


# ------------------------------------------------------------------------------------------ judge


Judgement = namedtuple("Judgement", ["paragraphs", "cautions", "title", "trust", "news"])


def judge(segments, evidence):
    """Say how far to trust segments that a search has found.

    Returns the Judgement: paragraphs of the report, a dict; cautions; and for 00 its title and its
    line on trust, for 09 its title.
    """
    is_in_doubt = lacks_segments(segments, evidence)
    verdict, elbow = write_verdict(evidence.choice, is_in_doubt)
    trust = write_trust(evidence.choice, segments, is_in_doubt)
    paragraphs = {"Verdict": f"{verdict}.", "Elbow": f"{elbow}.", "Trust": trust}
    kinds = f"{len(segments.table)} kinds"
    if is_in_doubt:
        kinds = "no clear kinds"
    title = write_title(segments, kinds)
    trust = re.sub(": try -k.*?(?=[.])", "", trust)  # which is no advice to who gets the picture
    news = write_sizes(segments.table)
    return Judgement(paragraphs, find_outliers(segments), title, trust, news)


def write_title(segments, kinds):
    """Write the title of 00."""
    return f"Your {len(segments.labels):,} customers are of {kinds}"


def write_sizes(table):
    """Say how many customers are in how many segments, and which are the largest and smallest."""
    total = table["Customers"].sum()
    sizes = table.sort_values("Customers", ascending=False, kind="stable")
    ends = []
    for row in sizes.iloc[[0, -1]].itertuples():
        ends.append(f"“{row.Name}” {count_and_share(row.Customers, total)}")
    return (
        f"{total:,} customers in {len(table)} segments: the largest is {ends[0]}, the smallest "
        f"{ends[1]}"
    )


def lacks_segments(segments, evidence):
    """Tell whether the data has no clear segments.

    Then the elbow is weak, and the silhouette is not above that of customers strewn evenly, or no
    segment is stable; but K-Means has to have looked far enough.
    """
    choice = evidence.choice
    if choice.sharpness >= CLEAR_SHARPNESS or choice.is_cut_short:
        return False
    has_stable_segment = segments.table["Stability"].max() >= GOOD_STABILITY
    return segments.silhouettes.mean() <= evidence.even_silhouette or not has_stable_segment


def find_shaky(table):
    """Return the rows of the segments that are not stable, beyond chance."""
    limit = GOOD_STABILITY - UNSURE_ERRORS * table["error"]
    return table[table["Stability"] < limit]


def write_verdict(choice, is_in_doubt):
    """Say which k the curve names and who decided; and how sharp the elbow is: two texts."""
    decision = "the simplified silhouette decides"
    strength = "is weak"
    if choice.sharpness >= CLEAR_SHARPNESS:
        decision = "the elbow is clear"
        strength = "is clear"
    elif choice.sharpness >= DECISIVE_SHARPNESS:
        decision = "the elbow decides"
        strength = "is not clear"
    elif choice.preference == choice.elbow:
        decision = "elbow and silhouette agree"
    verdict = f"{choice.named_k} segments: {decision}"
    if choice.k != choice.named_k:
        verdict = f"You asked for {choice.k} segments; without -k it would be {verdict}"
    if is_in_doubt:
        verdict = f"K-Means found no clear segments. {verdict}"
    sharpness = f"sharpness {choice.sharpness:.2f}, clear from {CLEAR_SHARPNESS}"
    if math.isinf(choice.sharpness):
        sharpness = "after it WCSS drops no more"
    opinion = f"prefers {choice.preference}"
    if choice.preference == choice.elbow:
        opinion = f"names {choice.preference}, too"
    if choice.is_cut_short:
        opinion = f"is best at {choice.preference}, the last k: look further with --max-clusters"
    elbow = f"The elbow at {choice.elbow} segments {strength} ({sharpness}); the silhouette "
    return verdict, elbow + opinion


def write_trust(choice, segments, is_in_doubt):
    """Say which segments not to rely on, how many customers are misplaced, and what to believe."""
    table = segments.table
    shaky = find_shaky(table)
    is_edge = abs(table["Stability"] - GOOD_STABILITY) <= UNSURE_ERRORS * table["error"]
    edge = table[is_edge & (table["error"] > 0)]
    alone = table[table["Customers"] == 1]
    small = table[table["Customers"] < FEWEST_RELIABLE]
    facts = []
    if len(shaky) > MOST_LISTED:
        facts.append(f"Not stable: {len(shaky)} of the {len(table)} segments; {STABILITY_HELP}")
    elif len(shaky):
        facts.append(f"Not stable: segment {list_stabilities(shaky)}; {STABILITY_HELP}")
    if len(edge):
        facts.append(f"About {GOOD_STABILITY}, and so without a verdict: {list_numbers(edge)}")
    if len(alone):
        facts.append(f"One customer, whose return is luck: {list_numbers(alone)}")
    conclusion = "So these segments can be relied on"
    if is_in_doubt:
        conclusion = "So do not take them for kinds of customers"
    elif facts:
        conclusion = "So rely on the stable ones alone"
    elif len(small):
        conclusion = f"But fewer than {FEWEST_RELIABLE} customers are too few to be relied on: "
        conclusion += list_numbers(small)
    elif choice.rivals or choice.sharpness < CLEAR_SHARPNESS or choice.k != choice.named_k:
        conclusion = ""
    if not facts:
        which = "Both" if len(table) == 2 else f"All {len(table)}"
        facts.append(f"{which} segments are stable")
    if choice.rivals and not is_in_doubt:
        facts[-1] += f"; {list_rivals(choice, 'or')} might do as well: try -k {choice.rivals[0]}"
    sentences = [write_misplaced(segments.silhouettes), *facts, conclusion]
    return " ".join(f"{sentence}." for sentence in sentences if sentence)


def write_misplaced(silhouettes):
    """Say how many customers are nearer on average to those of another segment."""
    misplaced = (silhouettes < 0).sum()
    return f"{misplaced:,} of {len(silhouettes):,} customers fit another segment better"


def list_rivals(choice, word):
    """List the rivals of a choice: 5, 7 and 8."""
    return join_words(list(map(str, choice.rivals)), word)


def join_words(words, word):
    """Join words as in a sentence, with a word before the last: age, income or spending."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {word} {words[-1]}"


def list_numbers(table):
    """List the numbers of segments."""
    return f"segment {', '.join(map(str, table.index))}"


def list_stabilities(table):
    """List the numbers of segments with their stabilities."""
    texts = []
    for segment in table.itertuples():
        text = f"{segment.Stability:.2f}"
        if abs(segment.Stability - POOR_STABILITY) <= UNSURE_ERRORS * segment.error:
            text = f"about {POOR_STABILITY}"
        texts.append(f"{segment.Index} ({text})")
    return ", ".join(texts)


def find_outliers(segments):
    """List the customers who make a segment of their own by one far value, each with what to do."""
    cautions = []
    features = segments.features
    for segment, members in features.groupby(segments.labels):
        distances = segments.distances.loc[segment, list(features)].abs()
        name = distances.idxmax()
        if len(members) == 1 and distances[name] >= OUTLIER_DISTANCE:
            line = members.index[0]
            value = readable(members.at[line, name])
            median = readable(features[name].median())
            cautions.append(
                f"segment {segment} is 1 customer with {name} {value}, in line {line:,}; the "
                f"median is {median}: a slip of the pen? Correct it, or remove the line"
            )
    return cautions


# ---------------------------------------------------------------------------------------- explain

# A box is a dict of features with two bounds: a customer lies in it if each feature is above the
# first and up to the second. It is bump hunting (Friedman and Fisher 1999), a segment at a time.
Rules = namedtuple("Rules", ["boxes", "table", "placed"])


def add_rules(segments, units, reading, customers, earlier):
    """Return the segments with their rules, those of an earlier run if there is one.

    Also returns what to say of the rules together.
    """
    features = segments.features
    labels = segments.labels
    count = len(segments.table)
    if earlier:
        rules = judge_rules(take_boxes(earlier, features), features, labels, least=0)
    else:
        rules = judge_rules(explain(features, labels, count), features, labels)
    texts = write_rules(rules.boxes, units, reading, customers)
    table = segments.table.assign(**{RULE: texts}).join(rules.table)
    text = f"{percent(rules.placed)} of the customers lie within just one rule, that of their "
    if earlier:
        text += "segment; the rules are those of then."
    else:
        unseen = try_rules(features, labels, count)
        text += f"segment; rules that were made without them would place {unseen:.0%}."
    return segments._replace(table=table, rules=rules), text


def take_boxes(earlier, features):
    """Return the boxes of an earlier run, by the names that its features have now."""
    names = dict(zip(earlier.units.index, features, strict=True))
    boxes = {}
    for number, bounds in earlier.segments["rule"].items():
        boxes[number] = {}
        for name, low, high in bounds:
            low = -np.inf if low is None else low
            high = np.inf if high is None else high
            boxes[number][names[name]] = [low, high]
    return boxes


def list_bounds(box):
    """Return a box as model.json has it: a list of a feature and two bounds, or None."""
    bounds = []
    for name, (low, high) in box.items():
        low = low if np.isfinite(low) else None
        high = high if np.isfinite(high) else None
        bounds.append([name, low, high])
    return bounds


def explain(features, labels, count):
    """Find a box a segment, on the features in their own units, from a sample: a dict of boxes.

    Each has the highest F1 that one interval after the other reaches, from the segment's range on;
    bounds that give less than RULE_GAIN are left out, and the others rounded.
    """
    sample = draw_sample(len(features), RULE_SAMPLE)
    values = features.iloc[sample].to_numpy(float)
    numbers = labels.to_numpy()[sample]
    boxes = {}
    for number in range(1, count + 1):
        box = {}
        if (numbers == number).any():
            low, high = find_box(values, numbers == number)
            low, high = drop_bounds(values, numbers == number, low, high)
            box = round_bounds(features, low, high)
        boxes[number] = box
    return boxes


def find_box(values, is_member):
    """Find the lowest and the highest value of each feature in the box of a segment."""
    size = is_member.sum()
    low = values[is_member].min(axis=0)
    high = values[is_member].max(axis=0)
    score = 0
    best = measure_f1(values, is_member, low, high)
    while best > score:
        score = best
        for place in range(len(low)):
            is_inside = (values >= low) & (values <= high)
            is_inside[:, place] = True
            is_inside = is_inside.all(axis=1)
            low[place], high[place], best = find_interval(
                values[is_inside, place], is_member[is_inside], size
            )
    return low, high


def find_interval(numbers, is_member, size):
    """Find the interval of numbers with the highest F1 for a segment of this size.

    Returns its ends, which are numbers of members, and the F1.
    """
    numbers, codes = np.unique(numbers, return_inverse=True)
    counts = np.bincount(codes)
    hits = np.bincount(codes, is_member)
    is_end = hits > 0
    caught = hits.cumsum()[is_end] - (hits.cumsum() - hits)[is_end][:, np.newaxis]
    found = counts.cumsum()[is_end] - (counts.cumsum() - counts)[is_end][:, np.newaxis]
    scores = np.triu(2 * caught / (abs(found) + size))
    start, end = np.unravel_index(scores.argmax(), scores.shape)
    ends = numbers[is_end]
    return ends[start], ends[end], scores[start, end]


def measure_f1(values, is_member, low, high):
    """Measure the F1 of a box: the harmonic mean of how many it finds and how many are right."""
    is_found = ((values >= low) & (values <= high)).all(axis=1)
    return 2 * (is_found & is_member).sum() / (is_found.sum() + is_member.sum())


def drop_bounds(values, is_member, low, high):
    """Make bounds infinite, the cheapest first, as long as that costs RULE_GAIN of F1 at most.

    One is left, or the rule would be of all customers.
    """
    free = np.array([-np.inf, np.inf])
    low = np.where(low == values.min(axis=0), -np.inf, low)
    high = np.where(high == values.max(axis=0), np.inf, high)
    bounds = np.array([low, high])
    while np.isfinite(bounds).sum() > 1:
        score = measure_f1(values, is_member, *bounds)
        trials = {}
        for side, place in np.argwhere(np.isfinite(bounds)):
            trial = bounds.copy()
            trial[side, place] = free[side]
            trials[side, place] = measure_f1(values, is_member, *trial)
        side, place = max(trials, key=trials.get)
        if score - trials[side, place] > RULE_GAIN:
            break
        bounds[side, place] = free[side]
    return bounds


def round_bounds(features, low, high):
    """Return a box with as few digits as keep every customer on its side of each bound."""
    box = {}
    for place, (name, values) in enumerate(features.items()):
        bounds = [-np.inf, np.inf]
        if np.isfinite(low[place]):
            outside = values[values < low[place]].max()
            bounds[0] = round_between(outside, low[place], is_whole(values))
        if np.isfinite(high[place]):
            outside = values[values > high[place]].min()
            bounds[1] = round_between(high[place], outside, is_whole(values))
        if np.isfinite(bounds).any():
            box[name] = bounds
    return box


def round_between(low, high, is_whole):
    """Return the number of the fewest digits from low to below high, in the middle of them."""
    last_digit = 0 if is_whole else 17
    for digits in range(-15, last_digit + 1):
        for number in (round((low + high) / 2, digits), round(low, digits)):
            if low <= number < high:
                return float(number)
    return float(low)


def find_caught(features, box):
    """Tell of each customer whether he lies in a box; nobody does if it is empty."""
    is_caught = np.full(len(features), len(box) > 0)
    for name, (low, high) in box.items():
        values = features[name].to_numpy()
        is_caught &= (values > low) & (values <= high)
    return is_caught


def judge_rules(boxes, features, labels, least=LEAST_F1):
    """Return the Rules: the boxes, how good each is, and the share of customers placed by one.

    A box of less than the least F1 becomes empty. The table has, indexed by segment, how many of
    its customers a box finds, and how many of those that it finds are right: NaN where there is no
    box, or nobody.
    """
    kept = {}
    numbers = labels.to_numpy()
    claims = np.zeros(len(features))
    is_placed = np.zeros(len(features), bool)
    rows = {}
    for number, box in boxes.items():
        is_caught = find_caught(features, box)
        is_member = numbers == number
        size = is_member.sum()
        found = is_caught.sum()
        hits = (is_caught & is_member).sum()
        kept[number] = box
        rows[number] = math.nan, math.nan
        if 2 * hits < least * (found + size):
            kept[number] = {}
            continue
        if box:
            finds = hits / size if size else math.nan
            right = hits / found if found else math.nan
            rows[number] = finds, right
        claims += is_caught
        is_placed |= is_caught & is_member
    table = DataFrame.from_dict(rows, orient="index", columns=RULE_COLUMNS[1:])
    return Rules(kept, table, (is_placed & (claims == 1)).mean())


def try_rules(features, labels, count):
    """Measure how many customers rules would place that were made without them (five folds)."""
    sample = draw_sample(len(features), RULE_SAMPLE)
    features = features.iloc[sample]
    labels = labels.iloc[sample]
    folds = np.random.default_rng(0).permutation(len(features)) % RULE_FOLDS
    shares = []
    for fold in range(RULE_FOLDS):
        is_new = folds == fold
        if is_new.any() and not is_new.all():
            boxes = explain(features[~is_new], labels[~is_new], count)
            placed = judge_rules(boxes, features[is_new], labels[is_new]).placed
            shares.append(placed * is_new.sum())
    return sum(shares) / len(features)


def write_rules(boxes, units, reading, customers):
    """Write each box as a condition of SQL, a Series of texts; "" where there is none."""
    texts = {}
    for number, box in boxes.items():
        conditions = []
        for name, (low, high) in box.items():
            column, kind, words = units.loc[name, ["column", "kind", "words"]]
            quoted = '"' + column.replace('"', '""') + '"'
            if kind == TWO_VALUES:
                conditions.append(f"{quoted} {write_spellings(customers[column], words, low)}")
            elif kind == DATE:
                conditions += write_dates(quoted, low, high, reading.latest[name])
            else:
                conditions += write_bounds(quoted, low, high)
        texts[number] = " AND ".join(conditions)
    return Series(texts, dtype=object)


def write_bounds(name, low, high):
    """Write the bounds of a feature of numbers as conditions."""
    conditions = []
    if np.isfinite(low):
        conditions.append(f"{name} > {write_number(low)}")
    if np.isfinite(high):
        conditions.append(f"{name} <= {write_number(high)}")
    return conditions


def write_number(number):
    """Write a number with a point, and without an exponent."""
    return np.format_float_positional(number, trim="-")


def write_dates(name, low, high, latest):
    """Write bounds in days before the latest date as conditions on dates."""
    conditions = []
    if np.isfinite(high):
        conditions.append(f"{name} >= '{latest - timedelta(int(high))}'")
    if np.isfinite(low):
        conditions.append(f"{name} < '{latest - timedelta(int(low))}'")
    return conditions


def write_spellings(texts, words, low):
    """Write which of two texts is meant, in every way in which the file spells it."""
    word = words[1] if np.isfinite(low) else words[0]
    texts = texts.dropna().astype(str).str.strip()
    spellings = sorted(set(texts[texts.str.casefold() == word.casefold()]))
    quoted = ["'" + text.replace("'", "''") + "'" for text in spellings or [word]]
    if len(quoted) == 1:
        return f"= {quoted[0]}"
    return f"IN ({', '.join(quoted)})"


def write_shares_of_rule(row):
    """Write how good a rule is; "-" where there is nobody to find."""
    finds, right = [f"{share:.0%}" if share >= 0 else "-" for share in row[RULE_COLUMNS[1:]]]
    return f"finds {finds}, right {right}"


def list_rules(table):
    """Set the rules as lines of text, and say how good each is."""
    lines = []
    for number, row in table.iterrows():
        text = "no rule is good enough"
        if row[RULE]:
            text = f"{write_shares_of_rule(row)}  {row[RULE]}"
        lines.append(f"{number:>2}  {text}")  # to be copied, however long
    return "\n".join(lines) + "\n"


# -------------------------------------------------------------------------------- an earlier run

# The folder is where segments.csv of the earlier run is looked for, and what -o must not name.
Earlier = namedtuple("Earlier", ["folder", "model", "units", "segments", "centroids"])
Moves = namedtuple("Moves", ["ids", "counts"])


def make_model(units, summary, centroids, far_deviation):
    """Return the content of model.json: what gives a customer to a segment.

    The summary of the segments is a DataFrame as that of the Earlier run.
    """
    features = units.rename_axis("name").reset_index().to_dict("records")
    for feature in features:
        if feature["kind"] == MEASURE:  # as in older models
            for key in OLDER_FEATURE:
                del feature[key]
    segments = summary.rename_axis("number").reset_index()
    segments["customers"] = segments["customers"].astype(int)
    stability = segments["stability"].astype(object)
    segments["stability"] = stability.where(stability.notna(), None)
    segments["centroid"] = centroids.tolist()
    return {
        "version": MODEL_VERSION,
        "features": features,
        "segments": segments.to_dict("records"),
        "far_deviation": far_deviation,
    }


def summarize(segments, evidence):
    """Return what a later run needs of the segments, a DataFrame.

    The distance is that in scaled units within which NEAR_SHARE of unseen customers lie.
    """
    summary = segments.table[["Name", "Customers", "Share", "Stability"]].rename(columns=str.lower)
    bounds = {number: list_bounds(box) for number, box in segments.rules.boxes.items()}
    return summary.assign(distance=evidence.near_distance, rule=Series(bounds))


def measure_distances(scaled, segments):
    """Measure how far each customer is from the centroid of the own segment: a Series."""
    distances = Series(0.0, scaled.index)
    for segment, centroid in enumerate(segments.centroids, start=1):
        is_member = segments.labels == segment
        distances[is_member] = np.linalg.norm(scaled[is_member] - centroid, axis=1)
    return distances


def write_model(model, path):
    """Write model.json, for people and other programs to read."""
    path.write_text(json.dumps(model, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_earlier(place):
    """Return the Earlier run, from its folder or its model.json.

    Raises InputError if there is none, or not a whole one.
    """
    path = place / MODEL_FILE if place.is_dir() else place
    advice = "name the folder of an earlier run"
    try:
        model = OLDER_MODEL | json.loads(unpack(path).decode("utf-8"))
        if model["version"] > MODEL_VERSION:
            raise InputError(f"is of version {model['version']}, of a newer segment.py")
        require_format(model)
        return Earlier(path.parent, model, *rebuild(model))
    except InputError as error:
        raise InputError(f"--like {path}: {error}; {advice}") from None
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        reason = f"is damaged, or no {MODEL_FILE} of segment.py"
        raise InputError(f"--like {path}: {reason}; {advice}") from None


def rebuild(model):
    """Return units, segments and centroids of a model, as tables; ValueError if one is not whole.

    What is no table at all raises the errors of pandas and numpy.
    """
    features = [OLDER_FEATURE | feature for feature in model["features"]]
    units = DataFrame(features).set_index("name")
    units["column"] = units["column"].fillna(units.index.to_series())
    then = DataFrame([OLDER_SEGMENT | segment for segment in model["segments"]])
    then.index = range(1, len(then) + 1)
    scales = units[["center", "scale"]].astype(float)
    numbers = then[["customers", "share", "stability", "distance"]].astype(float)
    stability = numbers["stability"]
    numbers = numbers.fillna({"stability": 0})  # a segment of one customer has none
    centroids = np.array(then["centroid"].tolist(), dtype=float)
    require_names(units.index)
    require_names(units["column"])
    for kind, words in zip(units["kind"], units["words"], strict=True):
        require_kind(kind, words)
    require_names(then["name"])
    for rule in then["rule"]:
        require_rule(rule, units.index)
    is_right = [
        len(units) > 1,
        units["log"].dtype == bool,
        1 < len(then) <= MOST_SEGMENTS,
        (then["number"] == then.index).all(),
        centroids.shape == (len(then), len(units)),
        (abs(scales) < LARGEST_SCALED).all(axis=None),
        (scales["scale"] > 1 / LARGEST_SCALED).all(),
        (abs(centroids) < LARGEST_SCALED).all(),
        numbers.ge(0).all(axis=None),
        (numbers < LARGEST_SCALED).all(axis=None),
        numbers["customers"].min() >= 1,
        np.allclose(numbers["share"], numbers["customers"] / numbers["customers"].sum()),
        numbers["stability"].max() <= 1,
    ]
    if not all(is_right):
        raise ValueError
    segments = then[["name"]].join(numbers).assign(stability=stability, rule=then["rule"])
    units = pd.concat([units[["log"]], scales, units[["column", "kind", "words"]]], axis=1)
    return units, segments, centroids


def require_names(names):
    """Raise ValueError unless these are texts that can be shown, no two alike."""
    for name in names:
        if not name.isprintable() or not name.strip() or len(name) > LONGEST_NAME:
            raise ValueError
    if not names.is_unique:
        raise ValueError


def require_kind(kind, words):
    """Raise ValueError unless a feature can be of this kind, with these words for 0 and 1."""
    if kind not in (MEASURE, DATE, TWO_VALUES):
        raise ValueError
    if kind == TWO_VALUES:
        require_names(Series(words).str.casefold())
    if (kind == TWO_VALUES) != (words is not None and len(words) == 2):
        raise ValueError


def require_rule(rule, names):
    """Raise ValueError unless a rule is a list of features, each once, with two bounds or None."""
    for name, low, high in rule:
        low = -LARGEST_SCALED if low is None else low
        high = LARGEST_SCALED if high is None else high
        if name not in names or not -LARGEST_SCALED <= low < high <= LARGEST_SCALED:
            raise ValueError
    if len({name for name, _, _ in rule}) < len(rule):
        raise ValueError


def require_format(model):
    """Raise ValueError, LookupError or TypeError if the tables of a model can't be read again."""
    b"segment".decode(model["encoding"], errors="replace")
    if not re.fullmatch(r"[^\w\s\"]|\t", model["separator"]):
        raise ValueError
    marks = model["marks"]
    if not {".", ","}.issuperset(marks.values()):
        raise ValueError
    if not 0 <= model["far_deviation"] <= 1:
        raise ValueError
    name, _ = model["segment_columns"]
    require_names(Series([name]))


def find_features(earlier, columns):
    """Return the columns that hold the features of a model; InputError if one is not there."""
    names = []
    for feature in earlier.units["column"]:
        try:
            name = find_column(feature, columns, "column")
        except InputError as error:
            advice = "--like needs every feature of the earlier run, so give its column that name"
            raise InputError(f"{error}; {advice}") from None
        if name in names:
            raise InputError(f"has one column, {name}, for two features of the earlier run")
        names.append(name)
    return names


def find_moves(earlier, customers, kinds, labels):
    """Find who went from which segment to which since the earlier run, by ID.

    Returns the Moves: an ID of then and one of now, and a DataFrame, a row for each segment of then
    and a column for each of now; None unless the folder has a segments.csv, and both it and the
    customers have an ID.
    """
    path = earlier.folder / "segments.csv"
    id_now = find_id(customers) or guess_id(kinds)
    if id_now is None or not path.exists():
        return None
    model = earlier.model
    segment_name = model["segment_columns"][0]
    try:
        source = load(path, model["encoding"], model["separator"])
        table, reading = parse(source, {})
        if segment_name not in table or not is_numeric_dtype(table[segment_name]):
            raise InputError(f"has no column {segment_name} of numbers")
    except InputError as error:
        raise InputError(f"--like {path}: {error}; or move it away") from None
    id_then = id_now if id_now in table else find_id(table) or guess_id(reading.kinds)
    if id_then is None:
        return None
    then = Series(table[segment_name].to_numpy(), table[id_then]).dropna()
    then = drop_unclear_ids(then)
    ids = customers.loc[labels.index, id_now]
    now = drop_unclear_ids(Series(labels.to_numpy(), ids))
    both = pd.concat([then, now], axis=1, join="inner").astype(int)
    numbers = earlier.segments.index
    counts = pd.crosstab(both[0], both[1]).reindex(index=numbers, columns=numbers, fill_value=0)
    return Moves([*then.index[:1], *now.index[:1]], counts)


def drop_unclear_ids(segments):
    """Drop the segments of customers without an ID, and all but the first of an ID."""
    ids = segments.index
    return segments[ids.notna() & ~ids.duplicated()]


def compare_shares(then, table):
    """Add to a table of segments the share of each then, its change, and whether that is no chance.

    Chance is told by the standard error of the difference of two shares of one kind of customers.
    """
    customers_then = then["customers"].sum()
    customers_now = table["Customers"].sum()
    shares = (then["customers"] + table["Customers"]) / (customers_then + customers_now)
    errors = np.sqrt(shares * (1 - shares) * (1 / customers_then + 1 / customers_now))
    change = table["Share"] - then["share"]
    moved = abs(change) > np.maximum(MOVED_SHARE, MOVED_ERRORS * errors)
    return table.assign(**{SHARE_THEN: then["share"], CHANGE: 100 * change, MOVED: moved})


def compare(segments, scaled, earlier, moves):
    """Say what changed since an earlier run; return a Judgement as judge does."""
    then = earlier.segments
    customers = then["customers"].sum()
    origin = f"the {len(then)} segments that an earlier run ({earlier.folder}) found in "
    origin += f"{customers:,.0f} customers; nothing is searched or fitted, and their stability is "
    origin += "that of then"
    shares = write_shares(segments.table)
    paragraphs = {"Like": origin, "Shares": shares}
    if moves:
        paragraphs["Moved"] = write_moves(moves)
    title = write_title(segments, f"the {len(then)} kinds of an earlier run")
    trust = f"{shares[0].upper()}{shares[1:]}."
    cautions = find_changes(segments, scaled, earlier)
    return Judgement(paragraphs, cautions, title, trust, write_news(segments.table, moves))


def write_news(table, moves):
    """Say which segments grew or shrank, and how many customers changed theirs."""
    news = []
    for word, is_chosen in (("grew", table[CHANGE] > 0), ("shrank", table[CHANGE] < 0)):
        changed = table[table[MOVED] & is_chosen]
        if len(changed):
            news.append(f"{list_numbers(changed)} {word}")
    if moves:
        counts = moves.counts.to_numpy()
        known = counts.sum()
        moved = known - np.trace(counts)
        if known:
            news.append(f"{moved:,} of {known:,} known customers changed segment")
    title = "; ".join(news) or "No segment grew or shrank by more than chance"
    return title[0].upper() + title[1:]


def write_shares(table):
    """Say which segments grew or shrank."""
    changes = []
    for segment, row in table[table[MOVED]].iterrows():
        changes.append(
            f"segment {segment} ({row['Name']}) {percent(row[SHARE_THEN])} then, "
            f"{percent(row['Share'])} now ({row[CHANGE]:+.1f} points)"
        )
    return "; ".join(changes) or "no segment grew or shrank by more than chance and one point"


def write_moves(moves):
    """Say how many customers are in both runs, how many of them moved, and where to."""
    counts = moves.counts.stack()
    total = counts.sum()
    if total == 0:
        text = "no ID is in both runs"
        if len(moves.ids) == 2:
            text += f": '{one_line(moves.ids[0])}' then, '{one_line(moves.ids[1])}' now"
        return text
    counts = counts[[start != end for start, end in counts.index]]
    text = f"of {total:,} customers in both runs, {count_and_share(counts.sum(), total)} are in "
    text += "another segment now"
    largest = counts[counts > 0].nlargest(3)
    if len(largest):
        steps = [f"{count:,} from {start} to {end}" for (start, end), count in largest.items()]
        text += f": most often {', '.join(steps)} (all in moves.csv)"
    return text


def find_changes(segments, scaled, earlier):
    """List what is no longer as in the earlier run, each with what to do."""
    then = earlier.segments
    cautions = []
    anew = "look for segments anew, without --like"
    distances = measure_distances(scaled, segments)
    share = (distances > segments.labels.map(then["distance"])).mean()
    variance = NEAR_SHARE * (1 - NEAR_SHARE) / len(scaled)
    variance += earlier.model["far_deviation"] ** 2
    if share > 1 - NEAR_SHARE + FAR_ERRORS * math.sqrt(variance):
        cautions.append(
            f"{percent(share)} of the customers lie farther from their centroid than "
            f"{percent(NEAR_SHARE)} did then: a new kind of customers? {anew.capitalize()}"
        )
    customers_then = then["customers"].sum()
    # How probable it is that all customers of a segment happened to come in the first month.
    chances = (customers_then / (customers_then + len(scaled))) ** then["customers"]
    is_empty = (segments.table["Customers"] == 0) & (chances < FALSE_ALARM / len(then))
    if is_empty.any():
        cautions.append(
            f"no customers are in {list_numbers(then[is_empty])} now; if that lasts, {anew}"
        )
    deviations = 1
    if (earlier.units["scale"] == 1).all():  # with --no-scale the model does not tell them
        deviations = scaled.std()
    average = then["share"].to_numpy() @ earlier.centroids
    moved = abs(scaled.mean() - average) / deviations
    # Both months are samples, and each feature is one more chance of a false alarm.
    errors = NormalDist().inv_cdf(1 - FALSE_ALARM / 2 / len(moved))
    chance = errors * math.sqrt(1 / customers_then + 1 / len(scaled))
    for name in moved.index[moved > max(MOVED_MEAN, chance)]:
        cautions.append(
            f"the mean of {name} moved by {moved[name]:.1f} standard deviations since then: if it "
            f"is still in the same unit, {anew}"
        )
    return cautions


# ------------------------------------------------------------------------------------------- draw

# What is called draw_ returns a Figure and writes nothing; sizes are in inches. Another picture
# is one more such function, and a line in `draw_customers` or `draw_segments`. Numbers come from
# features, in the file's own units; inputs are where customers stand in a picture.


def count_lines(text):
    """Return how many lines a text has."""
    return text.count("\n") + 1


def write_tick(value, _):
    """Write a number at an axis: 0.25 or 20,000 or 2M."""
    if abs(value) < 1e5:
        return f"{value:,.12g}"
    return EngFormatter(sep="")(value)


def write_left_out(count, what):
    """Say how many of something a picture leaves out."""
    if count <= 0:
        return ""
    return f" {count:,} more {what} are left out."


def make_figure(names, size, title, note, table=None, **options):
    """Make a figure with a panel for each name, which is so wide and high with its labels.

    Above them stand the finding, and a note that helps to read it; below them a legend of the
    segments, if their table is given. Returns the figure and a dict of its axes by name. No picture
    may be wider or higher than 20 inches.
    """
    columns = 2 if len(names) == 4 else min(3, len(names))
    rows = math.ceil(len(names) / columns)
    width = columns * size[0]
    title = wrap(title, 7.5 * (width - 2 * MARGIN), 3)
    font_size = plt.rcParams["font.size"]
    note = wrap(note, 130 / font_size * (width - 2 * MARGIN), 3)
    note_top = MARGIN + 0.27 * count_lines(title)
    head = note_top + 0.02 * font_size * count_lines(note)
    height = head + rows * size[1]
    if table is not None:
        height += 0.5 + 0.1 * count_lines("\n".join(table["title"]))
    figure = plt.figure(figsize=(width, height), layout="constrained")
    left = MARGIN / width
    panels = (left, 0, 1 - 2 * left, 1 - head / height)
    figure.get_layout_engine().set(rect=panels, w_pad=0.1, h_pad=0.1)
    figure.text(left, 1 - 0.25 / height, title, size=TITLE_SIZE, weight="bold", va="top")
    figure.text(left, 1 - note_top / height, note, color=NOTE_COLOR, va="top")
    if table is not None:
        add_legend(figure, table)
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for ax in axes[len(names) :]:
        ax.remove()
    axes = axes[: len(names)]
    for ax in axes:
        ax.locator_params(nbins=5)
        ax.xaxis.set_major_formatter(write_tick)
        ax.yaxis.set_major_formatter(write_tick)
    return figure, dict(zip(names, axes, strict=True))


def add_legend(figure, table):
    """Add a legend of the segments at the foot of a figure."""
    markers = []
    for row in table.itertuples():
        markers.append(plt.Line2D([], [], ls="", ms=9, color=row.color, marker=row.marker))
    figure.legend(markers, table["title"], loc="outside lower center", ncols=2)


def choose_sample(features, limit):
    """Return the positions of the customers that a picture shows, and a note if not of all."""
    sample = draw_sample(len(features), limit)
    if len(sample) == len(features):
        return sample, ""
    return sample, f" {limit:,} of {len(features):,} customers are drawn."


def find_few_values(places):
    """Return the numbers of a feature, in order, if they are few and lie well apart; or none."""
    numbers = np.unique(places.dropna())
    if not 2 <= len(numbers) <= MOST_CATEGORY_VALUES:
        return []
    gap = np.diff(numbers).min()
    return list(numbers) if gap > np.ptp(numbers) / 10 else []


def choose_log_ticks(low, high):
    """Return places of about four round numbers on an axis of log(1 + x), from low to high."""
    ends = np.expm1([low, high])
    numbers = MaxNLocator(4).tick_values(*ends)
    if high - low > 2:
        numbers = np.outer(10.0 ** np.arange(-2, 16), [1, 2, 5]).ravel()
        numbers = np.append(0, numbers)
    ticks = []
    for place in np.log1p(numbers[(numbers >= ends[0]) & (numbers <= ends[1])]):
        if not ticks or place - ticks[-1] > (high - low) / 5:
            ticks.append(place)
    return ticks


def label_axis(axis, places, units):
    """Write the name of a feature at an axis that is drawn, and its numbers in its own units."""
    is_logged = False
    words = None
    if places.name in units.index:  # and is no direction in a plane
        is_logged = units.at[places.name, "log"]
        words = units.at[places.name, "words"]
    if words:
        axis.set_ticks([0, 1], [wrap(word, 12, 1) for word in words])
    choices = [[] if words else find_few_values(places)]
    if is_logged:
        choices.append(choose_log_ticks(*axis.get_view_interval()))
    for ticks in choices:
        numbers = np.expm1(ticks) if is_logged else ticks
        labels = [write_tick(number, None) for number in numbers]
        if 0 < len(" ".join(labels)) <= 36:
            axis.set_ticks(ticks, labels)
            break
    name = wrap(places.name, 34, 4)
    axis.set_label_text(f"{name}, log scale" if is_logged else name)


def jitter(places):
    """Strew the customers of the same few numbers, or one would hide the others."""
    rng = np.random.default_rng(0)
    strewn = {}
    for name, values in places.items():
        numbers = find_few_values(values)
        if numbers:
            width = 0.3 * np.diff(numbers).min()
            values = values + rng.uniform(-width, width, len(values))
        strewn[name] = values
    return DataFrame(strewn)


def set_rows(ax, names, rows):
    """Write names at the left of bars from top to bottom, in a panel with room for so many rows."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(rows - 0.5, -0.5)


def add_bars(ax, counts, total, end, colors):
    """Draw counts as bars on an axis to end, each with its count and its share of a total."""
    bars = ax.barh(range(len(counts)), counts, color=colors)
    ax.bar_label(bars, [count_and_share(count, total) for count in counts], padding=4)
    ax.set_xlim(0, end)
    ax.tick_params(left=False)
    ax.xaxis.set_visible(False)
    ax.spines[["left", "bottom"]].set_visible(False)


def draw_distributions(features, units):
    """01: each feature's histogram, its median and its middle half."""
    sample, sample_note = choose_sample(features, SAMPLE)
    names = list(features)[:MOST_PANELS]
    words = units["words"]
    quartiles = features[names].quantile([0.25, 0.5, 0.75])
    places = take_logarithms(features[names].iloc[sample], units)
    halves = {}
    for name, (low, _, high) in quartiles.items():
        halves[name] = f"{write_value(low, words[name])} to {write_value(high, words[name])}"
    title = write_half(features, quartiles, words)
    note = "Bars count customers; the middle half is shaded, the line is the median."
    note += sample_note + write_left_out(len(features.columns) - len(names), "features")
    figure, axes = make_figure(names, (4.5, 4), title, note)
    for name, (low, median, high) in take_logarithms(quartiles, units).items():
        ax = axes[name]
        values = places[name].dropna()
        ax.hist(values, choose_bins(values), color=GREY, alpha=0.5, edgecolor="white")
        ax.axvspan(low, high, color=ACCENT, alpha=0.15, linewidth=0)
        ax.axvline(median, color=ACCENT, linewidth=2, zorder=0.5)  # behind a bar as narrow
        median = write_value(quartiles.at[0.5, name], words[name])
        ax.set_title(f"median {median}\nmiddle half {halves[name]}", color=ACCENT)
        label_axis(ax.xaxis, values, units)
        ax.set_ylabel("Customers")
    return figure


def write_half(features, quartiles, words):
    """Say between what numbers half of the customers lie: in age, or else in the first feature."""
    age = find_age(features)
    if age in quartiles:
        low, _, high = quartiles[age]
        return f"Half of your customers are {low:.0f} to {high:.0f} years old"
    name = next(iter(quartiles))
    low, _, high = quartiles[name]
    if words[name]:
        share = percent(features[name].mean())
        return f"{name} is {words[name][1]} with {share} of your customers"
    half = f"{readable(low)} to {readable(high)}"
    return f"Half of your customers have {short_names(features)[name]} {half}"


def choose_bins(places):
    """Return the edges of the bars of a histogram, about 2 n^(1/3) of them (the Rice rule).

    Few numbers have a bar each. Bars of whole numbers are all of the same number of them: one of 2
    ages beside one of 3 would show a dip.
    """
    low = places.min()
    high = places.max()
    numbers = find_few_values(places)
    if numbers:
        gap = np.diff(numbers).min()
        return np.unique(np.add.outer([-gap / 2, gap / 2], numbers))
    bars = math.ceil(2 * len(places) ** (1 / 3))
    if not is_whole(places):
        return np.linspace(low, high, bars + 1)
    width = max(1, round((high - low) / bars))
    return np.arange(low - 0.5, high + width, width)


def draw_counts(groups, customers, feature_count):
    """02: how many customers are in each category and band, with their share."""
    categories = list(groups)[:-feature_count]
    names = list(groups)[-feature_count:]
    names = names[: max(MOST_PANELS // 2, MOST_PANELS - len(categories))]
    names = categories[: MOST_PANELS - len(names)] + names
    rows = max(len(groups[name]) for name in names)
    largest = max(groups[name].max() for name in names)
    end = 1.6 * largest  # with room for labels
    findings = []
    for name in names[:3]:
        named = groups[name].drop(OTHER, errors="ignore")
        share = percent(named.max() / customers)
        findings.append(f"{name} {named.idxmax()} ({share})")
    title = f"The largest groups of {customers:,} customers: {', '.join(findings)}"
    note = "Customers in each group, and their share of all. A band holds its upper end."
    note += write_left_out(len(groups) - len(names), "columns")
    figure, axes = make_figure(names, (5.25, 0.9 + 0.4 * rows), title, note)
    for name, ax in axes.items():
        add_bars(ax, groups[name], customers, end, ACCENT)
        set_rows(ax, [wrap(str(value), 26, 2) for value in groups[name].index], rows)
        ax.set_title(wrap(name, 36, 1), weight="bold", loc="left")
    return figure


def draw_by_category(features, categories, units):
    """03: the features by the categories, if any: a violin for each value, with quartiles."""
    sample, sample_note = choose_sample(features, SAMPLE)
    drawn = categories.iloc[sample]
    has_values = drawn.nunique() > 1
    drawn = drawn.loc[:, has_values]
    if drawn.empty:
        return None
    places = take_logarithms(features.iloc[sample], units)
    explained = explain_by_category(places, drawn)
    sure = explained[explained["chance"] * len(explained) < CHANCE]
    title = find_difference(features, categories, explained, sure)
    pairs = sure[:MOST_PAIRS] if len(sure) else explained[: MOST_PAIRS // 2]
    rows = drawn.nunique()[pairs["category"]].to_numpy()
    pairs = pairs.iloc[np.argsort(-rows, kind="stable")]  # like heights beside each other
    note = "Wide where many of a row's customers are: all violins have the same area. The lines "
    note += f"mark the quarters. Explained: the part of all variance.{sample_note}"
    note += write_left_out(len(sure) - len(pairs), "pairs that differ")
    figure, axes, rooms = make_rows(pairs, drawn, title, note)
    for pair in pairs.itertuples():
        ax = axes[pair.Index]
        values = drawn[pair.category].cat.remove_unused_categories()
        sns.violinplot(
            x=places[pair.feature], y=values, inner="quart", cut=0, color=VIOLIN_COLOR, ax=ax
        )
        words = units.at[pair.feature, "words"]
        names = values.cat.categories
        labels = label_violins(features[pair.feature], categories[pair.category], names, words)
        set_rows(ax, labels, rooms[pair.Index])
        ax.set_title(f"{percent(pair.share)} explained")
        ax.set_ylabel(wrap(pair.category, 8 * rooms[pair.Index] + 10, 2))
        label_axis(ax.xaxis, places[pair.feature], units)
    return figure


def make_rows(pairs, categories, title, note):
    """Make a figure with a panel for each pair, as high as the categories in a row have values.

    Returns a dict of the axes, and one of the values for which each has room.
    """
    values = categories.nunique()[pairs["category"]].to_numpy()
    columns = 2 if len(pairs) == 4 else min(3, len(pairs))
    heights = []
    rooms = {}
    for place, pair in enumerate(pairs.index):
        if place % columns == 0:
            rows = values[place : place + columns].max()
            heights.append(min(1.2 + 0.9 * rows, 8))
        rooms[pair] = rows
    size = (5.5, sum(heights) / len(heights))
    figure, axes = make_figure(list(pairs.index), size, title, note, height_ratios=heights)
    return figure, axes, rooms


def label_violins(values, category, names, words):
    """Write each name of a category with its customers and their median of a feature."""
    labels = []
    for name in names:
        members = values[category == name]
        label = wrap(str(name), 26, 2)
        labels.append(f"{label}\n{len(members):,}, median {write_value(members.median(), words)}")
    return labels


def explain_by_category(places, categories):
    """Measure how much of the variance of each feature each category explains (eta squared).

    Returns a DataFrame of every pair: `category`, `feature`, `share`, and `chance`, how probable so
    much is if the category makes no difference (F test). The most beyond chance comes first.
    """
    tables = []
    for category, values in categories.items():
        between = values.nunique() - 1
        within = len(values) - values.nunique()
        statistics, chances = f_classif(places, values.cat.codes)
        table = DataFrame({"category": category, "feature": places.columns, "chance": chances})
        table["share"] = between / (between + within / statistics)
        table["beyond"] = table["share"] - (1 - table["share"]) * between / within
        tables.append(table)
    explained = pd.concat(tables, ignore_index=True).fillna({"share": 0, "beyond": 0, "chance": 1})
    return explained.sort_values("beyond", ascending=False, kind="stable")


def find_difference(features, categories, explained, sure):
    """Say who differs most in what, if anyone does beyond chance in all pairs."""
    words = short_names(features)
    if sure.empty:
        what = join_words(list(words.values())[:MOST_WORDS], "or")
        who = "Customers of different categories"
        if explained["category"].nunique() == 1:
            values = list(categories[explained.at[0, "category"]].cat.categories)
            who = join_words(values[:MOST_WORDS], "and")
        return f"{who} do not differ in {what} by more than chance"
    best = sure.iloc[0]
    values = features[best.feature]
    members = values.groupby(categories[best.category], observed=True)
    means = members.mean().drop(OTHER, errors="ignore").sort_values()
    comparison = f"have more {words[best.feature]}"
    if best.feature == find_age(features):
        comparison = "are older"
    write = percent if is_flag(values) else readable
    high = (
        f"{best.category} {means.index[-1]}: these customers {comparison}, {write(means.iloc[-1])}"
    )
    return f"{high} against {write(means.iloc[0])} ({means.index[0]})"


def draw_relationships(features, units):
    """04: the pairs of features, the most correlated first, with the correlation (Pearson's r)."""
    sample, sample_note = choose_sample(features, SCATTER_SAMPLE)
    places = take_logarithms(features, units)
    correlations = places.corr().fillna(0)  # where all are alike
    pairs = list(itertools.combinations(features, 2))
    pairs.sort(key=lambda pair: -abs(correlations.at[pair]))
    x, y = pairs[0]
    errors = NormalDist().inv_cdf(1 - CHANCE / 2 / len(pairs))
    chance = errors / math.sqrt(len(places))
    title = f"{x} rises as {y} rises"
    if correlations.at[x, y] < 0:
        title = f"{y} falls as {x} rises"
    if abs(correlations.at[x, y]) < chance:
        title = "No two features rise or fall together by more than chance"
    note = "r is 1 or -1 if all customers lie on a line, and 0 if no line describes them."
    note += sample_note + write_left_out(len(pairs[MOST_PAIRS:]), "pairs")
    pairs = pairs[:MOST_PAIRS]
    places = places.iloc[sample]
    points = jitter(places)
    figure, axes = make_figure(pairs, pair_size(pairs), title, note)
    for (x, y), ax in axes.items():
        ax.scatter(points[x], points[y], point_size(points), color=ACCENT, alpha=0.6, linewidth=0)
        ax.set_title(f"r = {correlations.at[x, y]:.2f}")
        label_axis(ax.xaxis, places[x], units)
        label_axis(ax.yaxis, places[y], units)
    return figure


def pair_size(pairs):
    """Return width and height of the panels that show pairs of features."""
    return (10.5, 6.5) if len(pairs) == 1 else (5, 4.5)


def point_size(points):
    """Return the area of a point, in square points: a thousand large ones would hide others."""
    return 34 * min(1, 1000 / len(points))


def draw_customers(features, categories, groups, customers, units):
    """Return the pictures of the customers, 01 to 04."""
    complete = features.dropna()
    return {
        "01_distributions.png": draw_distributions(features, units),
        "02_counts.png": draw_counts(groups, customers, len(features.columns)),
        "03_by_category.png": draw_by_category(complete, categories.loc[complete.index], units),
        "04_relationships.png": draw_relationships(features, units),
    }


def draw_elbow(evidence, verdict):
    """05: WCSS and silhouettes against k, the elbow and the best silhouettes marked."""
    if evidence is None:  # nothing was searched
        return None
    curve = evidence.curve
    choice = evidence.choice
    note = "WCSS: what is left of the differences within segments. Silhouettes of 1 are perfect; "
    note += "thin: simplified, measured to centroids. "
    if choice.rivals:
        rivals = list_rivals(choice, "and")
        note += f"Nearly as good as the best silhouette (within {NEARLY_BEST}): {rivals}. "
    note += f"Dashed: the {choice.k} segments of this run."
    figure, axes = make_figure(["wcss", "silhouette"], (6.25, 5), verdict, note)
    simplified = curve["simplified_silhouette"]
    axes["silhouette"].plot(curve.index, simplified, "o-", color=GREY, linewidth=0.8, markersize=3)
    axes["silhouette"].plot(simplified.idxmax(), simplified.max(), "o", color=ACCENT)
    add_curve(axes["wcss"], curve["wcss"], choice.elbow, "elbow")
    add_curve(axes["silhouette"], curve["silhouette"], choice.preference, "best")
    for ax in axes.values():
        ax.axvline(choice.k, color=ACCENT, linestyle="--", linewidth=1, zorder=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("k, the number of segments")
    axes["wcss"].set_ylabel("WCSS, the within-cluster sum of squares")
    axes["wcss"].set_ylim(0, None)
    axes["silhouette"].set_ylabel("Mean silhouette")
    return figure


def add_curve(ax, values, mark, word):
    """Draw a curve of values against k with one k marked, and a word at the mark."""
    ax.margins(y=0.12)
    ax.plot(values.index, values, "o-", color=GREY)
    ax.plot(mark, values[mark], "o", color=ACCENT, markersize=12)
    is_at_the_right = mark > 0.8 * values.index[-1]
    ax.annotate(
        f"{word} at {mark}",
        (mark, values[mark]),
        xytext=(-10 if is_at_the_right else 10, 10),
        textcoords="offset points",
        ha="right" if is_at_the_right else "left",
        color=ACCENT,
        weight="bold",
    )


def draw_silhouettes(segments):
    """06: the silhouette of every customer, segment by segment, and the mean."""
    silhouettes = segments.silhouettes
    labels = segments.labels[silhouettes.index]
    table = segments.table
    mean = silhouettes.mean()
    _, sample_note = choose_sample(segments.labels, SILHOUETTE_SAMPLE)
    misplaced = (silhouettes < 0).sum()
    title = f"{misplaced:,} of {len(silhouettes):,} customers lie nearer to another segment"
    note = "A silhouette compares the mean distances to the customers of the own segment and of "
    note += "the next one: 1 is deep inside, 0 between both, below 0 the others are nearer on "
    note += f"average.{sample_note}"
    row = 0.13 + 0.17 * max(map(count_lines, table["title"]))
    figure, axes = make_figure(["blades"], (13, 3.5 + row * len(table)), title, note)
    ax = axes["blades"]
    gap = row / 3 * len(silhouettes)  # between two segments, room for the name of a small one
    top = 0
    middles = []
    for segment in table.itertuples():
        blade = silhouettes[labels == segment.Index].sort_values(ascending=False)
        edges = top + np.arange(len(blade) + 1)
        top = edges[-1] + gap
        middles.append(edges.mean())
        ax.stairs(blade, edges, orientation="horizontal", fill=True, color=segment.color)
        add_marker(ax, segment.Silhouette, middles[-1], segment)
    ax.axvline(mean, color=INK, linestyle="--", linewidth=1)
    ax.set_title(f"dashed: the mean of {mean:.2f}")
    ax.axvline(0, color=GREY, linewidth=1)
    ax.set_yticks(middles, table["title"])
    ax.set(ylim=(top - gap / 2, -gap / 2), xlabel="Silhouette")
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    return figure


def add_marker(ax, x, y, segment, **options):
    """Draw the marker of a segment, a row of the table."""
    options = {"marker": segment.marker, "markeredgecolor": "white"} | options
    ax.plot(x, y, color=segment.color, markersize=10, **options)


def write_explained(explained, segment_count):
    """Say how much of what differs between customers lies between the segments."""
    share = write_part(explained["between"].sum(), explained["variance"].sum())
    names = list(explained.index)
    return (
        f"{share} of the differences between customers in {', '.join(names[:-1])} and {names[-1]} "
        f"lie between the {segment_count} segments"
    )


def add_customers(ax, places, labels, table):
    """Draw the customers of each segment, in as many dimensions as they have features."""
    for segment, members in places.groupby(labels):
        coordinates = [members[name] for name in members]
        ax.scatter(
            *coordinates,
            s=point_size(places),
            color=table.at[segment, "color"],
            marker=table.at[segment, "marker"],
            edgecolor="white",
            linewidth=0.3,
        )


def add_numbers(ax, centroids):
    """Mark the centroids in a panel by crosses, each with its number in the first free corner.

    Two centroids that are nearly the same leave the smaller segment without a number.
    """
    ax.plot(centroids.iloc[:, 0], centroids.iloc[:, 1], "+", color=INK, markersize=12)
    ax.autoscale_view()
    taken = np.empty((0, 2))
    for segment, centroid in centroids.dropna().iterrows():
        place = ax.transLimits.transform(centroid)
        for corner in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            spot = place + NUMBER_OFFSET * np.array(corner)
            is_inside = (abs(spot - 0.5) < 0.5).all()
            gaps = abs(taken - spot).max(axis=1, initial=0)
            if is_inside and (gaps > 2 * NUMBER_OFFSET).all():
                taken = np.vstack([taken, spot])
                ax.text(*spot, segment, transform=ax.transAxes, **NUMBER)
                break


def choose_map(inputs, scaled, segments):
    """Return the inputs with the pair first that tells most, or the plane of four and more.

    Also returns what to say of it, and how it is to be read.
    """
    explained = segments.explained
    count = len(segments.table)
    between = explained["between"].sum()
    if len(explained) == 2:
        return inputs, write_explained(explained, count), ""
    if len(explained) == 3:
        kept = explained["between"].nlargest(2)
        pair = [name for name in inputs if name in kept.index]
        finding = f"{' and '.join(pair)} keep {write_part(kept.sum(), between)} of the difference "
        finding += "between the segments"
        names = pair + [name for name in inputs if name not in pair]
        return inputs[names], finding, ""
    plane = find_plane(scaled)
    centroids = plane.groupby(segments.labels).mean()
    kept = measure_between(centroids, segments.table["Share"]).sum()
    finding = f"This plane keeps {write_part(kept, between)} of the difference between the {count} "
    note = f"The two directions in which customers differ most in all {len(explained)} features. "
    return plane, f"{finding}segments", note


def find_plane(scaled):
    """Return where customers stand in the plane of the first two principal components.

    The names of its axes say how much of the variance each has, and which features grow along it.
    """
    model = PCA(2).fit(scaled.iloc[draw_sample(len(scaled), SAMPLE)])
    words = fit_names(list(short_names(scaled).values()), WORD_LETTERS)
    names = []
    for variance, weights in zip(model.explained_variance_ratio_, model.components_, strict=True):
        weights = Series(weights, words)
        grown = []
        for word in abs(weights).nlargest(MOST_WORDS).index:
            grown.append(f"more {word}" if weights[word] > 0 else f"less {word}")
        names.append(f"{percent(variance)} of the variance: {', '.join(grown)}\N{NO-BREAK SPACE}→")
    return DataFrame(model.transform(jitter(scaled)), scaled.index, names)


def draw_clusters(inputs, title, note, units, segments):
    """07: the segments over every pair of two or three features, or in the plane of all."""
    note += "Crosses mark the centroids, with the numbers of their segments."
    _, sample_note = choose_sample(inputs, SCATTER_SAMPLE)
    pairs = list(itertools.combinations(inputs, 2))
    size = pair_size(pairs)
    widths = [1] if len(pairs) == 1 else [1.7, 1, 1]  # the first pair tells most
    figure, axes = make_figure(
        pairs, size, title, note + sample_note, segments.table, width_ratios=widths
    )
    for pair, ax in axes.items():
        add_map(ax, inputs[list(pair)], units, segments)
    return figure


def add_map(ax, inputs, units, segments):
    """Draw the customers of each segment over two inputs, with numbered centroids."""
    sample, _ = choose_sample(inputs, SCATTER_SAMPLE)
    centroids = inputs.groupby(segments.labels).mean().reindex(segments.table.index)
    places = inputs.iloc[sample]
    add_customers(ax, jitter(places), segments.labels.iloc[sample], segments.table)
    add_numbers(ax, centroids)
    label_axis(ax.xaxis, places.iloc[:, 0], units)
    label_axis(ax.yaxis, places.iloc[:, 1], units)


def draw_space(inputs, units, segments):
    """08: the segments over the three best explained features, if so many, from two sides."""
    if len(segments.explained) < 3:
        return None
    sample, sample_note = choose_sample(inputs, SCATTER_SAMPLE)
    explained = segments.explained[:3]
    names = [name for name in inputs if name in explained.index]
    title = write_explained(explained, len(segments.table))
    note = "Two views. Pins lead from the centroids to the floor; what is pale is far."
    inputs = inputs[names]
    centroids = inputs.groupby(segments.labels).mean()
    inputs = inputs.iloc[sample]
    places = jitter(inputs)
    floor = inputs[names[2]].min()
    options = {"subplot_kw": {"projection": "3d", "computed_zorder": False}}  # centroids in front
    figure, axes = make_figure(
        [-60, 30], (7.25, 5.5), title, note + sample_note, segments.table, **options
    )
    for azimuth, ax in axes.items():
        add_customers(ax, places, segments.labels.iloc[sample], segments.table)
        ax.zaxis.set_major_formatter(write_tick)
        for axis, name in zip((ax.xaxis, ax.yaxis, ax.zaxis), names, strict=True):
            label_axis(axis, inputs[name], units)
            axis.labelpad = 10
        ax.view_init(20, azimuth)
        for segment, x, y, z in centroids.itertuples():
            ax.plot([x, x], [y, y], [floor, z], color=INK, linewidth=1, zorder=9)
            ax.text(x, y, z, segment, **NUMBER)
    figure.draw_without_rendering()  # only then matplotlib up to 3.10 knows where labels stand
    return figure


def draw_profiles(segments, title):
    """09: who the segments are: name, size, means against the average customer, and trust.

    At the right stand the columns that were not chosen, if they differ.
    """
    table = segments.table
    features, unused, more, alike = choose_columns(segments)
    note = "Means of each segment. Red is above the average customer, blue below; ▲ ▼ from "
    note += f"{MARKED_DISTANCE} standard deviations. Stability: {STABILITY_HELP}."
    note += write_left_out(more + len(segments.explained) - len(features), "columns")
    if alike == 1:
        note += " Another column differs by no more than chance."
    elif alike:
        note += f" {alike:,} other columns or values differ by no more than chance."
    letters = 36 if len(table) <= 18 else 50
    names = write_names(table, letters, len(segments.labels))
    panels = ["sizes", "means"]
    widths = [2.5, len(features) + 2]
    if unused:
        panels.append(UNUSED_TITLE)
        widths.append(len(unused))
    size = ((3.9 + sum(widths)) / len(panels) + 0.5, measure_rows(names))
    figure, axes = make_figure(panels, size, title, note, width_ratios=widths)
    add_profiles(axes, names, segments, features, TRUST_COLUMNS)
    if unused:
        ax = axes[UNUSED_TITLE]
        add_cells(ax, segments.distances.iloc[:, unused], write_cells(segments, unused))
        ax.set_title(UNUSED_TITLE, color=NOTE_COLOR)
    return figure


def write_names(table, letters, total):
    """Write the numbers and names of segments, and a last line for all customers."""
    names = [wrap(f"{number}  {name}", letters) for number, name in table["Name"].items()]
    return names + [f"average of all {total:,}"]


def measure_rows(names):
    """Return how high a table of segments is with its head, in inches."""
    line_height = 0.0175 * plt.rcParams["font.size"]
    height = max(0.6, 0.1 + line_height * max(map(count_lines, names)))
    return 1.2 + min(height, 15.5 / len(names)) * len(names)


def add_profiles(axes, names, segments, features, trust_columns):
    """Draw the sizes of segments, and beside them the means of these features, and the trust."""
    add_sizes(axes["sizes"], segments.table, len(segments.labels))
    set_rows(axes["sizes"], names, len(names))
    trust = segments.table[trust_columns].map("{:.2f}".format, na_action="ignore")
    cells = pd.concat([write_cells(segments, features), trust], axis=1)
    add_cells(axes["means"], segments.distances.iloc[:, features], cells)


def choose_columns(segments):
    """Return the positions of the means that 09 shows: of features, and of unused columns.

    These are the best explained features, and those of the other columns that differ most, if that
    is no chance; of a category of two values the second is enough. Also returns how many more
    differ, and how many do not.
    """
    columns = segments.columns
    best = segments.explained.index[:MOST_PANELS]
    is_best = columns["column"].isin(best)
    features = columns.index[columns["is_feature"] & is_best]
    unused = columns[~columns["is_feature"]]
    values = unused.groupby("column")["value"]
    is_first_of_two = (values.transform("size") == 2) & (values.cumcount() == 0)
    unused = unused[~is_first_of_two]
    different = unused[unused["differs"]]
    shown = different.nlargest(MOST_COLUMNS - len(features), "distance")
    alike = len(unused) - len(different)
    return list(features), sorted(shown.index), len(different) - len(shown), alike


def add_sizes(ax, table, total):
    """Draw the sizes of the segments as bars, each with colour and marker."""
    sizes = table["Customers"]
    add_bars(ax, sizes, total, 2 * sizes.max(), list(table["color"]))
    if SHARE_THEN in table:
        for label, (_, row) in zip(ax.texts, table.iterrows(), strict=True):
            arrow = ""
            if row[MOVED]:
                arrow = " ▲" if row[CHANGE] > 0 else " ▼"
            label.set_text(f"{label.get_text()}\nthen {percent(row[SHARE_THEN])}{arrow}")
    across = ax.get_yaxis_transform()
    for place, segment in enumerate(table.itertuples()):
        add_marker(ax, -0.06, place, segment, clip_on=False, transform=across)
    ax.tick_params(pad=22)  # room for the markers


def add_cells(ax, distances, cells):
    """Draw a table of cells, the first columns coloured by their distances from the average."""
    blank_columns = len(cells.columns) - len(distances.columns)
    distances = np.pad(distances.fillna(0), ((0, 1), (0, blank_columns)))
    image = ax.imshow(
        distances, "RdBu_r", aspect="auto", vmin=-DARKEST_DISTANCE, vmax=DARKEST_DISTANCE
    )
    for (row, column), text in np.ndenumerate(cells.fillna("").to_numpy()):
        ink = choose_ink(image.to_rgba(distances[row, column]))
        ax.text(column, row, text, color=ink, ha="center", va="center")
    ax.set_xticks(range(len(cells.columns)), list(cells))
    ax.xaxis.tick_top()
    ax.tick_params(top=False)
    ax.yaxis.set_visible(False)
    ax.spines[:].set_visible(False)


def measure_luminance(color):
    """Measure how bright a color is, 0 to 1 (WCAG 2)."""
    rgb = np.array(color[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def choose_ink(color):
    """Return white or ink for a text on a color, whichever contrasts more (WCAG 2)."""
    background = measure_luminance(color) + 0.05
    ink = measure_luminance(matplotlib.colors.to_rgb(INK)) + 0.05
    return "white" if 1.05 / background > background / ink else INK


def write_cells(segments, places):
    """Write the means at these places as cells, with an arrow where one is far from the average.

    Of a long head the name of the column is cut, and not the value.
    """
    letters = 118 / plt.rcParams["font.size"]
    cells = []
    heads = []
    for row in segments.columns.loc[places].itertuples():
        write = "{:.0%}".format if row.is_share else write_mean
        texts = segments.means.iloc[:, row.Index].map(write, na_action="ignore")
        distances = segments.distances.iloc[:, row.Index]
        is_above = distances >= MARKED_DISTANCE
        is_below = distances <= -MARKED_DISTANCE
        arrows = np.select([is_above, is_below], [" ▲", " ▼"], "")
        cells.append(texts + np.append(arrows, ""))
        head = wrap(row.column, letters, 4 if row.value else 8)
        if row.value:
            head = f"{head}:\n{wrap(row.value, letters, 4)}"
        heads.append(head)
    return pd.concat(cells, axis=1).set_axis(heads, axis=1)


def write_mean(value):
    """Write a mean in a cell: 56.3 or 12,345 or 1.23M."""
    if abs(value) < 1e5:
        return readable(value)
    return EngFormatter(sep="")(float(f"{value:.3g}"))


def draw_differences(inputs, units, segments):
    """10: how the segments differ: in each feature the median and the spread of each segment."""
    table = segments.table
    sample, sample_note = choose_sample(inputs, SAMPLE)
    most = MOST_PANELS if len(table) <= 12 else 3  # or the picture would be too high
    names = list(segments.explained.index[:most])
    shares = segments.explained["share"].map(percent)
    title = f"The {len(table)} segments differ most in {shares.index[0]}, least in "
    title += shares.index[-1]
    note = "Marker: a segment's median; bar: its middle half; line: its middle 90%. Grey: median "
    note += "and middle half of all. Explained: the part of the differences between customers that "
    note += f"lies between segments.{sample_note}"
    note += write_left_out(len(shares) - len(names), "features")
    inputs = inputs[names].iloc[sample]
    marks = inputs.quantile([0.25, 0.5, 0.75])
    members = inputs.groupby(segments.labels.iloc[sample])
    quantiles = members.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    size = (5.25, 1.4 + 0.22 * len(table))
    figure, axes = make_figure(names, size, title, note, table)
    for name, ax in axes.items():
        low, median, high = marks[name]
        ax.axvspan(low, high, color=GREY, alpha=0.2, linewidth=0)
        ax.axvline(median, color=GREY, linewidth=1.5)
        ax.use_sticky_edges = False
        add_spreads(ax, quantiles[name].unstack(), table)
        ax.set_yticks(table.index)
        ax.set_ylim(len(table) + 0.6, 0.4)
        label_axis(ax.xaxis, inputs[name], units)
        ax.set_xlabel("")
        subtitle = f"{segments.explained.at[name, 'share']:.0%} explained"
        if units.at[name, "log"]:
            subtitle += ", log scale"
        ax.set_title(f"{wrap(name, 40, 2)}\n{subtitle}")
    return figure


def add_spreads(ax, quantiles, table):
    """Draw a row a segment: a line over 90%, a bar over the middle half, a marker at the median.

    The columns of the quantiles (DataFrame) are 0.05, 0.25, 0.5, 0.75 and 0.95.
    """
    ax.hlines(quantiles.index, quantiles[0.05], quantiles[0.95], INK, linewidth=0.8)
    widths = quantiles[0.75] - quantiles[0.25]
    colors = list(table.loc[quantiles.index, "color"])
    ax.barh(quantiles.index, widths, 0.5, quantiles[0.25], color=colors)
    for segment in table.loc[quantiles.index].itertuples():
        add_marker(ax, quantiles.at[segment.Index, 0.5], segment.Index, segment, clip_on=False)


def draw_rules(segments, units):
    """11: the rule of each segment, unless these are too many: a range in each feature it uses."""
    table = segments.table
    boxes = segments.rules.boxes
    used = {name for box in boxes.values() for name in box}
    names = [name for name in segments.explained.index if name in used]
    if len(table) > MOST_RULES or not names:
        return None
    placed = percent(segments.rules.placed)
    title = f"{placed} of customers lie in the rule of their segment alone"
    note = "Bar: the range that the rule asks for; grey: that of all customers; line: that of the "
    note += "segment's. Finds: how many of them; right: how many of those it finds are of the "
    _, sample_note = choose_sample(segments.labels, SAMPLE)
    note += f"segment. A range holds its upper end.{sample_note}"
    note += write_left_out(len(names) - MOST_PANELS, "features")
    names = names[:MOST_PANELS]
    labels = [wrap(f"{number}  {name}", 36) for number, name in table["Name"].items()]
    height = 1.6 + 0.62 * max(1, max(map(count_lines, labels)) / 3) * len(labels)
    figure, axes = make_figure(["rules"], (5.5 + 1.6 * len(names), height), title, note)
    ax = axes["rules"]
    set_rows(ax, labels, len(labels))
    for column, name in enumerate(names):
        add_ranges(ax, column, name, segments, units)
    for row, (_, rule) in enumerate(table.iterrows()):
        text = write_shares_of_rule(rule) if rule[RULE] else "no rule"
        ax.text(len(names) + 0.08, row, text.replace(", ", ",\n"), va="center")
    ax.set_xlim(0, len(names) + 0.8)
    ax.set_xticks(np.arange(len(names)) + 0.5, [wrap(name, 16, 5) for name in names])
    ax.xaxis.tick_top()
    ax.tick_params(top=False, left=False)
    ax.spines[:].set_visible(False)
    return figure


def add_ranges(ax, column, name, segments, units):
    """Draw what the rules ask of a feature, in a column from 0 to 1: a bar a segment."""
    sample = draw_sample(len(segments.features), SAMPLE)
    labels = segments.labels.iloc[sample]
    places = take_logarithms(segments.features[[name]].iloc[sample], units)[name]
    low = places.min()
    high = places.max()
    has_flags = is_flag(places)
    for row, number in enumerate(segments.table.index):
        if name not in segments.rules.boxes[number]:
            continue
        bounds = np.array(segments.rules.boxes[number][name])
        inputs = np.log1p(bounds) if units.at[name, "log"] else bounds
        if has_flags:
            inputs = np.where(inputs == 0, 0.5, inputs)  # or a 0 would have no width
        members = places[labels == number]
        ranges = np.array([[low, high], inputs, [members.min(), members.max()]])
        shares = (np.clip(ranges, low, high) - low) / (high - low)
        everyone, asked, own = column + 0.08 + 0.84 * shares
        color = segments.table.at[number, "color"]
        ax.hlines(row + 0.15, *everyone, GREY, linewidth=0.8)
        ax.barh(row + 0.15, asked[1] - asked[0], 0.3, asked[0], color=color)
        ax.hlines(row + 0.15, *own, INK, linewidth=2)
        text = write_range(bounds, units.at[name, "words"])
        ax.text(column + 0.5, row - 0.2, text, ha="center", va="center", size=9)


def write_range(bounds, words):
    """Write the range between two bounds for people: 39 to 76, above 62, up to 40, or a word."""
    low, high = bounds
    if words:
        return words[1] if np.isfinite(low) else words[0]
    if not np.isfinite(low):
        return f"up to {write_mean(high)}"
    if not np.isfinite(high):
        return f"above {write_mean(low)}"
    return f"{write_mean(low)} to {write_mean(high)}"


def draw_summary(places, units, segments, judgement):
    """00: one page, 1,200 pixels wide: who the segments are, where they lie, how far to trust them.

    The places of the customers are those of the first panel of 07.
    """
    most = SUMMARY_SEGMENTS
    shown = segments._replace(
        table=segments.table[:most],
        distances=segments.distances[:most],
        means=segments.means.loc[list(segments.table.index[:most]) + ["average"]],
    )
    note = judgement.trust + write_left_out(len(segments.table) - most, "segments")
    names = write_names(shown.table, 26, len(segments.labels))
    sentences = [wrap(sentence, 44) for sentence in write_sentences(segments)]
    text = "\n\n".join(sentences)
    best = segments.explained.index[:SUMMARY_FEATURES]
    features = [place for place, name in enumerate(segments.features) if name in best]
    with plt.rc_context(SUMMARY_THEME):
        heights = [measure_rows(names), max(5.2, 0.5 + 0.2 * count_lines(text))]
        figure, axes = make_figure(
            ["sizes", "means", "sentences", "map"],
            (5, sum(heights) / 2),
            judgement.title,
            note,
            width_ratios=[0.42, 1],
            height_ratios=heights,
        )
        add_profiles(axes, names, shown, features, TRUST_COLUMNS[1:])
        add_map(axes["map"], places, units, segments)
        add_sentences(axes["sentences"], text)
    return figure


def add_sentences(ax, text):
    """Write a text from the left edge of the figure on: below the names there is room, too."""
    figure = ax.get_figure()
    place = blended_transform_factory(figure.transFigure, ax.transAxes)
    left = MARGIN / figure.get_figwidth()
    text = ax.text(left, 0.95, text, va="top", transform=place)
    text.set_in_layout(False)
    ax.axis("off")


def write_sentences(segments):
    """Say in plain words who has most of what tells most, who are alike, and what else matters."""
    names = fit_names(list(short_names(segments.features).values()), WORD_LETTERS)
    words = dict(zip(segments.features, names, strict=True))
    sentences = []
    features = list(segments.features)
    # What measures says more than who has a card.
    names = sorted(segments.explained.index, key=lambda name: is_flag(segments.features[name]))
    for name in names[:2]:
        place = features.index(name)
        means = segments.means.iloc[:, place]
        number = means.drop("average").idxmax()
        who = f"Segment {number} ({segments.table.at[number, 'Name']}) has the highest"
        mean = f"{words[name]}: {readable(means[number])} on average"
        average = f"the average customer has {readable(means['average'])}"
        if segments.columns.at[place, "is_share"]:
            mean = f"share of {words[name]}: {means[number]:.0%}"
            average = f"that of all customers is {means['average']:.0%}"
        sentences.append(f"{who} {mean}; {average}.")
    if len(segments.centroids) > 2:
        sentences.append(write_likeness(segments, words))
    sentences.append(write_category(segments))
    ranges = write_ranges(segments, words)
    if len(ranges) <= SUMMARY_LETTERS:
        sentences.append(ranges)
    sentences.append(
        "Red cells are above the average customer, blue ones below; ▲ and ▼ mark where that is "
        "plain. Stability says how much of a segment comes back in other samples: from "
        f"{GOOD_STABILITY} it is stable."
    )
    return [sentence for sentence in sentences if sentence]


def write_ranges(segments, words):
    """Say the rules as ranges, for who has no database."""
    texts = []
    for number, box in segments.rules.boxes.items():
        ranges = []
        for name, bounds in box.items():
            ranges.append(f"{words[name]} {write_range(bounds, segments.words[name])}")
        if ranges:
            texts.append(f"{number}: {', '.join(ranges)}.")
    return f"To find them: {' '.join(texts)}" if texts else ""


def write_likeness(segments, words):
    """Say which two segments are most alike, and what tells them apart."""
    distances = euclidean_distances(segments.centroids)
    np.fill_diagonal(distances, np.inf)
    one, other = sorted(np.unravel_index(distances.argmin(), distances.shape))
    differences = abs(segments.centroids[one] - segments.centroids[other])
    name = list(segments.features)[differences.argmax()]
    return (
        f"Over all features segments {one + 1} and {other + 1} are most alike: what tells them "
        f"apart is {words[name]} above all."
    )


def write_category(segments):
    """Say whether a category matters: which value differs most between segments, if any does."""
    shares = segments.columns[segments.columns["value"] != ""]
    if shares.empty:
        return ""
    different = shares[shares["differs"]]
    if different.empty:
        names = list(shares["column"].unique())[:MOST_WORDS]
        verb = "makes" if len(names) == 1 else "make"
        return f"{join_words(names, 'and')} {verb} no difference beyond chance."
    best = different["distance"].idxmax()
    column, value = shares.loc[best, ["column", "value"]]
    values = segments.means.iloc[:, best]
    number = values.drop("average").idxmax()
    return (
        f"{column} matters: {value} are {values[number]:.0%} of segment {number}, and "
        f"{values['average']:.0%} of all customers."
    )


def draw_segments(inputs, scaled, units, segments, judgement):
    """Return the pictures of the segments, 06 to 10, and 00 out of them."""
    summary = None
    clusters = None
    has_plane = np.ptp(scaled, axis=0).any()  # which customers who are all alike have not
    if len(scaled.columns) < 4 or has_plane:
        places, finding, note = choose_map(inputs, scaled, segments)
        clusters = draw_clusters(places, finding, note, units, segments)
        summary = draw_summary(places.iloc[:, :2], units, segments, judgement)
    return {
        "06_silhouette.png": draw_silhouettes(segments),
        "07_clusters_2d.png": clusters,
        "08_clusters_3d.png": draw_space(inputs, units, segments),
        "09_profiles.png": draw_profiles(segments, judgement.news),
        "10_differences.png": draw_differences(inputs, units, segments),
        "11_rules.png": draw_rules(segments, units),
        SUMMARY: summary,
    }


# ------------------------------------------------------------------------------------------- save


def name_new_columns(names):
    """Return the names of the columns that segments.csv has more, unlike those of the file."""
    taken = {name.casefold() for name in names}
    columns = NEW_COLUMNS
    number = 0
    while not taken.isdisjoint(column.casefold() for column in columns):
        number += 1
        ending = " (new)" if number == 1 else f" (new {number})"
        columns = [f"{name}{ending}" for name in NEW_COLUMNS]
    return columns


def join_profiles(segments):
    """Return the table of profiles.csv: what the segments are called, are like, and are worth.

    Means that are called like another column are called "Name (mean)".
    """
    table = segments.table.drop(columns=HIDDEN)
    trust = table[RULE_COLUMNS + TRUST_COLUMNS]
    sizes = table.drop(columns=list(trust))
    names = []
    for name in segments.means:
        while name in ["Segment", *table, *names]:
            name += " (mean)"
        names.append(name)
    means = segments.means.loc[table.index].set_axis(names, axis=1)
    return pd.concat([sizes, means, trust], axis=1).rename_axis("Segment")


def choose_dialect(reading, texts):
    """Return the Dialect: how the file is written, but UTF-8 if these texts can't be written so."""
    source = reading.source
    marks = {mark for name, mark in reading.marks.items() if mark and name not in reading.doubts}
    decimal = "," if source.separator == ";" else "."
    if len(marks) == 1:
        decimal = min(marks)
    try:
        "".join(texts).encode(source.encoding)
    except UnicodeError:
        return Dialect(source.separator, decimal, "utf-8", BYTE_ORDER_MARK)
    mark = BYTE_ORDER_MARK if source.preamble.startswith(BYTE_ORDER_MARK) else ""
    return Dialect(source.separator, decimal, source.encoding, mark)


def write_table(table, dialect, path):
    """Write a table of ours in the dialect of the file."""
    text = table.to_csv(sep=dialect.separator, decimal=dialect.decimal, lineterminator="\n")
    path.write_bytes(f"{dialect.mark}{text}".encode(dialect.encoding))


def write_segments(reading, endings, dialect, path):
    """Write the records of the file as they are, but for blank ones, and an ending behind each."""
    blanks = set(reading.records.blanks.tolist())
    counts = np.diff(reading.records.begins).tolist()
    endings = iter(endings)
    options = {"encoding": dialect.encoding, "errors": "surrogateescape", "newline": ""}
    with open_lines(reading.source, "surrogateescape") as lines, path.open("w", **options) as file:
        file.write(dialect.mark + reading.source.preamble.removeprefix(BYTE_ORDER_MARK))
        for place, count in enumerate(counts):
            record = next(lines) if count == 1 else "".join(itertools.islice(lines, count))
            if place not in blanks:
                fields = record.rstrip("\r\n")
                file.write(fields + next(endings) + record[len(fields) :])


def list_endings(reading, segments, names, new_columns):
    """List what segments.csv has behind each record: names of columns, then segments and names.

    A segment of 0 is none. A header that lacks separators gets them.
    """
    separator = reading.source.separator
    records = reading.records
    lacking = records.width - len(records.header)
    header = separator * lacking + pack(new_columns, separator)
    endings = {0: pack(["", ""], separator)}
    for segment, name in names.items():
        endings[segment] = pack([segment, name], separator)
    return [header] + [endings[segment] for segment in segments]


def pack(fields, separator):
    """Return fields as the end of a line of a CSV file."""
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="").writerow(fields)
    return separator + line.getvalue()


def is_own(path):
    """Tell whether a file is one that this script made, now or in an older version."""
    with path.open("rb") as file:
        head = file.read(HEAD_LETTERS)
    if path.name in OWN_HEADS:
        # Without the NUL bytes of UTF-16 its ASCII letters are those of every other encoding.
        text = head.replace(b"\0", b"").decode(errors="replace")
        return re.match(OWN_HEADS[path.name], text, re.DOTALL) is not None
    if not head.startswith(b"\x89PNG"):
        return False
    # Older versions named matplotlib alone, as everybody's pictures do.
    is_older = b"Matplotlib" in head and (path.parent / "segments.csv").exists()
    return MAKER.encode() in head or is_older


def require_own_files(folder, names):
    """Raise InputError if a file that a run would replace or remove is not of this script."""
    for name in names:
        path = folder / name
        if path.is_dir():
            raise InputError(f"{path}: is a folder where a file is to be written; move it")
        if path.exists() and not is_own(path):
            raise InputError(
                f"{path}: is no file of segment.py, and would be replaced; move it, or name "
                "another folder with -o"
            )


def require_current_folder():
    """Raise InputError if the folder in which the command was given is gone."""
    try:
        Path.cwd()
    except OSError as error:
        reason = error.strerror
        raise InputError(f"the current folder can't be used: {reason}; go to another") from None


def require_folder(folder, csv_file):
    """Raise InputError unless the folder can be written, and no table of it is the input."""
    try:
        place = folder.absolute()
        while not os.path.lexists(place):
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{place}: can't be written; name another folder with -o")
        for name in OWN_HEADS:
            output = folder / name
            if output.exists() and os.path.exists(csv_file) and output.samefile(csv_file):
                raise InputError(f"{output}: is the input, and would be replaced; move it")
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: can't be written: {error}; name another with -o") from None


def save(folder, files):
    """Leave each file whole in the folder.

    A file is a Figure, a function that writes to a path, or None: that of an earlier run is
    removed. All are made in a folder inside and moved up once the last is whole; the report goes
    first and comes last, so that a folder without it is unfinished. Raises InputError if the folder
    can't be written, or has files of somebody else.
    """
    try:
        require_own_files(folder, files)
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as temporary:
            unfinished = Path(temporary)
            if __name__ == "__main__":
                signal.signal(signal.SIGINT, partial(clean_up_and_exit, unfinished))
            for name, content in files.items():
                if content is not None:
                    save_file(content, unfinished / name)
            (folder / REPORT).unlink(missing_ok=True)
            for name, content in files.items():
                if content is None:
                    (folder / name).unlink(missing_ok=True)
                elif name != REPORT:
                    (unfinished / name).replace(folder / name)
            (unfinished / REPORT).replace(folder / REPORT)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{folder}: can't be written: {reason}; name another with -o") from None


def clean_up_and_exit(unfinished, *_):
    """Exit at a Ctrl-C: as an exception it might come out of compiled code as another one."""
    shutil.rmtree(unfinished, ignore_errors=True)
    os._exit(130)


def remove_leftovers(folder):
    """Remove the unfinished files of runs that were killed; a younger run may be at work yet."""
    for leftover in folder.glob(f"{UNFINISHED}*"):
        is_old = time.time() - leftover.lstat().st_mtime > LONGEST_RUN
        if is_old and leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)


def save_file(content, path):
    """Write a Figure, or what a function writes."""
    if isinstance(content, Figure):
        # It is laid out here, because a picture that has it yet to do is drawn twice.
        content.get_layout_engine().execute(content)
        content.set_layout_engine(None)
        for ax in content.axes:
            # The layout's solver differs in the last digits from run to run, and so would bytes.
            ax.set_position(np.round(ax.get_position(original=True).bounds, 6))
        # Packed quickly: the tightest PNG is a tenth smaller, and takes a second more.
        packing = {"compress_level": 1}
        content.savefig(path, dpi=DPI, pil_kwargs=packing, metadata={"Source": MAKER})
    else:
        content(path)


# ------------------------------------------------------------------------------------------- main


class ArgumentParser(argparse.ArgumentParser):
    """A parser that raises InputError instead of printing its usage and leaving."""

    def error(self, message):
        """Refuse the command line."""
        raise InputError(f"{message}; python segment.py --help lists the options")


def parse_arguments(argv):
    """Read the command line; InputError if it can't be obeyed."""
    parser = ArgumentParser("segment.py", description="Tell a shop who its customers are.")
    add = parser.add_argument
    add("csv", nargs="?", type=Path, default=SHIPPED_CSV, metavar="CSV", help="the customers")
    add("-o", "--output", default="output", metavar="DIR", help="folder for the files")
    add("-f", "--features", nargs="+", metavar="COLUMN", help="two or more columns to segment by")
    add("-k", "--clusters", type=int, metavar="K", help="so many segments, whatever the elbow says")
    add("--max-clusters", type=int, metavar="N", help="how far the elbow looks; default 10")
    add("--log", nargs="+", metavar="COLUMN", help="cluster by log(1 + x) of these")
    add("--no-scale", action="store_true", help="cluster the raw values instead of z-scores")
    add("--seed", type=int, default=0, metavar="N", help="of the random starts of K-Means")
    add("--encoding", metavar="NAME", help="of the CSV, if its letters come out wrong")
    add("--like", type=Path, metavar="DIR", help="the segments of the earlier run in this folder")
    add("--show", action="store_true", help="also open the pictures in windows")
    argv = sys.argv[1:] if argv is None else argv
    options = parser.parse_args(argv)
    options.command = ["python", "segment.py", *map(str, argv)]
    if options.like:
        require_no_search(parser, options)
    options.log = options.log or []
    options.max_clusters = 10 if options.max_clusters is None else options.max_clusters
    if options.clusters is not None:
        require_range(parser, "-k", options.clusters, range(2, MOST_SEGMENTS + 1))
    require_range(parser, "--max-clusters", options.max_clusters, range(3, MOST_SEGMENTS + 1))
    require_range(parser, "--seed", options.seed, range(2**32))
    require_encoding(parser, options.encoding)
    if options.csv == SHIPPED_CSV:
        require_no_file(parser, options.features)
        require_no_file(parser, options.log)
    if not options.output.strip():
        parser.error("-o needs the name of a folder")
    options.output = Path(options.output)
    options.earlier = None
    if options.like:
        options.earlier = read_earlier(options.like)
        require_other_folder(parser, options)
    return options


def require_no_search(parser, options):
    """Refuse the command line if an option says what --like takes from the earlier run."""
    values = {
        "-f": options.features,
        "-k": options.clusters,
        "--max-clusters": options.max_clusters,
        "--log": options.log,
        "--no-scale": options.no_scale or None,
    }
    for name, value in values.items():
        if value is not None:
            parser.error(f"--like takes what {name} says from the earlier run; leave {name} out")


def require_other_folder(parser, options):
    """Refuse the command line if the earlier run would be replaced."""
    folder = options.earlier.folder
    if folder.resolve() != options.output.resolve():
        return
    command = ["python", "segment.py", str(options.csv), "--like", str(folder)]
    command += ["-o", f"{options.output}-now"]
    parser.error(
        f"--like {folder} is the output folder, too, and would be replaced; name another: "
        f"{shlex.join(command)}"
    )


def require_range(parser, name, number, numbers):
    """Refuse the command line if the number of an option is none of these."""
    if number not in numbers:
        parser.error(f"{name} {number} is not a number from {numbers[0]} to {numbers[-1]:,}")


def require_encoding(parser, name):
    """Refuse the command line if no text is in an encoding of this name; None is none."""
    try:
        b"segment".decode(name or "utf-8", errors="replace")
    except (LookupError, ValueError):
        parser.error(f"--encoding {name} is unknown; try utf-8, gbk, cp1250, cp1251 or shift_jis")


def require_no_file(parser, columns):
    """Refuse the command line if a file is taken for the column of an option."""
    for name in columns or []:
        if Path(name).suffix.lower() in FILE_ENDINGS:
            parser.error(
                f"-f and --log take every word behind them for a column, {name}, too; put the CSV "
                f"first: python segment.py {shlex.quote(name)} -f ..."
            )


def choose_inputs(options, customers, reading):
    """Return features, inputs and units: with --like, those of the earlier run."""
    try:
        return take_inputs(options, customers, reading)
    except InputError as error:
        raise name_encoding(error, reading.source) from None


def take_inputs(options, customers, reading):
    """Do what choose_inputs does, whatever the letters are."""
    earlier = options.earlier
    if earlier:
        names = find_features(earlier, list(customers))
    else:
        names = choose_features(options, customers, reading)
    features, units = take_features(customers, names, reading, earlier)
    if earlier:
        units = earlier.units.set_axis(list(features)).assign(column=names)
    else:
        log_names = [find_column(name, list(features), "feature") for name in options.log]
        units.insert(0, "log", units.index.isin(log_names))
    for name in features:
        is_read_otherwise = units.at[name, "log"] or options.no_scale
        if is_read_otherwise and name in reading.doubts:
            raise reading.doubts[name]
    inputs = take_logarithms(features, units).dropna()
    if not earlier:
        require_differences(inputs)
        scales = measure_units(inputs, options.no_scale)
        units = pd.concat([units[["log"]], scales, units.drop(columns="log")], axis=1)
        if options.no_scale:
            units["center"] = inputs.mean()  # for distances lose all digits far from 0
    elif inputs.empty:
        raise InputError("has no customer with every feature; give one at least")
    return features, inputs, units


def analyse(options, announce):
    """Go the road from the CSV file to the report, the cautions, and the files to be saved."""
    announce("1 of 5, read")
    earlier = options.earlier
    source = load(options.csv, options.encoding)
    customers, reading = parse(source, earlier.model["marks"] if earlier else {})
    features, inputs, units = choose_inputs(options, customers, reading)
    columns = list(units["column"])
    announce("2 of 5, explore")
    categories = find_categories(customers, columns, reading.kinds)
    groups = count_groups(features, categories, units)
    unused = join_unused(take_others(customers, columns, reading), categories)
    paragraphs, cautions = explore(one_line(options.csv.name), customers, features, groups, columns)
    if reading.notes:
        paragraphs = {"Read": "; ".join(reading.notes)} | paragraphs
    announce("3 of 5, segment")
    scaled = DataFrame(apply_units(inputs, units), inputs.index, inputs.columns)
    complete = features.loc[scaled.index]
    tables = {"elbow.csv": None, "moves.csv": None}
    fit = find_again(scaled, earlier) if earlier else find_segments(scaled, options)
    segments = describe(complete, scaled, units, unused.loc[scaled.index], fit)
    segments, rules = add_rules(segments, units, reading, customers, earlier)
    if earlier:
        moves = find_moves(earlier, customers, reading.kinds, fit.labels)
        judgement = compare(segments, scaled, earlier, moves)
        deviation = earlier.model["far_deviation"]
        model = make_model(earlier.units, earlier.segments, earlier.centroids, deviation)
        if moves:
            tables["moves.csv"] = moves.counts.add_prefix("To ").rename_axis("From")
    else:
        judgement = judge(segments, fit.evidence)
        cautions += find_feature_cautions(features, units, reading.kinds)
        summary = summarize(segments, fit.evidence)
        model = make_model(units, summary, fit.centroids, fit.evidence.far_deviation)
        tables["elbow.csv"] = fit.evidence.curve
    paragraphs |= judgement.paragraphs | {"Segments": tabulate(segments), "Rules": rules}
    paragraphs["Rule"] = list_rules(segments.table)
    announce("4 of 5, draw")
    files = draw_customers(features, categories, groups, len(customers), units)
    files["05_elbow.png"] = draw_elbow(fit.evidence, paragraphs.get("Verdict"))
    files |= draw_segments(inputs, scaled, units, segments, judgement)
    tables, doubts = make_tables(reading, customers, segments, model, tables)
    cautions = source.cautions + cautions + judgement.cautions + doubts
    return write_report(paragraphs), cautions, files | tables


def make_tables(reading, customers, segments, model, tables):
    """Return what writes the tables and the model in the dialect of the file, and cautions.

    Tables of None are of an earlier run, and go.
    """
    source = reading.source
    names = segments.table["Name"]
    tables["profiles.csv"] = join_profiles(segments)
    dialect = choose_dialect(reading, list(tables["profiles.csv"]) + list(names))
    new_columns = name_new_columns(customers)
    cautions = []
    if new_columns != NEW_COLUMNS:
        cautions.append(
            f"the file has a column {' or '.join(NEW_COLUMNS)}, which stays; segments.csv has "
            f"{' and '.join(new_columns)} besides"
        )
    if dialect.encoding != source.encoding:
        cautions.append(
            f"a name can't be written in {source.encoding}, the encoding of the file; all tables "
            "are UTF-8"
        )
    model = model | {
        "encoding": dialect.encoding,
        "separator": dialect.separator,
        "marks": {name: mark for name, mark in reading.marks.items() if mark},
        "segment_columns": new_columns,
    }
    labels = segments.labels.reindex(customers.index, fill_value=0)
    endings = list_endings(reading, labels, names, new_columns)
    files = {
        "segments.csv": partial(write_segments, reading, endings, dialect),
        MODEL_FILE: partial(write_model, model),
    }
    for name, table in tables.items():
        files[name] = None if table is None else partial(write_table, table, dialect)
    return files, cautions


def say(stream, text, end="\n"):
    """Print for the user, if the stream takes it: a closed pipe or a full disk is no error here."""
    try:
        print(text, end=end, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def show_step(start, name):
    """Say on stderr which step begins, once the run takes long; on a terminal in one place."""
    seconds = time.perf_counter() - start
    if seconds <= SHORT_RUN:
        return
    text = f"segment.py: step {name}, {seconds:.0f} s so far"
    if sys.stderr.isatty():
        say(sys.stderr, CLEARED_LINE + text, end="")
    else:
        say(sys.stderr, text)


def run(options):
    """Do what the command line says; InputError if it can't be done."""
    start = time.perf_counter()
    announce = partial(show_step, start)
    with warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        try:
            report, cautions, files = analyse(options, announce)
        except InputError as error:
            raise InputError(f"{options.csv}: {error}") from None
        announce("5 of 5, save")
        text = f"{report}\n".encode(errors="backslashreplace")
        files[REPORT] = lambda path: path.write_bytes(text)
        save(options.output, files)
    if any("missing from" in str(message.message) for message in messages):
        cautions.append(
            "some letters are drawn as boxes; install a font that has them: Noto Sans CJK SC for "
            "Chinese, Japanese and Korean, Noto Emoji, or Unifont for all others"
        )
    if options.show and plt.get_backend().lower() == "agg":
        cautions.append("no window can be opened here; look into the folder instead")
    if sys.stderr.isatty():
        say(sys.stderr, CLEARED_LINE, end="")
    names = [name for name, content in files.items() if content is not None]
    seconds = time.perf_counter() - start
    first_picture = SUMMARY if SUMMARY in names else "09_profiles.png"
    place = one_line(options.output / first_picture)
    say(sys.stdout, f"{report}\n\n{len(names)} files, {seconds:.1f} s: open {place} first")
    for caution in cautions:
        say(sys.stderr, f"segment.py: warning: {one_line(caution)}")
    if options.show:
        plt.show()


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0, 2 if the input can't be used, 130 if interrupted."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it is closed, or the program has no console
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    if hasattr(sys.stdout, "reconfigure"):  # a narrow console shall not stop a wide name
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        require_current_folder()
        options = parse_arguments(argv)
        require_folder(options.output, options.csv)
        if not options.show:
            matplotlib.use("agg")
        with plt.style.context(make_theme(), after_reset=True):
            run(options)
    except InputError as error:
        say(sys.stderr, f"segment.py: error: {one_line(error)}")
        return 2
    except MemoryError:
        advice = "close other programs, or give fewer customers"
        say(sys.stderr, f"segment.py: error: there is not enough memory for the file; {advice}")
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        plt.close("all")
    return 0


def make_theme():
    """Return the style of all pictures, with the fonts of FONTS that are installed."""
    names = fontManager.get_font_names()
    fonts = [font for font in FONTS if font in names]
    return THEME | {"font.family": fonts}


if __name__ == "__main__":
    os._exit(main())  # all is written; to take the packages apart in order takes as long as to fit
