"""The pictures: those that the README shows, whole, and with the file's own names."""

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import (
    FEATURES,
    MALL_CSV,
    PICTURES,
    find_faults,
    save_laid_out,
    segment_shop,
    texts_in,
)
from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from PIL import Image

BASELINE = Path(__file__).with_name("baseline")
SAME, SIMILAR = 1, 46  # root mean square of the differences of colours, of 255


def test_saved_pictures_are_wide_and_not_empty(mall_run):
    paths = sorted(mall_run.folder.glob("*.png"))
    assert len(paths) == len(PICTURES)
    for path in paths:
        image = plt.imread(path)
        assert image.shape[1] >= 1000, path.name
        ink = (image[:, :, :3] < 0.9).any(axis=2)
        assert ink.mean() > 0.01, path.name
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert not border.any(), f"{path.name} is drawn over its edge"


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_the_one_of_the_readme(name, mall_run, tmp_path):
    # One moved label is a difference of 2 or more. Other versions of matplotlib lay out a fraction
    # of a pixel apart, and of scikit-learn draw other resamples: a difference of 16 to 33. In 00,
    # much of which is text, lines that stand closer make 42; other segments give another size.
    versions = {
        Image.open(folder / name).text["Software"] for folder in (BASELINE, mall_run.folder)
    }
    for kind, folder in {"baseline": BASELINE, "drawn": mall_run.folder}.items():
        shutil.copy(folder / name, tmp_path / f"{kind}.png")
    tolerance = SAME if len(versions) == 1 else SIMILAR
    difference = compare_images(tmp_path / "baseline.png", tmp_path / "drawn.png", tolerance)
    assert difference is None, difference


@pytest.fixture(scope="module")
def many_run(tmp_path_factory):
    """Run the command for as many segments as there may be."""
    values = np.random.default_rng(1).uniform(size=(60, 3))
    table = pd.DataFrame(values, columns=["A", "B", "C"])
    arguments = ["-f", *table, "-k", 30, "--max-clusters", 3, "--no-scale", "--log", "A"]
    return segment_shop(tmp_path_factory.mktemp("many"), table, *arguments, save=save_laid_out)


def test_every_text_of_the_mall_run_can_be_read(mall_run):
    assert len(mall_run.texts) == len(PICTURES)
    assert find_faults(mall_run) == []


def test_every_text_of_two_features_can_be_read(income_run):
    assert set(PICTURES) - set(income_run.figures) == {"08_clusters_3d.png"}
    assert find_faults(income_run) == []


def test_every_text_of_thirty_segments_can_be_read(many_run):
    assert len(many_run.rows("profiles.csv")) == 30
    left_out = {"03_by_category.png", "11_rules.png"}
    assert set(PICTURES) - set(many_run.figures) == left_out
    assert find_faults(many_run) == []


def test_pictures_of_all_customers_speak_of_no_sample(mall_run):
    for figure in mall_run.figures.values():
        assert not any("of 200 customers are" in text for text in texts_in(figure))


def test_axes_carry_the_names_of_the_file(mall_run):
    figures = mall_run.figures
    assert [ax.get_xlabel() for ax in figures["01_distributions.png"].axes] == FEATURES
    assert {ax.get_xlabel() for ax in figures["03_by_category.png"].axes} == set(FEATURES)
    assert {ax.get_ylabel() for ax in figures["03_by_category.png"].axes} == {"Gender"}
    space = figures["08_clusters_3d.png"].axes[0]
    assert [space.get_xlabel(), space.get_ylabel(), space.get_zlabel()] == FEATURES


def test_dollar_is_no_formula(mall_run):
    # A formula would have lost its dollar, and "k$)" would be no formula at all.
    texts = [text for figure in mall_run.figures.values() for text in figure.findobj(Text)]
    dollars = [text for text in texts if "k$" in text.get_text()]
    assert dollars and not any(text.get_parse_math() for text in dollars)


def colour_of(artist):
    """Return the colour of the inside of a bar or a cloud of points."""
    return tuple(np.ravel(artist.get_facecolor())[:3])


def shape_of(marker):
    """Return the outline of a marker, as the points of a cloud have it."""
    style = MarkerStyle(marker)
    return style.get_path().transformed(style.get_transform()).vertices


def styles_of(ax):
    """List colour and marker of the lines that are nothing but a marker."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", "+", "", None)]
    return [(to_rgb(line.get_color()), line.get_marker()) for line in lines]


@pytest.mark.parametrize("run", ["mall_run", "many_run"])
def test_segment_has_one_colour_and_one_shape_everywhere(run, request):
    run = request.getfixturevalue(run)
    figures, segments = run.figures, len(run.rows("profiles.csv"))
    styles = styles_of(figures["06_silhouette.png"].axes[0])
    assert len(set(styles)) == len(styles) == segments
    assert styles_of(figures["09_profiles.png"].axes[0]) == styles
    for ax in (*figures["07_clusters_2d.png"].axes, *figures["08_clusters_3d.png"].axes):
        clouds = ax.collections
        assert len(clouds) == segments
        for cloud, (colour, marker) in zip(clouds, styles, strict=True):
            assert colour_of(cloud) == colour
            assert np.allclose(cloud.get_paths()[0].vertices, shape_of(marker))
    for name in ("06_silhouette.png", "09_profiles.png"):
        bars = figures[name].axes[0].patches
        assert [colour_of(bar) for bar in bars] == [colour for colour, _ in styles]


def test_titles_break_between_words_and_where_a_line_is_full(mall_run, income_run):
    said = []
    for run in (mall_run, income_run):
        for figure in run.figures.values():
            title = figure.texts[0]
            said.append(" ".join(title.get_text().split("\n")))
            if "\n" in title.get_text():
                left, _, right, _ = run.texts[figure][title]
                assert right - left > 0.7 * figure.bbox.width, title
    assert any(mall_run.rows("profiles.csv")[0]["Name"] in title for title in said)


def test_ticks_are_written_for_people(tmp_path):
    ends = {"Rate": (0, 1.1), "Visits": (0, 20_000), "Spent": (0, 2e6), "Change": (-1.6, 0.3)}
    columns = {name: np.linspace(low, high, 9)[::-1] for name, (low, high) in ends.items()}
    columns |= {"Part": np.arange(9) % 5 / 10, "Rate": columns["Rate"][::-1]}
    run = segment_shop(tmp_path, pd.DataFrame(columns), "-f", *columns, "--max-clusters", 3)
    ticks = {}
    for ax in run.figures["10_differences.png"].axes:
        name, _ = ax.get_title().split("\n")
        ticks[name] = {label.get_text() for label in ax.get_xticklabels()}
    assert {"0.25", "0.5", "1"} <= ticks["Rate"]
    assert {"0", "5,000", "20,000"} <= ticks["Visits"]
    assert {"0", "1M", "2M"} <= ticks["Spent"]
    assert {"-1.5", "-1", "0"} <= ticks["Change"]
    assert {"0.1", "0.2", "0.3"} <= ticks["Part"]  # as 0.1 + 0.2 is not


def test_elbow_and_best_silhouette_are_marked(mall_run):
    texts = texts_in(mall_run.figures["05_elbow.png"])
    assert {"elbow at 6", "best at 6"} <= set(texts)
    said = " ".join(" ".join(texts).split())
    assert "6 segments: elbow and silhouette agree." in said
    assert "(within 0.02): 5, 7, 8" in said


def test_profiles_show_how_far_to_trust_each_segment(mall_run):
    texts = texts_in(mall_run.figures["09_profiles.png"])
    assert {"Silhouette", "Stability"} <= set(texts)
    for row in mall_run.rows("profiles.csv"):
        assert f"{float(row['Stability']):.2f}" in texts
        assert f"{float(row['Silhouette']):.2f}" in texts


def test_bars_carry_counts_and_shares(mall_run):
    texts = texts_in(mall_run.figures["02_counts.png"])
    assert {"112 (56%)", "88 (44%)", "38 (19%)", "60 (30%)"} <= set(texts)
    assert {"Female", "Male", "18-25", "26-35", "36-45", "46-55", "56+"} <= set(texts)


def test_correlations_are_those_of_numpy(mall_run):
    values = np.loadtxt(MALL_CSV, delimiter=",", skiprows=1, usecols=(2, 3, 4))
    r = np.corrcoef(values.T)
    texts = texts_in(mall_run.figures["04_relationships.png"])
    for pair in ((0, 1), (0, 2), (1, 2)):
        assert f"r = {r[pair]:.2f}" in texts


def bars_of(figure):
    """Return the bars of every panel: by its title, and by their labels."""
    bars = {}
    for ax in figure.axes:
        labels = [label.get_text() for label in ax.get_yticklabels()]
        counts = [round(bar.get_width()) for bar in ax.patches]
        bars[ax.get_title(loc="left")] = dict(zip(labels, counts, strict=True))
    return bars


def test_bands_are_round_and_hold_everyone(tmp_path):
    columns = {
        "Score": [1, 20, 21, 40, 41, 60, 99, 100],
        "Age": [18, 25, 25.9, 26, 55, 56, 80, 90],
        "Visits": [1, 2, 2, 5, 5, 2, 2, 1],
        "Member": [0, 1, 1, 0, 1, 1, 1, 1],
    }
    run = segment_shop(tmp_path, pd.DataFrame(columns), "-f", *columns, "--max-clusters", 3)
    assert bars_of(run.figures["02_counts.png"]) == {
        "Score": {"1 to 20": 2, "21 to 40": 2, "41 to 60": 2, "61 to 80": 0, "81 to 100": 2},
        "Age": {"18-25": 3, "26-35": 1, "36-45": 0, "46-55": 1, "56+": 3},
        "Visits": {"1": 2, "2": 4, "3": 0, "4": 0, "5": 2},
        "Member": {"0": 2, "1": 6},
    }


def test_bands_lose_no_one_to_rounding(tmp_path):
    columns = {
        "Age": [17, 30, 44, 17, 58, 30, 31, 32],
        "Sums": np.cumsum([0, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]) + 1e-16,
        "Seconds": 1.7e9 + np.arange(8) / 1000,
        "Change": np.linspace(0.42, -0.31, 8),
    }
    run = segment_shop(tmp_path, pd.DataFrame(columns), "-f", *columns, "--max-clusters", 3)
    bars = bars_of(run.figures["02_counts.png"])
    assert bars["Age"]["under 18"] == 2
    assert {name: sum(counts.values()) for name, counts in bars.items()} == dict.fromkeys(
        columns, 8
    )
