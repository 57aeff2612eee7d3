"""Read tables that Python's csv module wrote, and kill runs: what is read and left has to hold.

    python tests/benchmarks/breakage.py [TABLES [KILLS]]

A table has to be read as it was written, or refused for what it contains. A killed run has to leave
each file whole, and no report.txt unless all files are of one run; the next run has to work and to
leave no litter.
"""

import csv
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import contents, start_command

import segment

SEPARATORS = ",;\t|"
LINE_ENDS = ["\n", "\r\n", "\r"]
# What the texts of a table are made of, and some of it seldom.
PARTS = [*"abc", " ", "  ", ",", ";", "\t", "|", '"', '""', "\n", "\r", "\r\n", "'", "\\", "é", "5"]
OPTIONS = ["-f", "annual_income", "spending_score", "--max-clusters", "3"]


def make_table(seed: int) -> tuple[list[list[str]], bytes]:
    """Draw a table of an ID, two numbers and texts; return it, and as csv.writer writes it."""
    rng = random.Random(seed)
    parts = rng.sample(PARTS, rng.randint(2, len(PARTS)))
    texts = rng.randint(0, 3)

    def make_text():
        return "".join(rng.choices(parts, k=rng.randint(0, 6)))

    header = ["ID", "Age", "Score"] + [f"Text {number} {make_text()}" for number in range(texts)]
    rows = [header]
    for row in range(rng.randint(4, 12)):
        numbers = [f"k{row}", str(rng.randint(18, 70)), str(rng.randint(1, 100))]
        rows.append(numbers + [make_text() for _ in range(texts)])
    order = rng.sample(range(len(header)), len(header))
    rows = [[row[column] for column in order] for row in rows]
    file = io.StringIO()
    line_end = rng.choice(LINE_ENDS)
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    has_line_ends = any("\r" in text or "\n" in text for row in rows for text in row)
    if has_line_ends and line_end != "\r\n":
        quoting = csv.QUOTE_ALL  # or line ends of another kind would stand there without quotes
    writer = csv.writer(
        file, delimiter=rng.choice(SEPARATORS), lineterminator=line_end, quoting=quoting
    )
    writer.writerows(rows)
    return rows, file.getvalue().encode()


def plain(text: str) -> str:
    """Return a text as it is compared: with one kind of line end, and no blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def find_difference(rows: list[list[str]], folder: Path, data: bytes) -> str:
    """Say how a table was read otherwise than it was written, or why it was refused."""
    path = folder / "table.csv"
    path.write_bytes(data)
    try:
        customers = segment.read_customers(path)
    except segment.InputError as error:
        return f"refused: {str(error).removeprefix(str(path))}"
    found = customers.astype(object).where(customers.notna(), "").map(str).to_numpy().tolist()
    written = [[plain(text) for text in row] for row in rows[1:]]
    found = [[plain(text) for text in row] for row in found]
    if [len(row) for row in found] != [len(row) for row in written]:
        return "other columns or rows"
    for row, wanted in zip(found, written, strict=True):
        for text, wanted_text in zip(row, wanted, strict=True):
            is_missing = text == "" and wanted_text.lower() in ("na", "")
            is_number = text.removesuffix(".0") == wanted_text
            if text != wanted_text and not is_missing and not is_number:
                return f"read {text!r}, written {wanted_text!r}"
    return ""


def read_tables(count: int) -> int:
    """Read so many tables; print what was refused or misread, and return how many were misread."""
    reasons = {}
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(count):
            rows, data = make_table(seed)
            reason = find_difference(rows, Path(temporary), data)
            if reason:
                kind = reason.split("(")[0]
                kind = "".join(letter for letter in kind if not letter.isdigit())
                reasons.setdefault(kind, []).append((seed, reason))
    refused = sum(len(found) for kind, found in reasons.items() if kind.startswith("refused"))
    misread = sum(map(len, reasons.values())) - refused
    print(f"{count:,} tables, {refused} refused, {misread} misread")
    for kind, found in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"  {len(found)}: {kind[:90]}  (seed {found[0][0]}: {found[0][1][:120]})")
    return misread


def start_run(folder: Path, k: int) -> subprocess.Popen:
    """Start a run for so many segments, unheard."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return start_command(folder, *OPTIONS, "-k", k, **silent)


def kill_run(folder: Path, sent: signal.Signals, seconds: float | None) -> None:
    """Start a run and stop it, after some seconds or once it moves its files into place."""
    report = folder / "report.txt"
    run = start_run(folder, 4)
    started = time.perf_counter()
    while run.poll() is None:
        is_moving = seconds is None and not report.exists()
        is_late = seconds is not None and time.perf_counter() - started >= seconds
        if is_moving or is_late:
            run.send_signal(sent)
            break
    run.wait()


def kill_runs(count: int) -> int:
    """Kill so many runs at random moments, and as many while files move; return the faults."""
    faults = 0
    unfinished = 0
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "output"
        sides = []
        for k in (4, 5):
            started = time.perf_counter()
            start_run(folder, k).wait()
            seconds = time.perf_counter() - started
            sides.append(contents(folder))
        for number in range(2 * count):
            sent = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL][number % 3]
            kill_run(folder, sent, rng.uniform(0, seconds) if number < count else None)
            left = {}
            for path in folder.iterdir():
                if path.is_file():
                    left[path.name] = path.read_bytes()
            for name, data in left.items():
                if data not in (sides[0].get(name), sides[1].get(name)):
                    faults += 1
                    print(f"  kill {number}, {sent.name}: {name} is not whole")
            if "report.txt" not in left:
                unfinished += 1
            elif left not in sides:
                faults += 1
                print(f"  kill {number}, {sent.name}: a mixture with a report")
            start_run(folder, 5).wait()
            if contents(folder) != sides[1]:
                faults += 1
                print(f"  after kill {number}, {sent.name}: litter, or a run that did not work")
    print(f"{2 * count} kills, {unfinished} left no report, {faults} faults")
    return faults


if __name__ == "__main__":
    numbers = [int(float(word)) for word in sys.argv[1:]]
    tables, kills = (numbers + [2000, 40][len(numbers) :])[:2]
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.exit(min(1, read_tables(tables) + kill_runs(kills)))
