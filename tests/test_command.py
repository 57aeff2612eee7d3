"""The command as a user meets it: what it leaves, prints and refuses."""

import re
import shlex
import shutil

import matplotlib
import pytest
from conftest import FILES, MALL_CSV, call_main

import segment


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def read_style():
    """Return the settings of matplotlib, but for where it draws."""
    settings = matplotlib.rcParams.items()
    return {name: value for name, value in settings if not name.startswith("backend")}


STYLE = read_style()  # before any run


def test_default_run_leaves_the_seventeen_files_and_prints_its_report(default_run):
    assert default_run.status == 0
    assert names_in(default_run.folder) == FILES
    report = (default_run.folder / "report.txt").read_text(encoding="utf-8")
    assert default_run.out.startswith(report)
    (last,) = default_run.out.removeprefix(report).strip().splitlines()
    assert re.fullmatch("17 files, [0-9.]+ s: open (.*) first", last)
    assert str(default_run.folder / "00_summary.png") in last


def test_report_says_what_the_data_is_and_what_was_found(default_run):
    report = default_run.report
    for fact in ("200 rows", "5 columns", "0 duplicate rows", "0 duplicate values of CustomerID"):
        assert fact in report
    for mean in ("38.85", "60.56", "50.2"):
        assert mean in report
    assert "Female 112 (56%), Male 88 (44%)" in report
    assert "6 segments: elbow and silhouette agree." in report
    assert "The elbow at 6 segments is weak (sharpness 1.70, clear from 3)" in report
    assert "4 of 200 customers fit another segment better." in report
    assert re.search(r"All 6 segments are stable; 5, 7, 8.* might do as well: try -k 5\.", report)
    assert "no clear segments" not in report


def test_default_run_warns_of_nothing_that_it_reports(default_run):
    assert default_run.warnings == []
    assert default_run.noise == []


def test_two_features_leave_no_3d_picture_and_no_stale_one(mall_run, tmp_path):
    folder = tmp_path / "two words und Größe 顧客"
    shutil.copytree(mall_run.folder, folder)
    (folder / "mine.txt").write_text("from before")
    run = call_main(folder, "-f", "annual_income", "SPENDING SCORE")
    assert run.status == 0
    kept = [name for name in FILES if name != "08_clusters_3d.png"]
    assert names_in(folder) == sorted([*kept, "mine.txt"])
    assert (folder / "mine.txt").read_text() == "from before"
    for name in kept:
        if name not in ("01_distributions.png", "02_counts.png"):
            assert (folder / name).read_bytes() != (mall_run.folder / name).read_bytes(), name
    assert "elbow at 5 segments" in run.report
    assert len(run.rows("profiles.csv")) == 5


def test_same_seed_same_bytes(default_run, mall_run):
    assert mall_run.status == 0
    for name in FILES:
        again = (mall_run.folder / name).read_bytes()
        assert again == (default_run.folder / name).read_bytes(), name


def test_k_that_was_asked_for_is_the_k_that_is_fitted(income_run):
    assert [row["Segment"] for row in income_run.rows("profiles.csv")] == list("12345")


def test_command_that_a_refusal_shows_works(tmp_path, monkeypatch):
    rows = [f"{i},{i % 5 * 10 + i % 3},{i % 2 * 100 + i % 7}\n" for i in range(40)]
    (tmp_path / "two words.csv").write_text("id,Visits (a year),Spent $\n" + "".join(rows))
    monkeypatch.chdir(tmp_path)
    refused = call_main(tmp_path / "output", "two words.csv")
    assert refused.status == 2
    (error,) = refused.errors
    assert "perhaps IDs or codes: id;" in error
    command = shlex.split(error[error.index("python segment.py") :])
    given = ["-o", str(tmp_path / "output"), "two words.csv"]
    assert command[2:] == [*given, "-f", "Visits (a year)", "Spent $"]
    assert call_main(tmp_path / "output", *command[2:]).status == 0
    assert read_style() == STYLE


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


def test_refused_run_leaves_the_style_as_it_was(tmp_path):
    assert call_main(tmp_path, MALL_CSV, "-f", "Age", "zzz").status == 2
    assert read_style() == STYLE
