"""Columns of dates, two texts and numbers with a unit, as programs write them, and what they mean.

spellings.py adds them to its tables. They are texts, and numbers once they are named as features.
"""

import datetime
import math
import random

GAPS = ["", "", "NULL", "0000-00-00", "9999-12-31", "<nil>", "(error)", "NaT"]
DAY_FIRST = "day first"
MONTH_FIRST = "month first"
# By strftime, but that {d} and {m} are day and month without a zero; times and zones come behind.
DATE_FORMS = {
    "": ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d.", "%Y. {m}. {d}.", "%Y%m%d", "{d} %B %Y", "%B {d}, %Y"]
    + ["%d-%b-%y", "%b. {d}, %Y", "%a %b %d %Y", "%d%b%Y", "%d-%b-%Y", "%A, %B %d, %Y"],
    DAY_FIRST: ["%d/%m/%Y", "%d.%m.%Y", "{d}. {m}. %y", "%d-%m-%y", "%d %m %Y", "{d}.{m}.%Y"],
    MONTH_FIRST: ["%m/%d/%Y", "{m}/{d}/%y", "%m-%d-%Y", "{m}.{d}.%Y"],
}
TIMES = ["", "", "", " %H:%M", " %H:%M:%S", " %I:%M %p", "T%H:%M:%S", "T%H:%M:%S.123Z"]
TIMES += [" %H:%M:%S+02:00", ", %I:%M:%S %p"]
PAIRS = [("no", "yes"), ("FALSE", "TRUE"), ("False", "True"), ("f", "t"), ("N", "Y")]
PAIRS += [("nein", "ja"), ("non", "oui"), ("no", "sí"), ("não", "sim"), ("FALSCH", "WAHR")]
PAIRS += [("FAUX", "VRAI"), ("FALSO", "VERO"), ("FALSO", "VERDADEIRO"), ("HAMIS", "IGAZ")]
PAIRS += [("Female", "Male"), ("F", "M"), ("App", "Shop"), ("hayır", "evet"), ("Нет", "Да")]
# Before and behind the number, its mark of thousands and of decimals, and how many of these.
UNITS = [("Rp ", "", ".", ",", 0), ("Rp", "", ".", ",", 2), ("RM ", "", ",", ".", 2)]
UNITS += [("KES ", "", ",", ".", 2), ("KSh ", "", ",", ".", 0), ("", " TL", ".", ",", 2)]
UNITS += [("S/ ", "", ",", ".", 2), ("R ", "", " ", ".", 2), ("", " FCFA", " ", ",", 0)]
UNITS += [("", " грн", " ", ",", 2), ("", " kg", "", ".", 1), ("", " km", "", ",", 1)]
UNITS += [("", " h", "", ".", 2), ("", "kg", "", ".", 2), ("", " pts", "", ".", 0)]


def make_dates(rng: random.Random, rows: int) -> tuple[list[str], list[float] | None]:
    """Draw a column of dates; return its texts, and the days before the latest.

    These are None if no date tells the order of day and month.
    """
    order = rng.choice(list(DATE_FORMS))
    form = rng.choice(DATE_FORMS[order])
    time = rng.choice(TIMES) if form != "%Y%m%d" else ""
    first_year = rng.choice([1971, 2015, 2023])
    gap_share = rng.choice([0, 0, 0.1])
    texts = []
    days = []
    for row in range(rows):
        moment = datetime.datetime(first_year, 1, 1) + datetime.timedelta(
            seconds=rng.randrange(round((2025 - first_year) * 365.2 * 86_400))
        )
        if row and rng.random() < gap_share:
            texts.append(rng.choice(GAPS))
            days.append(math.nan)
        else:
            text = moment.strftime(form + time)
            texts.append(text.replace("{d}", str(moment.day)).replace("{m}", str(moment.month)))
            days.append(moment.date())
    dates = [day for day in days if isinstance(day, datetime.date)]
    is_told = any(day.day > 12 for day in dates) or all(day.day == day.month for day in dates)
    if order and not is_told:
        return texts, None
    latest = max(dates)
    return texts, [(latest - day).days if day in dates else day for day in days]


def make_words(rng: random.Random, rows: int) -> tuple[list[str], list[float]]:
    """Draw a column of two texts, one of which may be spelt in two ways; return texts and flags."""
    pair = rng.choice(PAIRS)
    has_two_spellings = rng.random() < 0.2
    numbers = [0, 1] + [rng.randint(0, 1) for _ in range(rows - 2)]
    texts = []
    for number in numbers:
        text = pair[number]
        if has_two_spellings and rng.random() < 0.3:
            text = text.capitalize()
        texts.append(text)
    return texts, numbers


def make_units(rng: random.Random, rows: int) -> tuple[list[str], list[float]]:
    """Draw a column of numbers with a unit; return texts and numbers."""
    before, behind, group_mark, decimal_mark, decimals = rng.choice(UNITS)
    center = rng.choice([7, 90, 1800]) if not group_mark else rng.choice([60, 4000, 900_000])
    has_plain_zeros = rng.random() < 0.2
    texts = []
    numbers = []
    for row in range(rows):
        number = round(rng.lognormvariate(math.log(center), 0.6), decimals)
        text = f"{number:_.{decimals}f}".replace(".", decimal_mark).replace("_", group_mark)
        text = f"{before}{text}{behind}"
        if row and has_plain_zeros and rng.random() < 0.2:
            number = 0
            text = "0"
        texts.append(text)
        numbers.append(number)
    return texts, numbers


MAKERS = {"Last order": make_dates, "Newsletter": make_words, "Volume": make_units}
