"""The command as a user meets it: what it leaves, prints and refuses."""

import matplotlib
import pytest
from conftest import FEATURES, MALL_CSV, call_main, run_command

import segment

FILES = [
    "01_distributions.png",
    "02_counts.png",
    "03_by_category.png",
    "04_relationships.png",
    "05_elbow.png",
    "06_silhouette.png",
    "07_clusters_2d.png",
    "08_clusters_3d.png",
    "09_profiles.png",
    "elbow.csv",
    "profiles.csv",
    "report.txt",
    "segments.csv",
]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_default_run_leaves_the_thirteen_files_and_prints_its_report(default_run):
    assert default_run.status == 0
    assert names_in(default_run.folder) == FILES
    report = (default_run.folder / "report.txt").read_text(encoding="utf-8")
    assert default_run.out.startswith(report)
    rest = default_run.out.removeprefix(report).strip()
    assert rest.startswith(f"13 files in {default_run.folder}")


def test_report_says_what_the_data_is_and_what_was_found(default_run):
    report = default_run.out
    for fact in ("200 rows", "5 columns", "0 duplicate rows", "0 duplicate values of CustomerID"):
        assert fact in report
    for mean in ("38.85", "60.56", "50.2"):
        assert mean in report
    assert "Female 112 (56%), Male 88 (44%)" in report
    words = " ".join(report.split())
    assert "The elbow at 6 segments is weak (sharpness 1.70; clear from 2.5)." in words
    assert "The silhouette agrees (0.43)." in words
    assert "All segments are stable" in words
    assert "no clear segments" not in words


def test_weak_elbow_is_the_one_warning_of_the_default_run(default_run):
    assert default_run.err.count("\n") == 1
    assert default_run.err.startswith("segment.py: warning: the elbow at 6 segments is weak")
    assert "-k" in default_run.err and "-f" in default_run.err


def test_two_features_leave_no_3d_picture_and_no_stale_one(tmp_path):
    folder = tmp_path / "two words und Größe 顧客"
    folder.mkdir()
    for name in (*FILES, "mine.txt"):
        (folder / name).write_text("from before")
    run = call_main(folder, "-f", "annual_income", "SPENDING SCORE")
    assert run.status == 0
    kept = [name for name in FILES if name != "08_clusters_3d.png"]
    assert names_in(folder) == sorted([*kept, "mine.txt"])
    assert (folder / "mine.txt").read_text() == "from before"
    assert all(b"from before" not in (folder / name).read_bytes() for name in kept)
    assert "The elbow at 5 segments" in run.out
    assert len(run.rows("profiles.csv")) == 5


def test_same_seed_same_bytes(tmp_path, default_run):
    again = run_command(tmp_path / "again", MALL_CSV, "--seed", 0)
    assert again.status == 0
    for name in FILES:
        assert (again.folder / name).read_bytes() == (default_run.folder / name).read_bytes(), name


def test_k_that_was_asked_for_is_the_k_that_is_fitted(income_run):
    assert [row["Segment"] for row in income_run.rows("profiles.csv")] == list("12345")


def test_command_that_a_refusal_shows_works(tmp_path, monkeypatch, capsys):
    rows = [f"{i},{i % 5 * 10 + i % 3},{i % 2 * 100 + i % 7}\n" for i in range(40)]
    (tmp_path / "two words.csv").write_text("id,Visits (a year),Spent $\n" + "".join(rows))
    monkeypatch.chdir(tmp_path)
    assert segment.main(["two words.csv"]) == 2
    err = capsys.readouterr().err
    assert "(id, Visits (a year), Spent $)" in err
    assert err.endswith("python segment.py 'two words.csv' -f 'Visits (a year)' 'Spent $'\n")
    assert segment.main(["two words.csv", "-f", "Visits (a year)", "Spent $"]) == 0


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as leaving:
        segment.main(["--help"])
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for option in (
        "--output",
        "--features",
        "--clusters",
        "--max-clusters",
        "--log",
        "--no-scale",
        "--seed",
        "--show",
    ):
        assert option in text


def test_style_is_left_as_it_was():
    before = dict(matplotlib.rcParams)
    assert segment.main([str(MALL_CSV), "-f", *FEATURES, "-k", "999"]) == 2
    assert dict(matplotlib.rcParams) == before
