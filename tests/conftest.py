"""What several tests share: runs of the command, and what they print, leave and draw."""

import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import seaborn
from matplotlib.figure import Figure
from matplotlib.text import Text
from mpl_toolkits.mplot3d.art3d import Text3D

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["OMP_NUM_THREADS"] = "1"  # threads that wait for each other are slow on a busy machine

import segment  # noqa: E402

MALL_CSV = ROOT / "Mall_Customers.csv"
FEATURES = ["Age", "Annual Income (k$)", "Spending Score (1-100)"]
INCOME_AND_SCORE = FEATURES[1:]
PICTURES = [
    "00_summary.png",
    "01_distributions.png",
    "02_counts.png",
    "03_by_category.png",
    "04_relationships.png",
    "05_elbow.png",
    "06_silhouette.png",
    "07_clusters_2d.png",
    "08_clusters_3d.png",
    "09_profiles.png",
    "10_differences.png",
    "11_rules.png",
]
OWN_PICTURE = "\x89PNG by segment.py"  # what tells that a picture may be replaced
LARGEST = 2400  # pixels that a picture is wide or high at most
FILES = [*PICTURES, "elbow.csv", "model.json", "profiles.csv", "report.txt", "segments.csv"]


class Run(NamedTuple):
    """One finished run of the command."""

    status: int
    out: str
    err: str
    folder: Path
    figures: dict[str, Figure]  # by file name; of a run within this process
    texts: dict[Figure, dict[Text, np.ndarray]]  # those that were drawn, and where

    @property
    def report(self) -> str:
        """What was printed, in one line."""
        return " ".join(self.out.split())

    @property
    def warnings(self) -> list[str]:
        """What the user is warned of."""
        return self._said("warning: ")

    @property
    def errors(self) -> list[str]:
        """What the command refuses: one at most."""
        return self._said("error: ")

    @property
    def noise(self) -> list[str]:
        """What is on stderr besides: no warning, no error, and no step of a run that is long."""
        known = tuple(f"segment.py: {kind}" for kind in ("warning: ", "error: ", "step "))
        return [line for line in self.err.splitlines() if not line.startswith(known)]

    def _said(self, kind: str) -> list[str]:
        begin = f"segment.py: {kind}"
        lines = self.err.splitlines()
        return [line.removeprefix(begin) for line in lines if line.startswith(begin)]

    def rows(self, name: str) -> list[dict[str, str]]:
        """Read a table that the run left, every value as text, in the dialect of its file."""
        model = json.loads((self.folder / "model.json").read_text(encoding="utf-8"))
        data = (self.folder / name).read_bytes()
        text = data.decode(model["encoding"], errors="replace").removeprefix("\ufeff")
        text = re.sub("^sep=.\r?\n", "", text)
        lines = io.StringIO(text, newline="")
        reader = csv.DictReader(lines, delimiter=model["separator"], skipinitialspace=True)
        return list(reader)

    def labels(self) -> np.ndarray:
        """Read the segment of every customer."""
        model = json.loads((self.folder / "model.json").read_text(encoding="utf-8"))
        name = model["segment_columns"][0]
        return np.array([int(row[name]) for row in self.rows("segments.csv")])


def start_command(folder: Path, *arguments: object, **options) -> subprocess.Popen:
    """Start `python segment.py` as a user does, with the output in the folder."""
    command = [sys.executable, ROOT / "segment.py", "-o", folder, *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([str(part) for part in command], encoding="utf-8", **options)


def save_unseen(figure: Figure, file: Path, **_) -> None:
    """Leave a few bytes for a picture that no one looks at, because to draw it takes long."""
    Path(file).write_text(f"{OWN_PICTURE} of {len(figure.axes)} axes", encoding="latin-1")


def save_laid_out(figure: Figure, file: Path, **_) -> None:
    """Leave a few bytes for a picture with its texts in place: half the time of saving it."""
    figure.draw_without_rendering()
    save_unseen(figure, file)


def call_main(folder: Path, *arguments: object, save: Callable = save_unseen) -> Run:
    """Run the command within this process, which spares a test the imports.

    Figures are kept and then saved in this way: `Figure.savefig` draws them, and `save_laid_out`
    finds the places of their texts.
    """
    figures, texts = {}, {}
    out, err = io.StringIO(), io.StringIO()

    def keep_and_save(figure, file, **options):
        figures[Path(file).name] = figure
        save(figure, file, **options)

    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        if save not in (Figure.savefig, save_laid_out):
            for plot in ("histplot", "violinplot", "heatmap"):
                patch.setattr(seaborn, plot, lambda *_, **__: None)
        note_texts(patch, texts)
        patch.setattr(Figure, "savefig", keep_and_save)
        status = segment.main(["-o", str(folder), *map(str, arguments)])
    return Run(status, out.getvalue(), err.getvalue(), folder, figures, texts)


def segment_shop(
    folder: Path, shop: str | pd.DataFrame, *arguments: object, save: Callable = save_unseen
) -> Run:
    """Run the command on a shop.csv of this content, which has to be segmented."""
    path = folder / "shop.csv"
    if isinstance(shop, pd.DataFrame):
        shop = shop.to_csv(index=False)
    path.write_text(shop, encoding="utf-8")
    run = call_main(folder / "output", path, *arguments, save=save)
    assert run.status == 0, run.err
    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file in the folder and below, by its path from there."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="session")
def default_run(tmp_path_factory) -> Run:
    """Run the command as a process, with nothing but an output folder."""
    folder = tmp_path_factory.mktemp("elsewhere") / "output"
    process = start_command(folder, cwd=folder.parent)
    out, err = process.communicate()
    return Run(process.returncode, out, err, folder, {}, {})


@pytest.fixture(scope="session")
def mall_run(tmp_path_factory) -> Run:
    """Do the default run within this process, with all its figures."""
    folder = tmp_path_factory.mktemp("here") / "output"
    return call_main(folder, MALL_CSV, "--seed", 0, save=Figure.savefig)


@pytest.fixture(scope="session")
def income_run(tmp_path_factory) -> Run:
    """Run the command once for two features, unscaled, with five segments asked for."""
    folder = tmp_path_factory.mktemp("two") / "output"
    arguments = ["-f", *INCOME_AND_SCORE, "--no-scale", "-k", 5]
    return call_main(folder, *arguments, save=Figure.savefig)


def texts_in(figure: Figure) -> list[str]:
    """List the texts that can be seen in a figure."""
    texts = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text.get_text() for text in texts if text.get_text().strip()]


def note_texts(patch: pytest.MonkeyPatch, texts: dict[Figure, dict[Text, np.ndarray]]) -> None:
    """Note each text that is drawn, by figure, with its place: left, bottom, right, top."""
    draw = Text.draw

    def draw_and_note(text, renderer, *arguments, **options):
        if text.get_visible() and text.get_text().strip():
            place = text.get_window_extent(renderer).extents
            texts.setdefault(text.get_figure(), {})[text] = place  # the last, if drawn again
        return draw(text, renderer, *arguments, **options)

    patch.setattr(Text, "draw", draw_and_note)


def find_faults(run: Run) -> list[str]:
    """List texts that are small, cut, or over another text or panel, and pictures too large."""
    faults = []
    for figure, drawn in run.texts.items():
        if figure.bbox.max.max() > LARGEST:
            name = next(name for name, other in run.figures.items() if other is figure)
            faults.append(f"large: {name}, {figure.bbox.size}")
        texts = np.array(list(drawn))
        places = np.array(list(drawn.values()))
        small = [text.get_fontsize() < 9 for text in texts]
        before = (places[:, :2] < -0.5).any(axis=1)
        behind = (places[:, 2:] > figure.bbox.max + 0.5).any(axis=1)
        faults += [f"small: {text}" for text in texts[small]]
        faults += [f"cut: {text}" for text in texts[before | behind]]
        for text, (left, bottom, right, top) in zip(texts, places, strict=True):
            for ax in figure.axes:
                panel = ax.bbox.extents
                is_own = text.axes in (None, ax) or isinstance(text, Text3D)
                width = min(right, panel[2]) - max(left, panel[0])
                height = min(top, panel[3]) - max(bottom, panel[1])
                if not is_own and width > 2 and height > 2:
                    faults.append(f"in another panel: {text}")
        # The place of a slanted label is the box around it, most of which is empty; and a centroid
        # may well stand in front of another.
        upright = [t.get_rotation() % 90 == 0 and not isinstance(t, Text3D) for t in texts]
        texts, places = texts[upright], places[upright]
        low = np.maximum(places[:, None, :2], places[:, :2])
        high = np.minimum(places[:, None, 2:], places[:, 2:])
        shared = (high - low > 2).all(axis=2)
        pairs = zip(*np.nonzero(np.triu(shared, 1)), strict=True)
        faults += [f"over each other: {texts[one]}, {texts[other]}" for one, other in pairs]
    return faults
