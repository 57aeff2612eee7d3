"""Pictures and words for a shopkeeper: one page, names, titles, colours, columns not chosen."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from conftest import MALL_CSV, call_main, segment_shop, texts_in
from matplotlib.colors import to_rgb

import segment

# How colours look to people who can't see one kind of light: Machado, Oliveira and Fernandes
# (2009), "A physiologically-based model for simulation of color vision deficiency", severity 1.
EYES = {
    "all colours": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175]]
XYZ += [[0.0193339, 0.119192, 0.9503041]]
QUICK = ("-k", 3, "--max-clusters", 3)


def linearise(color):
    """Return red, green and blue light of an sRGB colour."""
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def place_in_lab(light):
    """Return L, a and b of red, green and blue light, under D65."""
    xyz = np.array(XYZ) @ light / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def measure_contrast(color, other):
    """Measure the contrast of two colours as WCAG 2 does: 1 to 21."""
    low, high = sorted((np.array(XYZ) @ linearise(c))[1] + 0.05 for c in (color, other))
    return high / low


def title_of(figure):
    return " ".join(figure.texts[0].get_text().split())


@pytest.mark.parametrize("eyes", EYES)
def test_colours_of_segments_can_be_told_apart_by_all_eyes(eyes):
    assert len(segment.SEGMENT_COLORS) == 8
    places = []
    for color in segment.SEGMENT_COLORS:
        assert measure_contrast(color, "white") >= 3
        light = np.clip(np.array(EYES[eyes]) @ linearise(color), 0, 1)
        places.append(place_in_lab(light))
    for one, other in itertools.combinations(places, 2):
        assert np.linalg.norm(one - other) >= 22


def test_text_on_a_cell_is_black_or_white_whichever_contrasts_more(mall_run):
    ax = mall_run.figures["09_profiles.png"].axes[1]
    (image,) = ax.images
    for text in ax.texts:
        column, row = text.get_position()
        background = image.to_rgba(image.get_array()[row, column])[:3]
        other = "white" if text.get_color() != "white" else segment.INK
        ink = text.get_color()
        assert measure_contrast(ink, background) >= measure_contrast(other, background)


def test_one_page_says_who_where_and_how_sure(mall_run):
    figure = mall_run.figures["00_summary.png"]
    assert figure.bbox.width == 1200
    assert all(text.get_fontsize() >= 11 for text in mall_run.texts[figure])
    assert title_of(figure) == "Your 200 customers are of 6 kinds"
    said = " ".join(" ".join(texts_in(figure)).split())
    assert "All 6 segments are stable; 5, 7, 8" in said and "-k" not in said
    for row in mall_run.rows("profiles.csv"):
        assert row["Name"] in said
    assert "Segment 2 (high income, high spending) has the highest spending: 82.1" in said
    assert "Gender makes no difference beyond chance." in said
    axes = {ax.get_xlabel(): ax.get_ylabel() for ax in figure.axes}
    assert axes["Annual Income (k$)"] == "Spending Score (1-100)"
    assert mall_run.out.splitlines()[-1].endswith(
        f"open {mall_run.folder / '00_summary.png'} first"
    )


def make_shop(customers=120):
    """Draw three kinds of customers in orders and days; what else differs follows from these."""
    rng = np.random.default_rng(4)
    kind = np.repeat([0, 1, 2], customers // 3)
    latest = pd.Timestamp("2024-06-30")
    days = np.array([5, 60, 300])[kind] + rng.integers(0, 5, customers)
    return pd.DataFrame(
        {
            "Customer ID": rng.permutation(customers) + 1000,
            "Orders": np.array([20, 9, 2])[kind] + rng.integers(0, 3, customers),
            "last_order": (latest - pd.to_timedelta(days, "D")).strftime("%Y-%m-%d"),
            "Newsletter": np.where(
                rng.uniform(size=customers) < [0.9, 0.5, 0.1][0] - 0.4 * kind, "yes", "no"
            ),
            "Gender": np.where(kind + rng.integers(0, 2, customers) > 1, "Male", "Female"),
            "Basket": np.array([80, 40, 40])[kind] + rng.normal(0, 9, customers).round(2),
            "Luck": rng.normal(50, 9, customers).round(2),
            "Postcode": rng.integers(10_000, 99_999, customers),
            "joined": (latest - pd.to_timedelta(3 * days + 9, "D")).strftime("%d.%m.%Y"),
            "Segment": rng.integers(1, 4, customers),
        }
    )


def test_names_speak_of_recency_and_of_two_texts(tmp_path):
    features = ["last_order", "Newsletter", "Gender", "joined"]
    names = []
    for feature in features:
        folder = tmp_path / feature
        folder.mkdir()
        run = segment_shop(folder, make_shop(), "-f", "Orders", feature, *QUICK)
        names.append(" | ".join(row["Name"] for row in run.rows("profiles.csv")))
    orders, newsletter, gender, joined = names
    assert "bought recently" in orders and "not seen for long" in orders
    assert "with newsletter" in newsletter and "without newsletter" in newsletter
    assert "mostly Male" in gender and "mostly Female" in gender
    assert "recent joined" in joined and "joined long ago" in joined


def test_no_two_names_have_the_same_words_in_another_order(tmp_path):
    table = pd.DataFrame(np.random.default_rng(8).normal(size=(150, 3)), columns=["A", "B", "C"])
    run = segment_shop(tmp_path, table, "-f", *table, "-k", 12, "--max-clusters", 3)
    names = [frozenset(row["Name"].split(", ")) for row in run.rows("profiles.csv")]
    assert len(set(names)) == 12
    for row in run.rows("profiles.csv"):
        words = [word[-1] for word in re.sub(r" \(.*\)", "", row["Name"]).split(", ")]
        assert words == sorted(words) or row["Name"] == "average"


def test_columns_that_were_not_chosen_are_described(tmp_path):
    run = segment_shop(tmp_path, make_shop(), "-f", "Orders", "last_order", *QUICK)
    rows = run.rows("profiles.csv")
    assert {"Basket", "Luck", "days since joined", "Gender: Male", "Segment: 1"} <= set(rows[0])
    assert not {"Customer ID", "Postcode", "Segment "} & set(rows[0])
    labels = run.labels()
    means = make_shop()["Basket"].groupby(labels).mean()
    assert [float(row["Basket"]) for row in rows] == pytest.approx(means.tolist())
    ax = run.figures["09_profiles.png"].axes[2]
    assert ax.get_title() == "not used"
    heads = {label.get_text().replace("\n", " ") for label in ax.get_xticklabels()}
    assert {"Basket", "days since joined", "Gender: Male", "Newsletter: yes"} <= heads
    assert not any("Luck" in head or "Segment" in head for head in heads)
    note = " ".join(run.figures["09_profiles.png"].texts[1].get_text().split())
    assert re.search(r"\d other columns or values differ by no more than chance", note)


def test_shares_of_flags_are_per_cent(tmp_path):
    shop = make_shop()
    shop["Newsletter"] = (shop["Newsletter"] == "yes").astype(int)
    run = segment_shop(tmp_path, shop, "-f", "Orders", "Newsletter", *QUICK)
    cells = [text.get_text() for text in run.figures["09_profiles.png"].axes[1].texts]
    assert sum(cell.split(" ")[0].endswith("%") for cell in cells) == 4


def test_pair_of_the_title_is_first_and_largest(mall_run):
    figure = mall_run.figures["07_clusters_2d.png"]
    widths = [ax.get_position().width for ax in figure.axes]
    assert widths[0] > 1.5 * max(widths[1:])
    for name in (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()):
        assert name in title_of(figure)


def test_titles_say_something(mall_run, tmp_path):
    titles = {name: title_of(figure) for name, figure in mall_run.figures.items()}
    assert titles["01_distributions.png"] == "Half of your customers are 29 to 49 years old"
    finding = "Female and Male do not differ in age, income or spending by more than chance"
    assert titles["03_by_category.png"] == finding
    assert titles["04_relationships.png"] == "Spending Score (1-100) falls as Age rises"
    assert titles["06_silhouette.png"] == "4 of 200 customers lie nearer to another segment"
    table = pd.DataFrame(np.random.default_rng(3).normal(size=(90, 3)), columns=["A", "B", "C"])
    run = segment_shop(tmp_path, table, "-f", *table, *QUICK)
    title = title_of(run.figures["04_relationships.png"])
    assert title == "No two features rise or fall together by more than chance"


def test_title_of_a_later_month_is_the_news(tmp_path):
    mall = pd.read_csv(MALL_CSV)
    first = call_main(tmp_path / "first", MALL_CSV, "--max-clusters", 7)
    spenders = mall[mall["Spending Score (1-100)"] > 60]
    new = pd.concat([spenders] * 4).assign(CustomerID=range(1000, 1000 + 4 * len(spenders)))
    pd.concat([mall, new]).to_csv(tmp_path / "now.csv", index=False)
    run = call_main(tmp_path / "now", tmp_path / "now.csv", "--like", first.folder)
    news = (
        "Segment [\\d, ]+ grew; segment [\\d, ]+ shrank; 0 of 200 known customers changed segment"
    )
    assert re.fullmatch(news, title_of(run.figures["09_profiles.png"]))
    same = call_main(tmp_path / "same", MALL_CSV, "--like", first.folder)
    assert title_of(same.figures["09_profiles.png"]).startswith("0 of 200 known customers")


def test_part_of_a_name_is_enough(tmp_path):
    shop = make_shop()[["Orders", "Basket"]].set_axis(["消费总额", "订单数量"], axis=1)
    run = segment_shop(tmp_path, shop.assign(Agent="x"), "-f", "消费", "订单", *QUICK)
    assert {"消费总额", "订单数量"} <= set(run.rows("profiles.csv")[0])
    shop = shop.set_axis(["Annual Income", "Spending Score"], axis=1).assign(Agent=range(120))
    shop.to_csv(tmp_path / "agent.csv", index=False)
    run = call_main(tmp_path / "no", tmp_path / "agent.csv")
    assert run.status == 2 and "has not the columns Age" in run.errors[0]
