"""The pictures: those that the README shows, whole, and with the file's own names."""

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import FEATURES, INCOME_AND_SCORE, MALL_CSV, call_main, find_faults
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from PIL import Image

import segment

BASELINE = Path(__file__).with_name("baseline")
SAME, SIMILAR = 1, 30  # root mean square of the differences of colours, of 255


@pytest.fixture(scope="module")
def pictures():
    """Draw the pictures of the default run, and hand them out before they are saved."""
    plt.switch_backend("agg")
    with plt.style.context(segment.THEME, after_reset=True):
        _, _, files = segment.analyse(segment.parse_arguments([]))
        figures = {name: file for name, file in files.items() if isinstance(file, Figure)}
        for figure in figures.values():
            figure.canvas.draw()
        yield figures
    plt.close("all")


def texts_in(figure):
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def test_saved_pictures_are_wide_and_not_empty(default_run):
    paths = sorted(default_run.folder.glob("*.png"))
    assert len(paths) == 9
    for path in paths:
        image = plt.imread(path)
        assert image.shape[1] >= 1000, path.name
        ink = (image[:, :, :3] < 0.9).any(axis=2)
        assert ink.mean() > 0.01, path.name
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert not border.any(), f"{path.name} is drawn over its edge"


@pytest.mark.parametrize("name", [name for name in segment.OUTPUTS if name.endswith(".png")])
def test_picture_is_the_one_of_the_readme(name, default_run, tmp_path):
    # One moved label is a difference of 2 or more. Other versions of matplotlib set text a fraction
    # of a pixel apart, and of scikit-learn draw other resamples: a difference of 12 to 27.
    versions = {
        Image.open(folder / name).text["Software"] for folder in (BASELINE, default_run.folder)
    }
    for kind, folder in {"baseline": BASELINE, "drawn": default_run.folder}.items():
        shutil.copy(folder / name, tmp_path / f"{kind}.png")
    tolerance = SAME if len(versions) == 1 else SIMILAR
    difference = compare_images(tmp_path / "baseline.png", tmp_path / "drawn.png", tolerance)
    assert difference is None, difference


@pytest.mark.parametrize(
    "arguments",
    [[], ["-k", 2], ["-k", 12], ["-f", *INCOME_AND_SCORE], ["--no-scale", "--log", "age"]],
)
def test_every_text_can_be_read(arguments, tmp_path, drawn_texts):
    assert call_main(tmp_path / "output", *arguments).status == 0
    assert len(drawn_texts) >= 8
    assert find_faults(drawn_texts) == []


def test_axes_carry_the_names_of_the_file(pictures):
    for name in ("01_distributions.png", "03_by_category.png"):
        assert [ax.get_xlabel() for ax in pictures[name].axes] == FEATURES
    space = pictures["08_clusters_3d.png"].axes[0]
    assert [space.get_xlabel(), space.get_ylabel(), space.get_zlabel()] == FEATURES
    # A formula would have lost its dollar, and "k$)" would be no formula at all.
    assert not any(t.get_parse_math() for f in pictures.values() for t in texts_in(f))


def test_segment_has_one_colour_and_one_shape_everywhere(pictures):
    styles = [segment.segment_style(number) for number in range(1, 111)]
    assert len({(tuple(style["color"]), style["marker"]) for style in styles}) == 110
    expected = [tuple(style["color"]) for style in styles[:6]]
    for ax in (*pictures["07_clusters_2d.png"].axes, *pictures["08_clusters_3d.png"].axes):
        clouds = [c for c in ax.collections if len(c.get_offsets()) > 1]
        assert [tuple(c.get_facecolor()[0][:3]) for c in clouds] in ([], expected)
    blades = pictures["06_silhouette.png"].axes[0].patches
    assert [blade.get_facecolor()[:3] for blade in blades] == expected
    bars = pictures["09_profiles.png"].axes[0].patches
    assert [bar.get_facecolor()[:3] for bar in bars] == expected
    for name in ("06_silhouette.png", "09_profiles.png"):
        lines = pictures[name].axes[0].lines
        shapes = [line.get_marker() for line in lines if line.get_marker() in segment.MARKERS]
        assert shapes == [style["marker"] for style in styles[:6]]


def test_lines_break_between_words_and_are_of_like_length():
    assert segment.wrap("Membership: gold", 1.15, 8) == "Membership:\ngold"
    title = "6 segments explain most of the variance of income, less of spending, and little of age"
    lines = segment.wrap(title, 7, 3, segment.TITLE, "bold").split("\n")
    assert " ".join(lines) == title
    assert len(lines) == 2 and abs(len(lines[0]) - len(lines[1])) < 10


def test_ticks_are_written_for_people():
    ticks = {0.25: "0.25", 20_000: "20,000", 2e6: "2M", -1.5: "-1.5", 0.1 + 0.2: "0.3"}
    assert [segment.write_tick(value, 0) for value in ticks] == list(ticks.values())


def test_elbow_and_best_silhouette_are_marked(pictures):
    texts = [text.get_text() for text in texts_in(pictures["05_elbow.png"])]
    assert {"elbow at 6", "best at 6"} <= set(texts)
    assert any("6 segments is weak" in text and "silhouette agrees" in text for text in texts)


def test_profiles_show_how_far_to_trust_each_segment(pictures, default_run):
    texts = [text.get_text() for text in texts_in(pictures["09_profiles.png"])]
    assert {"Silhouette", "Stability"} <= set(texts)
    for row in default_run.rows("profiles.csv"):
        assert f"{float(row['Stability']):.2f}" in texts
        assert f"{float(row['Silhouette']):.2f}" in texts


def test_bars_carry_counts_and_shares(pictures):
    texts = [text.get_text() for text in texts_in(pictures["02_counts.png"])]
    assert {"112 (56%)", "88 (44%)", "38 (19%)", "60 (30%)"} <= set(texts)
    assert {"Female", "Male", "18-25", "26-35", "36-45", "46-55", "56+"} <= set(texts)


def test_correlations_are_those_of_numpy(pictures):
    values = np.loadtxt(MALL_CSV, delimiter=",", skiprows=1, usecols=(2, 3, 4))
    r = np.corrcoef(values.T)
    texts = [text.get_text() for text in texts_in(pictures["04_relationships.png"])]
    for pair in ((0, 1), (0, 2), (1, 2)):
        assert f"r = {r[pair]:.2f}" in texts


@pytest.mark.parametrize("customers", [4, 60])
def test_awkward_tables_are_drawn(customers, tmp_path):
    rng = np.random.default_rng(customers)
    names = ["$x$ & <y>", "a_b^c %", "Ünï" + "n" * 60]
    rows = [",".join(f"{v:.3f}" for v in row) for row in rng.normal(size=(customers, 3))]
    path = tmp_path / "awkward.csv"
    path.write_text("\n".join([",".join(names), *rows]) + "\n", encoding="utf-8")
    folder = tmp_path / "output"
    assert segment.main([str(path), "-o", str(folder), "-f", *names]) == 0
    assert not (folder / "03_by_category.png").exists()
    assert (folder / "08_clusters_3d.png").exists()
