"""What several tests share: the script as a module, and one real run of the command."""

import contextlib
import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from matplotlib.text import Text
from mpl_toolkits.mplot3d.art3d import Text3D

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other are slow on a busy machine

import segment  # noqa: E402

MALL_CSV = ROOT / "Mall_Customers.csv"
FEATURES = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]
INCOME_AND_SCORE = FEATURES[1:]


class Run(NamedTuple):
    """One finished run of the command."""

    status: int
    out: str
    err: str
    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        """Read a table that the run left, every value as text."""
        with open(self.folder / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def run_command(folder: Path, *arguments: object, cwd: Path | None = None) -> Run:
    """Run `python segment.py` as a user does, with the output in the folder."""
    command = [sys.executable, ROOT / "segment.py", "-o", folder, *arguments]
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        encoding="utf-8",
        cwd=cwd or folder.parent,
    )
    return Run(done.returncode, done.stdout, done.stderr, folder)


def call_main(folder: Path, *arguments: object) -> Run:
    """Run the command within this process, which spares a test the imports."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = segment.main([str(part) for part in (*arguments, "-o", folder)])
    return Run(status, out.getvalue(), err.getvalue(), folder)


def find_segments(points, k=None, seed=0):
    """Go the script's way from the points to the curve of the search and the labels."""
    curve = segment.search(points[segment.draw_sample(len(points), segment.SAMPLE)], 10, seed)
    return segment.fit(points, k or segment.find_elbow(curve["wcss"])[0], curve, seed)


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file in the folder and below."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def default_run(tmp_path_factory) -> Run:
    """Run the command once with nothing but an output folder, from a folder of no meaning."""
    return run_command(tmp_path_factory.mktemp("elsewhere") / "output")


@pytest.fixture(scope="session")
def income_run(tmp_path_factory) -> Run:
    """Run the command once for two features, unscaled, with five segments asked for."""
    folder = tmp_path_factory.mktemp("two") / "output"
    return call_main(folder, "-f", *INCOME_AND_SCORE, "--no-scale", "-k", 5)


@pytest.fixture
def drawn_texts(monkeypatch) -> dict:
    """Note each text that is drawn, by figure, with its place: left, bottom, right, top."""
    texts, draw = {}, Text.draw

    def draw_and_note(text, renderer, *arguments, **options):
        if text.get_visible() and text.get_text().strip():
            place = text.get_window_extent(renderer).extents
            texts.setdefault(text.get_figure(), []).append((text, place))
        return draw(text, renderer, *arguments, **options)

    monkeypatch.setattr(Text, "draw", draw_and_note)
    return texts


def find_faults(drawn_texts: dict) -> list[str]:
    """List the texts that are small, cut, or over another one."""
    faults = []
    for figure, drawn in drawn_texts.items():
        texts, places = (
            np.array([text for text, _ in drawn]),
            np.array([place for _, place in drawn]),
        )
        small = [text.get_fontsize() < 9 for text in texts]
        cut = (places[:, :2] < -0.5).any(axis=1) | (places[:, 2:] > figure.bbox.max + 0.5).any(
            axis=1
        )
        faults += [f"small: {text}" for text in texts[small]] + [
            f"cut: {text}" for text in texts[cut]
        ]
        # The place of a slanted label is the box around it, most of which is empty; and a centroid
        # may well stand in front of another.
        upright = [t.get_rotation() % 90 == 0 and not isinstance(t, Text3D) for t in texts]
        texts, places = texts[upright], places[upright]
        low = np.maximum(places[:, None, :2], places[:, :2])
        shared = (np.minimum(places[:, None, 2:], places[:, 2:]) - low > 2).all(axis=2)
        pairs = zip(*np.nonzero(np.triu(shared, 1)), strict=True)
        faults += [f"over each other: {texts[one]}, {texts[other]}" for one, other in pairs]
    return faults
