"""Many customers: what is seen on a sample of them holds for all."""

import io
import math

import numpy as np
import pytest
from benchmarks.speed import NOISE, make_customers
from conftest import MALL_CSV, call_main, segment_shop, texts_in
from sklearn.cluster import KMeans

import segment

SIZE = 2 * segment.SAMPLE
LAST_K = 8


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Run the command on many customers: the customers, their points, and the run."""
    customers = make_customers(SIZE, seed=1)
    run = segment_shop(tmp_path_factory.mktemp("large"), customers, "--max-clusters", LAST_K)
    return customers, segment.scale(customers[list(NOISE)].astype(float), raw=False), run


def test_k_and_wcss_are_those_of_all_customers(large):
    _, points, run = large
    models = [KMeans(k, n_init=10, random_state=1).fit(points) for k in range(1, LAST_K + 1)]
    k = segment.find_elbow([model.inertia_ for model in models])[0]
    assert len(run.rows("profiles.csv")) == k
    labels = run.labels()
    centroids = np.array([points[labels == number].mean(axis=0) for number in range(1, k + 1)])
    wcss = ((points - centroids[labels - 1]) ** 2).sum()
    assert wcss <= 1.001 * models[k - 1].inertia_
    curve = {int(row["k"]): float(row["wcss"]) for row in run.rows("elbow.csv")}
    assert curve[k] == pytest.approx(wcss, rel=1e-4)
    for number, model in enumerate(models, 1):
        assert curve[number] == pytest.approx(model.inertia_, rel=0.02)


def test_every_customer_is_counted_and_described(large):
    customers, _, run = large
    rows, profiles = run.rows("segments.csv"), run.rows("profiles.csv")
    assert [int(row["CustomerID"]) for row in rows] == customers["CustomerID"].tolist()
    assert [row["Age"] for row in rows] == customers["Age"].astype(str).tolist()
    labels = run.labels()
    assert [int(row["Customers"]) for row in profiles] == np.bincount(labels)[1:].tolist()
    for number, row in enumerate(profiles, 1):
        members = customers[labels == number]
        assert float(row["Age"]) == pytest.approx(members["Age"].mean())
        assert float(row["Gender: Male"]) == pytest.approx((members["Gender"] == "Male").mean())


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("03_by_category.png", segment.SAMPLE),
        ("04_relationships.png", segment.SCATTER_SAMPLE),
        ("06_silhouette.png", segment.SILHOUETTE_SAMPLE),
        ("07_clusters_2d.png", segment.SCATTER_SAMPLE),
        ("08_clusters_3d.png", segment.SCATTER_SAMPLE),
    ],
)
def test_pictures_say_that_they_show_a_sample(name, most, large):
    said = f"{most:,} of {SIZE:,} customers"
    assert said in " ".join(" ".join(texts_in(large[2].figures[name])).split())


def test_few_customers_are_all_in_the_sample():
    points = np.arange(10)
    assert points[segment.draw_sample(10, 10)].tolist() == points.tolist()
    sample = segment.draw_sample(1000, 10)
    assert len(set(sample)) == 10 and sorted(sample) == np.asarray(sample).tolist()
    assert (sample == segment.draw_sample(1000, 10)).all()


class Terminal(io.StringIO):
    """A stderr on which lines can be written over."""

    def isatty(self):
        """Say that it is one."""
        return True


def test_long_runs_say_where_they_are_and_short_ones_do_not(tmp_path, monkeypatch):
    shop = "A,B\n" + "".join(f"{i % 3 * 9 + i % 2},{i % 3 + i}\n" for i in range(12))
    arguments = ["-f", "A", "B", "-k", 3, "--max-clusters", 3]
    monkeypatch.setattr(segment, "SHORT_RUN", math.inf)
    assert "step" not in segment_shop(tmp_path, shop, *arguments).err
    monkeypatch.setattr(segment, "SHORT_RUN", 0)
    lines = segment_shop(tmp_path, shop, *arguments).err.splitlines()
    steps = [line.split()[2:5] for line in lines if line.startswith("segment.py: step ")]
    assert steps == [[str(number), "of", "5,"] for number in range(1, 6)]
    assert all("s so far" in line for line in lines if "step" in line)
    # A refused run is in the first step, which a terminal shows in one place.
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert segment.main([str(MALL_CSV), "-f", "Age", "zzz", "-o", str(tmp_path / "new")]) == 2
    assert terminal.getvalue().startswith("\r\033[Ksegment.py: step 1 of 5, ")


def test_few_texts_of_a_large_file_are_read_as_in_a_small_one(tmp_path):
    rng = np.random.default_rng(4)
    lines = [f"{i},{rng.integers(1, 6)}, shop {i % 3}" for i in range(segment.SAMPLE + 2000)]
    lines[7], lines[11_000] = "7,NA,shop 1 ", "11000,,Namibia"
    path = tmp_path / "large.csv"
    path.write_text("id,Rating,Shop\n" + "\n".join(lines) + "\n")
    customers = segment.read_customers(path)
    shops = [line.split(",")[2].strip() for line in lines]
    assert customers["Shop"].astype(object).tolist() == shops
    ratings = [line.split(",")[1] for line in lines]
    expected = [float(text) if text.isdigit() else math.nan for text in ratings]
    assert customers["Rating"].tolist() == pytest.approx(expected, nan_ok=True)
    path.write_text("id,Rating,Shop\n" + "\n".join([*lines, "12000,?,shop 0"]) + "\n")
    run = call_main(tmp_path / "output", path, "-f", "Rating", "id")
    assert run.status == 2
    assert "line 12,002, column Rating: '?'" in run.errors[0]
