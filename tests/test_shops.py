"""The pictures of other shops: many features, long tails, few numbers, many categories."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import PICTURES, call_main, find_faults, save_laid_out, segment_shop, texts_in
from shops import SHOPS, list_arguments

SEEN = [
    "8 features, 12 segments",
    "20 features",
    "long tails, --log",
    "ratings",
    "0 and 1",
    "categories",
    "Arabic",
]


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Run the command for a shop, once: a function of the name of the shop."""
    runs = {}

    def run_once(name):
        if name not in runs:
            make, options = SHOPS[name]
            folder = tmp_path_factory.mktemp("shop")
            if make is None:
                runs[name] = call_main(folder / "output", *options, save=save_laid_out)
            else:
                arguments = [*list_arguments(make()), *options]
                runs[name] = segment_shop(folder, make(), *arguments, save=save_laid_out)
        return runs[name]

    return run_once


def title_of(figure):
    """Return what is written over all panels, in one line."""
    return " ".join(figure.texts[0].get_text().split())


def note_of(figure):
    """Return what is written below the title, in one line."""
    return " ".join(figure.texts[1].get_text().split())


def eta_squared(values, labels):
    """Measure how much of the variance of each column lies between the labels."""
    means = values.groupby(labels).transform("mean")
    return means.var(ddof=0) / values.var(ddof=0)


@pytest.mark.parametrize("name", SEEN)
def test_every_text_can_be_read(name, run_of):
    run = run_of(name)
    assert run.noise == []
    assert find_faults(run) == []
    lines = [line for line in run.out.splitlines()[:-1] if not re.match(r" *\d+  finds ", line)]
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", SEEN)
def test_no_two_segments_have_the_same_text(name, run_of):
    run = run_of(name)
    segments = len(run.rows("profiles.csv"))
    for picture in [PICTURES[0], *PICTURES[6:]]:
        if picture not in run.figures:
            continue
        figure = run.figures[picture]
        texts = [text.get_text() for legend in figure.legends for text in legend.texts]
        if not texts:
            texts = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        said = {re.sub(r"^\d+( \(\d+\):)? +", "", text) for text in texts}
        shown = min(10, segments) if picture == PICTURES[0] else segments
        assert len(said - {f"average of all {len(run.labels())}"}) == shown, picture


def test_names_say_what_sets_a_segment_apart_most(run_of):
    make, _ = SHOPS["8 features, 12 segments"]
    run = run_of("8 features, 12 segments")
    features = make().select_dtypes("number")
    features["Amount spent"] = np.log1p(features["Amount spent"])
    distances = (features.groupby(run.labels()).mean() - features.mean()) / features.std()
    for segment, row in enumerate(run.rows("profiles.csv"), start=1):
        words = row["Name"].split(" (")[0].split(", ")
        assert len(words) <= 3
        farthest = distances.loc[segment].abs().idxmax()
        known = {
            "Age": ["younger", "older"],
            "Days since last order": ["bought recently", "not seen for long"],
        }.get(farthest, farthest.lower().split())
        assert any(word in row["Name"] for word in known), (farthest, words)


@pytest.mark.parametrize("name", ["8 features, 12 segments", "20 features"])
def test_differences_begin_with_the_feature_that_is_explained_best(name, run_of):
    make, _ = SHOPS[name]
    run = run_of(name)
    features = make().select_dtypes("number")
    if "Amount spent" in features:
        features["Amount spent"] = np.log1p(features["Amount spent"])
    shares = eta_squared(features, run.labels()).sort_values(ascending=False)
    figure = run.figures["10_differences.png"]
    titles = [ax.get_title() for ax in figure.axes]
    titles = [title.removesuffix(", log scale") for title in titles]
    assert titles == [f"{name}\n{share:.0%} explained" for name, share in shares[:9].items()]
    assert f"most in {shares.index[0]}, least in {shares.index[-1]}" in title_of(figure)
    left_out = len(shares) - len(titles)
    assert (f"{left_out} more features are left out" in note_of(figure)) == (left_out > 0)


def test_differences_show_medians_and_spreads(run_of):
    make, _ = SHOPS["long tails, --log"]
    run = run_of("long tails, --log")
    spent = np.log1p(make()["Spent"])
    figure = run.figures["10_differences.png"]
    (ax,) = [ax for ax in figure.axes if ax.get_title().startswith("Spent\n")]
    quantiles = spent.groupby(run.labels()).quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    markers = [line.get_xdata()[0] for line in ax.lines if line.get_marker() not in ("None", "")]
    assert np.allclose(markers, quantiles[0.5])
    (bars,) = ax.containers
    assert np.allclose([bar.get_x() for bar in bars], quantiles[0.25])
    assert np.allclose([bar.get_x() + bar.get_width() for bar in bars], quantiles[0.75])
    (lines,) = ax.collections
    ends = np.array(lines.get_segments())[:, :, 0]
    assert np.allclose(ends, quantiles[[0.05, 0.95]])


def test_plane_keeps_what_its_title_says(run_of):
    make, _ = SHOPS["20 features"]
    run = run_of("20 features")
    features = make().select_dtypes("number")
    scaled = (features - features.mean()) / features.std(ddof=0)
    _, _, directions = np.linalg.svd(scaled, full_matrices=False)
    means = scaled.groupby(run.labels()).transform("mean")
    kept = ((means @ directions[:2].T) ** 2).sum().sum() / (means**2).sum().sum()
    figure = run.figures["07_clusters_2d.png"]
    (ax,) = figure.axes
    assert f"keeps {round(100 * kept, 1):g}% of the difference between the 5 segments" in title_of(
        figure
    )
    for label, weights in zip((ax.get_xlabel(), ax.get_ylabel()), directions, strict=False):
        weights = pd.Series(weights, features.columns)
        said = re.findall(r"(more|less) (\w+ \d+)", " ".join(label.split()))
        farthest = weights.abs().nlargest(3).index
        assert [name for _, name in said] == [name.lower() for name in farthest]
        signs = np.array([1 if word == "more" else -1 for word, _ in said])
        assert abs((signs * np.sign(weights[farthest])).sum()) == 3  # a component has no direction


def test_space_shows_the_features_of_its_title(run_of):
    make, _ = SHOPS["20 features"]
    run = run_of("20 features")
    shares = eta_squared(make().select_dtypes("number"), run.labels())
    best = shares.nlargest(3).index
    figure = run.figures["08_clusters_3d.png"]
    for ax in figure.axes:
        assert {ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()} == set(best)
    assert f"{best[0]}, {best[1]} and {best[2]} lie" in title_of(figure)


def test_logged_features_have_axes_in_their_own_units(run_of):
    run = run_of("long tails, --log")
    pictures = ["01_distributions", "03_by_category", "04_relationships", "07_clusters_2d"]
    axes = []
    for picture in [*pictures, "08_clusters_3d"]:
        for ax in run.figures[f"{picture}.png"].axes:
            found = [ax.xaxis, ax.yaxis, getattr(ax, "zaxis", ax.xaxis)]
            axes += [axis for axis in found if "Spent" in axis.get_label_text()]
    for ax in run.figures["10_differences.png"].axes:
        if ax.get_title().startswith("Spent"):
            axes.append(ax.xaxis)
    assert len(axes) >= 8
    for axis in axes:
        ticks = axis.get_majorticklocs()
        numbers = [float(label.get_text().replace(",", "")) for label in axis.get_ticklabels()]
        assert len(numbers) >= 3
        assert np.allclose(np.log1p(numbers), ticks)
    assert "Spent, log scale" in texts_in(run.figures["01_distributions.png"])


def test_bands_of_a_long_tail_hold_like_numbers(run_of):
    panels = {}
    for ax in run_of("long tails, --log").figures["02_counts.png"].axes:
        panels[ax.get_title(loc="left")] = [bar.get_width() for bar in ax.patches]
    for name in ("Spent", "Visits"):
        assert sum(panels[name]) == 240
        assert max(panels[name]) < 0.4 * 240 and min(panels[name]) > 0.08 * 240


def test_bands_of_zeros_and_a_long_tail_do_so_too(tmp_path):
    rng = np.random.default_rng(7)
    spent = np.where(np.arange(500) < 150, 0, np.exp(rng.normal(5, 1.5, 500))).round(1)
    table = pd.DataFrame({"Spent": spent, "Score": rng.normal(size=500)})
    run = segment_shop(tmp_path, table, "-f", *table, "-k", 2, "--max-clusters", 3)
    (ax,) = [ax for ax in run.figures["02_counts.png"].axes if ax.get_title(loc="left") == "Spent"]
    names = [label.get_text() for label in ax.get_yticklabels()]
    counts = [round(bar.get_width()) for bar in ax.patches]
    assert names[0] == "0" and counts[0] == 150
    assert sum(counts) == 500 and max(counts) <= 150 and min(counts) >= 30
    digits = [re.sub(r"\D", "", word).strip("0") for name in names[1:-1] for word in name.split()]
    assert all(len(number) <= 2 for number in digits)


def test_category_that_explains_most_is_one_that_does(tmp_path):
    rng = np.random.default_rng(2)
    member = rng.choice(["yes", "no"], 300)
    table = pd.DataFrame(rng.normal(size=(300, 3)), columns=["A", "B", "C"])
    table["City"] = rng.choice(list("abcdefghi"), 300)
    table["Member"] = member
    arguments = ["-f", "A", "B", "C", "-k", 2, "--max-clusters", 3]
    figure = segment_shop(tmp_path, table, *arguments).figures["03_by_category.png"]
    assert "do not differ in a, b or c by more than chance" in title_of(figure)
    table["B"] += 0.6 * (member == "yes")
    figure = segment_shop(tmp_path, table, *arguments).figures["03_by_category.png"]
    share = eta_squared(table[["B"]], table["Member"])["B"]
    assert "Member yes: these customers have more b, " in title_of(figure)
    (ax,) = figure.axes  # of the pairs, one differs by more than chance
    assert ax.get_title() == f"{round(100 * share, 1):g}% explained"
    assert figure.axes[0].get_ylabel() == "Member" and figure.axes[0].get_xlabel() == "B"


def test_ratings_do_not_hide_each_other(run_of):
    make, _ = SHOPS["ratings"]
    run = run_of("ratings")
    ratings = make()
    for ax in run.figures["04_relationships.png"].axes:
        points = np.asarray(ax.collections[0].get_offsets())
        assert len(np.unique(points, axis=0)) == len(ratings)
        assert (points.round() == ratings[[ax.get_xlabel(), ax.get_ylabel()]]).all(axis=None)
        assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3", "4", "5"]
    for ax in run.figures["01_distributions.png"].axes:
        bars = {bar.get_x() + bar.get_width() / 2: bar.get_height() for bar in ax.patches[:5]}
        counts = ratings[ax.get_xlabel()].value_counts()
        assert {round(place): count for place, count in bars.items()} == counts.to_dict()
        assert not any(len(line.get_xdata()) > 2 for line in ax.lines)  # no density curve


def test_profiles_show_the_columns_that_tell_most(run_of):
    run = run_of("categories")
    figure = run.figures["09_profiles.png"]
    assert figure.axes[2].get_title() == "not used"
    shares = [label.get_text().replace("\n", " ") for label in figure.axes[2].get_xticklabels()]
    assert len(shares) == 10 - 3
    assert sum(head.startswith("Bought") for head in shares) <= 7
    assert not any(head.endswith(": no") for head in shares)
    columns = set(run.rows("profiles.csv")[0])
    assert {"Bought 1: no", "Bought 1: yes", "City: City A"} <= columns
    assert "more columns are left out" in note_of(figure)
    assert "other columns or values differ by no more than chance" in note_of(figure)
    assert len(run.figures["03_by_category.png"].axes) == 6
    assert "more pairs that differ are left out" in note_of(run.figures["03_by_category.png"])


def test_many_features_have_their_best_nine_in_the_profiles(run_of):
    make, _ = SHOPS["20 features"]
    run = run_of("20 features")
    shares = eta_squared(make().select_dtypes("number"), run.labels())
    axes = run.figures["09_profiles.png"].axes
    heads = [label.get_text().replace("\n", " ") for label in axes[1].get_xticklabels()]
    features = [head for head in heads if head.startswith("Feature")]
    assert set(features) == set(shares.nlargest(9).index)
    (colours,) = axes[1].images
    assert colours.get_clim() == (-2, 2)  # or one far cell would bleach all others


def test_customer_alone_is_named_with_the_value_and_the_line(tmp_path):
    make, _ = SHOPS["outlier"]
    run = segment_shop(tmp_path, make(), "-f", "Age", "Spent")
    (warning,) = [text for text in run.warnings if "slip of the pen" in text]
    assert "1 customer with Spent 12,000, in line 9; the median is 62" in warning
