"""A run that ends early leaves each file of the run before as it was, or the new one whole."""

import builtins
import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pytest
from conftest import FILES, MALL_CSV, Run, call_main, contents, save_unseen, start_command
from matplotlib.figure import Figure
from sklearn.cluster import KMeans

import segment

BY_TWO = ["-f", "A", "B", "-k", 2, "--max-clusters", 3]
QUICK = ["-f", "annual_income", "spending_score", "--max-clusters", 3, "-k", 4]
# How and when to stop a run: after this share of the time that another one took, or, if None, once
# there is a new file, because files are in danger then.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
STOPS = [(signal.SIGINT, 0.8), (signal.SIGINT, None), (KILL, None)]
FULL_DISK = "/dev/full" if os.path.exists("/dev/full") else os.devnull


@pytest.fixture(scope="module")
def before(tmp_path_factory, income_run) -> Path:
    """Make a folder with the files of a run, and one file that is not from a run."""
    folder = tmp_path_factory.mktemp("before") / "output"
    shutil.copytree(income_run.folder, folder)
    (folder / "mine.txt").write_text("mine")
    return folder


class Deaf(NamedTuple):
    """Two runs whose prints went nowhere: into a closed pipe, and to a full disk."""

    folders: list[Path]
    statuses: list[int]
    line: str  # that was read from the pipe before it was closed
    seconds: float


class Killed(NamedTuple):
    """A run that was sent a signal, in time or too late."""

    sent: signal.Signals
    saving: bool  # it had begun to
    folder: Path
    status: int
    err: str


def run_deaf(folders: list[Path]) -> Deaf:
    started = time.perf_counter()
    with open(FULL_DISK, "w") as full:
        unheard = start_command(folders[0], *QUICK, stdout=full, stderr=full)
    closed = start_command(folders[1], *QUICK, stderr=subprocess.STDOUT)
    with closed.stdout:
        line = closed.stdout.readline()
    statuses = [unheard.wait(), closed.wait()]
    return Deaf(folders, statuses, line, time.perf_counter() - started)


def kill(folder: Path, sent: signal.Signals, seconds: float | None) -> Killed:
    def count_files() -> int:
        return sum(len(names) for _, _, names in os.walk(folder))

    files = count_files()
    run = start_command(folder, *QUICK)
    if seconds is not None:
        time.sleep(seconds)
    while seconds is None and run.poll() is None and count_files() == files:
        time.sleep(0.001)
    run.send_signal(sent)
    _, err = run.communicate()
    return Killed(sent, seconds is None, folder, run.returncode, err)


@pytest.fixture(scope="module", autouse=True)
def processes(before, tmp_path_factory):
    """Start the runs that need a process of their own; they go on beside the first tests."""
    parent = tmp_path_factory.mktemp("processes")
    folders = [parent / str(at) / "output" for at in range(len(STOPS))]
    for folder in folders:
        shutil.copytree(before, folder)

    def run_all() -> tuple[Deaf, list[Killed]]:
        deaf = run_deaf([parent / "full disk", parent / "closed pipe"])
        sent = [kind for kind, _ in STOPS]
        waits = [share and share * deaf.seconds for _, share in STOPS]
        with ThreadPoolExecutor(2) as pool:  # as many as there were when the time was taken
            return deaf, list(pool.map(kill, folders, sent, waits))

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run_all)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Make two small shops, and a folder with the files of a run for the first."""
    folder = tmp_path_factory.mktemp("shop")
    for name, step in (("old.csv", 2), ("new.csv", 3)):
        lines = [f"{i % 2 * 50 + i},{i // 2 * step}" for i in range(8)]
        (folder / name).write_text("A,B\n" + "\n".join(lines) + "\n")
        output = folder / name.removesuffix(".csv")
        run = call_main(output, folder / name, *BY_TWO, save=save_numbered(name))
        assert run.status == 0
    return folder


def save_numbered(shop):
    """Return what leaves a few bytes for a picture, other ones for each shop."""

    def save(figure, file, **_):
        save_unseen(figure, file)
        with open(file, "a") as opened:
            opened.write(shop)

    return save


def fail_at(call, failure, work):
    """Return what works until a call, the first or a later one, that fails."""
    calls = []

    def work_or_fail(*arguments, **options):
        calls.append(arguments)
        if len(calls) == call:
            raise failure
        return work(*arguments, **options)

    return work_or_fail


def fail_to_write(name, failure, work):
    """Return an `open` that fails to write a file of this name."""

    def open_or_fail(file, mode="r", *arguments, **options):
        if "w" in mode and Path(str(file)).name == name:
            raise failure
        return work(file, mode, *arguments, **options)

    return open_or_fail


NO_SPACE, CTRL_C = OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()


@pytest.mark.parametrize(
    ("failure", "place", "at"),
    [
        (NO_SPACE, "picture", 1),
        (NO_SPACE, "table", "elbow.csv"),
        (NO_SPACE, "move", 1),
        (NO_SPACE, "move", 3),
        (CTRL_C, "picture", 4),
        (CTRL_C, "table", "profiles.csv"),
        (CTRL_C, "move", 3),
    ],
)
def test_failing_at_any_place_leaves_every_file_whole(
    failure, place, at, shop, tmp_path, monkeypatch
):
    folder = tmp_path / "output"
    shutil.copytree(shop / "old", folder)
    save = save_numbered("new.csv")
    if place == "picture":
        save = fail_at(at, failure, save)
    elif place == "table":
        monkeypatch.setattr(builtins, "open", fail_to_write(at, failure, open))
        monkeypatch.setattr(io, "open", builtins.open)
    else:
        monkeypatch.setattr(os, "replace", fail_at(at, failure, os.replace))
        monkeypatch.setattr(os, "rename", os.replace)
    run = call_main(folder, shop / "new.csv", *BY_TWO, save=save)
    monkeypatch.undo()
    assert run.out == "" and run.noise == [] and run.warnings == []
    if isinstance(failure, OSError):
        assert run.status == 2
        (error,) = run.errors
        assert str(folder) in error and "No space left" in error and "-o" in error
    else:
        assert run.status == 130 and run.errors == []
    old, new, now = contents(shop / "old"), contents(shop / "new"), contents(folder)
    if place == "move":  # a folder without a report is unfinished
        assert now.keys() == old.keys() - {"report.txt"}
        assert all(now[name] in (old[name], new[name]) for name in now)
    else:
        assert now == old


def test_report_goes_first_and_comes_last(shop, tmp_path, monkeypatch):
    folder = tmp_path / "output"
    shutil.copytree(shop / "old", folder)
    moved = []

    def replace(source, target, work=os.replace):
        assert not (folder / "report.txt").exists()
        moved.append(Path(target).name)
        return work(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "rename", replace)
    assert call_main(folder, shop / "new.csv", *BY_TWO).status == 0
    assert moved[-1] == "report.txt" and len(moved) > 10


def test_leftovers_of_a_day_ago_are_removed(shop, tmp_path):
    seen = set()

    def save_and_look(figure, file, **_):
        save_unseen(figure, file)
        seen.add(Path(file).parent.name)

    folder = tmp_path / "output"
    assert call_main(folder, shop / "new.csv", *BY_TWO, save=save_and_look).status == 0
    prefix = seen.pop()[:-8]  # without what is drawn at random
    for name, age in (("young", 3600), ("old", 90_000)):
        (folder / f"{prefix}{name}").mkdir()
        (folder / f"{prefix}{name}" / "01_distributions.png").write_text("half")
        os.utime(folder / f"{prefix}{name}", (time.time() - age,) * 2)
    (folder / f"{prefix}link").symlink_to(shop, target_is_directory=True)
    assert call_main(folder, shop / "new.csv", *BY_TWO).status == 0
    left = {path.name for path in folder.iterdir() if path.name.startswith(prefix)}
    assert left == {f"{prefix}young", f"{prefix}link"}
    assert (shop / "new.csv").exists()


@pytest.mark.parametrize(
    "name", ["05_elbow.png", "elbow.csv", "model.json", "segments.csv", "report.txt"]
)
def test_files_of_somebody_else_are_not_replaced(name, shop, tmp_path):
    folder = tmp_path / "output"
    shutil.copytree(shop / "old", folder)
    (folder / name).write_bytes(b"Dear diary, k,wcss and Segment,Name are words of mine\n")
    before = contents(folder)
    run = call_main(folder, shop / "new.csv", *BY_TWO)
    assert run.status == 2
    (error,) = run.errors
    assert str(folder / name) in error and "-o" in error
    assert contents(folder) == before


def test_pictures_of_older_versions_are_replaced_and_those_of_others_are_not(shop, tmp_path):
    # Older versions named matplotlib in their pictures, as everybody does, and nothing else.
    older = tmp_path / "older"
    shutil.copytree(shop / "old", older)
    other = tmp_path / "other"
    other.mkdir()
    for folder in (older, other):
        plt.figure(figsize=(1, 1)).savefig(folder / "05_elbow.png")
    plt.close("all")
    picture = (other / "05_elbow.png").read_bytes()
    assert call_main(older, shop / "new.csv", *BY_TWO).status == 0
    assert (older / "05_elbow.png").read_bytes() != picture
    run = call_main(other, shop / "new.csv", *BY_TWO)
    assert run.status == 2 and "05_elbow.png" in run.errors[0]
    assert contents(other) == {"05_elbow.png": picture}


@pytest.mark.parametrize("place", ["fit", "picture"])
def test_too_little_memory_is_told_in_one_line(place, shop, tmp_path, monkeypatch):
    folder = tmp_path / "output"
    shutil.copytree(shop / "old", folder)
    before = contents(folder)
    save = save_unseen
    if place == "fit":
        monkeypatch.setattr(KMeans, "fit", fail_at(1, MemoryError(), KMeans.fit))
    else:
        save = fail_at(3, MemoryError(), save)
    run = call_main(folder, shop / "new.csv", *BY_TWO, save=save)
    assert run.status == 2 and run.out == "" and run.noise == []
    (error,) = run.errors
    assert "not enough memory" in error
    assert contents(folder) == before


def test_run_without_streams_leaves_all_files(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(segment, "SHORT_RUN", -1)  # so that it says where it is
    monkeypatch.setattr(Figure, "savefig", save_unseen)
    status = segment.main(
        [str(shop / "new.csv"), "-o", str(tmp_path / "output"), *map(str, BY_TWO)]
    )
    assert status == 0
    assert set(contents(tmp_path / "output")) == set(contents(shop / "old"))


def test_windows_and_homes_that_are_not_there_do_not_matter(tmp_path):
    nowhere = str(tmp_path / "file" / "home")
    (tmp_path / "file").write_text("no folder")
    names = {"HOME": nowhere, "MPLCONFIGDIR": nowhere, "MPLBACKEND": "module://of.jupyter"}
    process = start_command(tmp_path / "output", *QUICK, env=os.environ | names)
    out, err = process.communicate()
    run = Run(process.returncode, out, err, tmp_path / "output", {}, {})
    assert run.status == 0, err
    assert run.noise == []


def test_folder_that_is_read_only_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # even root is told so
    monkeypatch.setattr(KMeans, "fit", None)
    run = call_main(tmp_path / "new", MALL_CSV)
    assert run.status == 2
    (error,) = run.errors
    assert str(tmp_path) in error and "can't be written" in error and "-o" in error


def test_closed_pipe_and_full_disk_behind_the_report_are_no_error(processes):
    deaf, _ = processes.result()
    assert deaf.statuses == [0, 0]
    assert deaf.line.startswith(("Data", "segment.py: step"))
    expected = sorted(set(FILES) - {"08_clusters_3d.png"})
    for folder in deaf.folders:
        assert sorted(path.name for path in folder.iterdir()) == expected


no_signals = pytest.mark.skipif(os.name == "nt", reason="Windows sends no signals to processes")


@no_signals
def test_killed_runs_leave_every_file_whole(before, processes):
    deaf, killed = processes.result()
    old, new = contents(before), contents(deaf.folders[0])
    assert all(new[name] != old[name] for name in new if name.endswith(".png") and name > "05")
    for run in killed:
        found = {path.name: path.read_bytes() for path in run.folder.iterdir() if path.is_file()}
        assert old.keys() <= found.keys()
        for name, data in found.items():
            assert data in (old.get(name), new.get(name)), name


@no_signals
def test_interrupted_runs_say_nothing_and_leave_nothing_half(processes):
    _, killed = processes.result()
    for run in killed:
        assert "Traceback" not in run.err
        if run.sent == signal.SIGINT:
            assert run.status in (130, 0)
        if run.sent == signal.SIGINT and run.saving:
            assert set(os.listdir(run.folder)) <= {*FILES, "mine.txt"}


@no_signals
def test_litter_of_killed_runs_is_gone_after_a_day(processes):
    _, killed = processes.result()
    (folder,) = [run.folder for run in killed if run.sent != signal.SIGINT]
    for litter in folder.glob(".segment-unfinished-*"):
        os.utime(litter, (0, 0))
    (folder / ".mine").mkdir()
    assert call_main(folder, *QUICK).status == 0
    expected = {*FILES, "mine.txt", ".mine"} - {"08_clusters_3d.png"}
    assert set(os.listdir(folder)) == expected
