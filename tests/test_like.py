"""The next month: customers given to the segments of an earlier run, and what has changed."""

import csv
import json
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import (
    FEATURES,
    FILES,
    MALL_CSV,
    call_main,
    contents,
    find_faults,
    save_laid_out,
    texts_in,
)

pytestmark = pytest.mark.filterwarnings("error")
MALL = pd.read_csv(MALL_CSV)
NOT_AGAIN = {"05_elbow.png", "elbow.csv"}


def make_month(customers=2000, seed=1):
    """Draw customers of four kinds, with a long tail."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(4, size=customers)
    return pd.DataFrame(
        {
            "Customer ID": np.arange(customers),
            "Age": rng.normal(20 + 12 * kind, 3).round(1),
            "Spent ($)": np.exp(rng.normal(3 + kind % 2 * 2, 0.4)).round(2),
            "Visits": rng.poisson(3 + 4 * (kind // 2)),
        }
    )


def run_month(folder, table, *arguments, name="shop.csv", **options):
    """Run the command on this table, which has to be segmented."""
    folder.mkdir(exist_ok=True, parents=True)
    table.to_csv(folder / name, index=False)
    run = call_main(folder / "output", folder / name, *arguments, **options)
    assert run.status == 0, run.err
    return run


@pytest.fixture(scope="module")
def march(tmp_path_factory):
    """Segment the first half of the mall's customers."""
    return run_month(tmp_path_factory.mktemp("march"), MALL[::2], "-k", 5, "--max-clusters", 3)


def test_own_customers_get_their_own_segments(tmp_path):
    first = call_main(tmp_path / "first")
    again = call_main(tmp_path / "again", "--like", tmp_path / "first", save=save_laid_out)
    assert again.status == 0 and again.warnings == []
    assert find_faults(again) == []
    for name in ("segments.csv", "model.json"):
        assert (again.folder / name).read_bytes() == (first.folder / name).read_bytes()
    assert set(contents(again.folder)) == set(FILES) - NOT_AGAIN | {"moves.csv"}
    for row, row_then in zip(again.rows("profiles.csv"), first.rows("profiles.csv"), strict=True):
        assert row.pop("Share then") == row["Share"]
        assert float(row.pop("Change (points)")) == 0
        assert row.pop("Moved") == "False"
        assert row == row_then
    assert "no segment grew or shrank" in again.report
    assert "of 200 customers in both runs, 0 (0%) are in another segment now" in again.report
    assert "Verdict" not in again.report and "elbow" not in again.report


HALVES = {
    "mall": (MALL, []),
    "mall, --log": (MALL, ["--log", "annual_income", "age"]),
    "2,000, --log": (make_month(), ["-f", "Age", "Spent", "Visits", "--log", "Spent"]),
    "2,000, --no-scale": (
        make_month(),
        ["-f", "Age", "Visits", "--no-scale", "--log", "Visits", "-k", 6],
    ),
}


@pytest.mark.parametrize("case", HALVES)
def test_every_customer_is_in_the_segment_of_the_nearest_centroid(case, tmp_path):
    table, arguments = HALVES[case]
    run_month(tmp_path / "then", table[::2], *arguments, "--max-clusters", 3)
    run = run_month(tmp_path / "now", table[1::2], "--like", tmp_path / "then" / "output")
    model = json.loads((tmp_path / "then" / "output" / "model.json").read_text(encoding="utf-8"))
    points = []
    for feature in model["features"]:
        values = table[1::2][feature["name"]].to_numpy(dtype=float)
        values = np.log1p(values) if feature["log"] else values
        points.append((values - feature["center"]) / feature["scale"])
    centroids = np.array([segment["centroid"] for segment in model["segments"]])
    distances = np.linalg.norm(np.array(points).T[:, None] - centroids, axis=2)
    assert (run.labels() == distances.argmin(axis=1) + 1).all()


def test_model_says_what_the_run_found(march):
    model = json.loads((march.folder / "model.json").read_text(encoding="utf-8"))
    assert list(model)[:3] == ["version", "features", "segments"]
    assert model["encoding"] == "utf-8" and model["separator"] == ","
    assert model["segment_columns"] == ["Segment", "Segment name"]
    assert [feature["name"] for feature in model["features"]] == FEATURES
    values = MALL[::2][FEATURES]
    for feature in model["features"]:
        assert list(feature) == ["name", "log", "center", "scale"]
        assert feature["center"] == pytest.approx(values[feature["name"]].mean())
        assert feature["scale"] == pytest.approx(values[feature["name"]].std(ddof=0))
    scaled = ((values - values.mean()) / values.std(ddof=0)).to_numpy()
    rows = march.rows("profiles.csv")
    for number, (segment, row) in enumerate(zip(model["segments"], rows, strict=True), start=1):
        members = scaled[march.labels() == number]
        away = np.linalg.norm(members - segment["centroid"], axis=1)
        assert segment["number"] == number and segment["name"] == row["Name"]
        assert segment["customers"] == int(row["Customers"]) == len(members)
        assert segment["share"] == float(row["Share"])
        assert segment["stability"] == float(row["Stability"])
        assert np.allclose(segment["centroid"], members.mean(axis=0))
        assert (away <= segment["distance"]).mean() >= 0.99


def test_columns_may_be_called_and_ordered_otherwise(march, tmp_path):
    now = MALL[1::2]
    usual = run_month(tmp_path / "usual", now, "--like", march.folder)
    names = {"Age": "AGE", FEATURES[1]: "annual_income", FEATURES[2]: "Spending Score [points]"}
    other = now.rename(columns=names)[["annual_income", *list(names.values())[::2], "CustomerID"]]
    run = run_month(tmp_path / "other", other[::-1], "--like", march.folder / "model.json")
    assert run.labels()[::-1].tolist() == usual.labels().tolist()
    with open(run.folder / "profiles.csv", newline="", encoding="utf-8") as file:
        assert {"AGE", "annual_income", "Spending Score [points]"} <= set(next(csv.reader(file)))


def test_one_customer_is_enough(march, tmp_path):
    (tmp_path / "now").mkdir()
    (tmp_path / "now" / "output").mkdir()
    for name in NOT_AGAIN:
        shutil.copy(march.folder / name, tmp_path / "now" / "output")
    arguments = ["--like", march.folder]
    run = run_month(tmp_path / "now", MALL[6:7], *arguments, save=save_laid_out)
    assert run.labels().tolist() == [march.labels()[3]]
    assert not NOT_AGAIN & set(contents(run.folder))
    assert find_faults(run) == [] and run.noise == []
    said = run.report + " ".join(
        text for figure in run.figures.values() for text in texts_in(figure)
    )
    assert "nan" not in said.lower()
    age, income = MALL[6:7][FEATURES[:2]].to_numpy()[0]
    assert {f"{age}", f"{income}"} <= set(texts_in(run.figures["09_profiles.png"]))
    profiles = run.rows("profiles.csv")
    assert [row["Name"] for row in profiles] == [row["Name"] for row in march.rows("profiles.csv")]
    assert sum(int(row["Customers"]) for row in profiles) == 1


def test_one_customer_of_many_features_is_enough(tmp_path):
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.normal(size=(60, 5)), columns=list("ABCDE"))
    arguments = ["-f", *table, "-k", 3, "--max-clusters", 3]
    run_month(tmp_path / "then", table, *arguments)
    run = run_month(tmp_path / "now", table[:1], "--like", tmp_path / "then" / "output")
    assert len(run.labels()) == 1
    two = run_month(tmp_path / "two", table[:2], "--like", tmp_path / "then" / "output")
    assert "07_clusters_2d.png" in two.figures


def test_who_moved_is_counted(march, tmp_path):
    now = MALL[::2].copy()
    now.loc[now.index[:10], "Age"] += 30
    now = pd.concat([now[5:], MALL[1::2]])
    run = run_month(tmp_path, now, "--like", march.folder)
    then = dict(zip(MALL[::2]["CustomerID"], march.labels(), strict=True))
    counts = np.zeros((5, 5), dtype=int)
    for customer, segment in zip(now["CustomerID"], run.labels(), strict=True):
        if customer in then:
            counts[then[customer] - 1, segment - 1] += 1
    moves = [[int(row[f"To {n}"]) for n in range(1, 6)] for row in run.rows("moves.csv")]
    assert moves == counts.tolist()
    assert [row["From"] for row in run.rows("moves.csv")] == ["1", "2", "3", "4", "5"]
    moved = counts.sum() - np.trace(counts)
    assert moved > 0
    assert f"of 95 customers in both runs, {moved} (" in run.report
    np.fill_diagonal(counts, 0)
    start, end = np.unravel_index(counts.argmax(), counts.shape)
    assert f"most often {counts.max()} from {start + 1} to {end + 1}" in run.report


def test_ids_are_the_same_as_numbers_and_as_texts(march, tmp_path):
    now = MALL[::2].astype({"CustomerID": str})
    now = pd.concat([now, now[:1].assign(CustomerID="A-7")])
    run = run_month(tmp_path, now, "--like", march.folder)
    assert "of 100 customers in both runs, 0 (0%) are" in run.report


def test_without_ids_nobody_is_followed(march, tmp_path):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "moves.csv").write_text("From,To 1,To 2\n1,5,7\n2,3,0\n")
    run = run_month(tmp_path, MALL[::2].drop(columns="CustomerID"), "--like", march.folder)
    assert "moves.csv" not in contents(run.folder)
    assert "in both runs" not in run.report


def test_segments_that_grew_are_named(march, tmp_path):
    labels = march.labels()
    now = pd.concat([MALL[::2], *[MALL[::2][labels == 5]] * 4])
    run = run_month(tmp_path, now, "--like", march.folder)
    share = round(100 * (run.labels() == 5).mean(), 1)
    name = run.rows("profiles.csv")[4]["Name"]
    then = round(100 * (labels == 5).mean(), 1)
    said = f"segment 5 ({name}) {then:g}% then, {share:g}% now (+"
    assert said in run.report
    assert f"then {then:g}% ▲" in " ".join(texts_in(run.figures["09_profiles.png"]))
    row = run.rows("profiles.csv")[4]
    assert row["Moved"] == "True"
    assert float(row["Change (points)"]) == pytest.approx(
        100 * (float(row["Share"]) - float(row["Share then"]))
    )


def test_mean_that_moved_is_warned_of(march, tmp_path):
    now = MALL[::2].assign(**{FEATURES[1]: MALL[FEATURES[1]] + 0.6 * MALL[FEATURES[1]].std()})
    run = run_month(tmp_path, now, "--like", march.folder)
    (warning,) = [text for text in run.warnings if "the mean of" in text]
    assert warning.startswith(f"the mean of {FEATURES[1]} moved by 0.6 standard deviations")


def test_customers_of_a_new_kind_are_warned_of(march, tmp_path):
    strange = MALL[:12].assign(Age=95, **{FEATURES[1]: 300})
    few = pd.concat([MALL[::2], strange[:2]])  # these may come by chance
    run = run_month(tmp_path / "few", few, "--like", march.folder)
    assert not any("new kind" in text for text in run.warnings)
    run = run_month(tmp_path / "many", pd.concat([MALL[::2], strange]), "--like", march.folder)
    (warning,) = [text for text in run.warnings if "new kind" in text]
    assert "of the customers lie farther from their centroid than 99% did then" in warning


def test_empty_segment_is_warned_of(march, tmp_path):
    run = run_month(tmp_path, MALL[::2][march.labels() != 2], "--like", march.folder)
    (warning,) = [text for text in run.warnings if "no customers are in" in text]
    assert "segment 2 now" in warning
    row = run.rows("profiles.csv")[1]
    assert row["Customers"] == "0" and row["Age"] == "" and float(row["Share then"]) > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "Age", FEATURES[1]],
        ["-k", 5],
        ["--max-clusters", 10],
        ["--log", "Age"],
        ["--no-scale"],
    ],
)
def test_what_comes_from_the_earlier_run_is_refused(arguments, march, tmp_path):
    run = call_main(tmp_path / "output", MALL_CSV, "--like", march.folder, *arguments)
    assert run.status == 2 and not (tmp_path / "output").exists()
    (error,) = run.errors
    assert arguments[0] in error and "--like" in error


def test_earlier_run_is_not_replaced(march):
    before = contents(march.folder)
    run = call_main(march.folder, MALL_CSV, "--like", march.folder / "model.json")
    assert run.status == 2
    assert contents(march.folder) == before
    (error,) = run.errors
    command = shlex.split(error.split("name another: ")[1].split(";")[0])
    assert command[:2] == ["python", "segment.py"]
    again = call_main(march.folder.parent / "unused", *command[2:])
    assert again.status == 0, again.err


def test_missing_or_unfit_feature_is_refused(march, tmp_path):
    cases = {
        "Age": MALL.drop(columns="Age"),
        "Spending Score": MALL.astype({FEATURES[2]: object}).replace({FEATURES[2]: {39: "many"}}),
        "every feature": MALL.assign(Age=np.where(np.arange(200) % 2, MALL["Age"], np.nan))[::2],
    }
    cases["every feature"] = cases["every feature"].assign(
        Age=[20, *[np.nan] * 99], **{FEATURES[1]: [np.nan, *range(99)]}
    )
    for said, table in cases.items():
        table.to_csv(tmp_path / "shop.csv", index=False)
        run = call_main(tmp_path / "output", tmp_path / "shop.csv", "--like", march.folder)
        assert run.status == 2 and not (tmp_path / "output").exists(), said
        (error,) = run.errors
        assert said in error


def damage(model, path, value):
    """Set one value of a model, or remove it."""
    *way, last = path
    for key in way:
        model = model[key]
    if value is None:
        del model[last]
    else:
        model[last] = value


DAMAGES = {
    "version of tomorrow": (["version"], 2),
    "version of nobody": (["version"], "one"),
    "no version": (["version"], None),
    "no features": (["features"], None),
    "features of another kind": (["features"], {"Age": 1}),
    "one feature": (["features"], [{"name": "Age", "log": False, "center": 1, "scale": 1}]),
    "feature without a name": (["features", 0, "name"], ""),
    "feature named twice": (["features", 0, "name"], FEATURES[1]),
    "feature with a bell": (["features", 0, "name"], "Age\a"),
    "log of another kind": (["features", 1, "log"], "yes"),
    "no center": (["features", 2, "center"], None),
    "scale of 0": (["features", 2, "scale"], 0),
    "scale that is no number": (["features", 2, "scale"], float("nan")),
    "no segments": (["segments"], []),
    "segment that is a text": (["segments", 1], "two"),
    "segment without a name": (["segments", 1, "name"], None),
    "two segments of a name": (["segments", 1, "name"], "younger"),
    "segments out of order": (["segments", 1, "number"], 3),
    "true customers": (["segments", 2, "customers"], True),
    "scale of no number": (["features", 2, "scale"], 1e-320),
    "center of 400 digits": (["features", 2, "center"], 10**400),
    "half a customer": (["segments", 2, "customers"], 10.5),
    "other share": (["segments", 2, "share"], 0.99),
    "stability above 1": (["segments", 2, "stability"], 1.5),
    "negative distance": (["segments", 3, "distance"], -1),
    "rule of no feature": (["segments", 1, "rule"], [["Shoe size", 1, 2]]),
    "rule that is upside down": (["segments", 1, "rule"], [["Age", 9, 2]]),
    "rule of texts": (["segments", 1, "rule"], [["Age", "old", None]]),
    "rule without an end": (["segments", 1, "rule"], [["Age", 3]]),
    "rule that comes twice": (["segments", 1, "rule"], [["Age", 3, None], ["Age", None, 4]]),
    "short centroid": (["segments", 4, "centroid"], [0.1, 0.2]),
    "infinite centroid": (["segments", 4, "centroid"], [0.1, 0.2, float("inf")]),
    "centroid of texts": (["segments", 4, "centroid"], ["one", "two", "three"]),
}
TEXTS = {
    "empty": "",
    "cut": '{"version": 1, "features": [{"name": "Age", "log"',
    "no JSON": "CustomerID,Age\n1,19\n",
    "a list": "[1, 2, 3]",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("case", [*DAMAGES, *TEXTS, "not UTF-8", "not there", "no run"])
def test_damaged_model_is_refused_in_one_line(case, march, tmp_path):
    path = tmp_path / "model.json"
    if case in DAMAGES:
        model = json.loads((march.folder / "model.json").read_text(encoding="utf-8"))
        if case == "two segments of a name":
            model["segments"][0]["name"] = "younger"
        damage(model, *DAMAGES[case])
        path.write_text(json.dumps(model), encoding="utf-8")
    elif case in TEXTS:
        path.write_text(TEXTS[case], encoding="utf-8")
    elif case == "not UTF-8":
        path.write_bytes(b'{"version": "\xff\xfe"}')
    place = tmp_path if case == "no run" else path
    run = call_main(tmp_path / "output", MALL_CSV, "--like", place)
    assert run.status == 2 and not (tmp_path / "output").exists()
    assert run.out == "" and run.noise == []
    (error,) = run.errors
    assert "model.json" in error and "earlier run" in error


@pytest.mark.parametrize(
    "text", ['CustomerID,Segment\n1,2\n"2,1\n', "CustomerID,Segment\n1,two\n", "CustomerID\n1\n"]
)
def test_damaged_segments_of_then_are_refused_in_one_line(text, march, tmp_path):
    place = tmp_path / "then"
    place.mkdir()
    (place / "model.json").write_bytes((march.folder / "model.json").read_bytes())
    (place / "segments.csv").write_text(text)
    run = call_main(tmp_path / "output", MALL_CSV, "--like", place)
    assert run.status == 2 and not (tmp_path / "output").exists()
    (error,) = run.errors
    assert "segments.csv" in error
