"""Many customers: what is seen on a sample of them holds for all."""

import numpy as np
import pytest
from benchmarks.speed import NOISE, make_customers
from conftest import call_main
from matplotlib.figure import Figure
from sklearn.cluster import KMeans

import segment

SIZE = 100_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Run the command on many customers: the customers, their points, and the run."""
    folder = tmp_path_factory.mktemp("large")
    customers = make_customers(SIZE, seed=1)
    customers.to_csv(folder / "shop.csv", index=False)
    titles = []
    drawn = Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Figure,
            "savefig",
            lambda f, *a, **o: (titles.extend(x.get_text() for x in f.texts), drawn(f, *a, **o)),
        )
        run = call_main(folder / "output", folder / "shop.csv")
    assert run.status == 0, run.err
    return customers, segment.scale(customers[list(NOISE)].astype(float), raw=False), run, titles


def test_k_and_wcss_are_those_of_all_customers(large):
    _, points, run, _ = large
    models = [KMeans(k, n_init=10, random_state=1).fit(points) for k in range(1, 11)]
    k = segment.find_elbow([model.inertia_ for model in models])[0]
    assert len(run.rows("profiles.csv")) == k
    labels = np.array([int(row["Segment"]) for row in run.rows("segments.csv")])
    centroids = np.array([points[labels == segment].mean(axis=0) for segment in range(1, k + 1)])
    wcss = ((points - centroids[labels - 1]) ** 2).sum()
    assert wcss <= 1.001 * models[k - 1].inertia_
    curve = {int(row["k"]): float(row["wcss"]) for row in run.rows("elbow.csv")}
    assert curve[k] == pytest.approx(wcss, rel=1e-4)
    assert all(curve[n] == pytest.approx(models[n - 1].inertia_, rel=0.02) for n in range(1, 11))


def test_every_customer_is_counted_and_described(large):
    customers, _, run, _ = large
    rows, profiles = run.rows("segments.csv"), run.rows("profiles.csv")
    assert [int(row["CustomerID"]) for row in rows] == customers["CustomerID"].tolist()
    assert [row["Age"] for row in rows] == customers["Age"].astype(str).tolist()
    labels = np.array([int(row["Segment"]) for row in rows])
    assert [int(row["Customers"]) for row in profiles] == np.bincount(labels)[1:].tolist()
    for number, row in enumerate(profiles, 1):
        members = customers[labels == number]
        assert float(row["Age"]) == pytest.approx(members["Age"].mean())
        assert float(row["Gender: Male"]) == pytest.approx((members["Gender"] == "Male").mean())


def test_pictures_say_that_they_show_a_sample(large):
    titles = "\n".join(large[3]).replace("\n", " ")
    assert titles.count(f"{segment.SCATTER_SAMPLE:,} of {SIZE:,} customers") == 3
    assert titles.count(f"{segment.SAMPLE:,} of {SIZE:,} customers") == 1
    assert titles.count(f"{segment.SILHOUETTE_SAMPLE:,} of {SIZE:,} customers") == 1


def test_few_customers_are_all_in_the_sample():
    points = np.arange(10)
    assert points[segment.draw_sample(10, 10)].tolist() == points.tolist()
    sample = segment.draw_sample(1000, 10)
    assert len(set(sample)) == 10 and sorted(sample) == sample.tolist()
    assert (sample == segment.draw_sample(1000, 10)).all()


def test_long_runs_say_where_they_are_and_short_ones_do_not(capsys, monkeypatch):
    segment.show_step(segment.time.perf_counter(), "1 of 5, read")
    assert capsys.readouterr().err == ""
    segment.show_step(segment.time.perf_counter() - 9, "3 of 5, segment")
    assert capsys.readouterr().err == "segment.py: step 3 of 5, segment, 9 s so far\n"
    monkeypatch.setattr(segment.sys.stderr, "isatty", lambda: True, raising=False)
    segment.show_step(segment.time.perf_counter() - 9, "4 of 5, draw")
    assert capsys.readouterr().err == "\r\033[Ksegment.py: step 4 of 5, draw, 9 s so far"


def test_few_texts_of_a_large_file_are_read_as_in_a_small_one(tmp_path):
    rng = np.random.default_rng(4)
    lines = [f"{i},{rng.integers(1, 6)}, shop {i % 3}" for i in range(12_000)]
    lines[7], lines[11_000] = "7,NA,shop 1 ", "11000,,Namibia"
    path = tmp_path / "large.csv"
    path.write_text("id,Rating,Shop\n" + "\n".join(lines) + "\n")
    customers = segment.read_customers(path)
    assert customers["Shop"].astype(object).tolist() == [
        line.split(",")[2].strip() for line in lines
    ]
    assert customers["Rating"].isna().sum() == 2 and customers["Rating"].sum() > 30_000
    path.write_text("id,Rating,Shop\n" + "\n".join([*lines, "12000,?,shop 0"]) + "\n")
    run = call_main(tmp_path / "output", path, "-f", "Rating", "id")
    assert run.status == 2
    assert "line 12,002, column Rating: '?'" in run.err
