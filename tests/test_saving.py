"""A run that ends early leaves each file of the run before as it was, or the new one whole."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import MALL_CSV, ROOT, call_main, contents

import segment

MOMENTS = 20
QUICK = ["-f", "annual_income", "spending_score", "--max-clusters", "3", "-k", "4"]


def start(folder: Path) -> subprocess.Popen:
    command = [sys.executable, ROOT / "segment.py", "-o", folder, *QUICK]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes)


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> Path:
    """Make a folder with the files of a run, and one file that is not from a run."""
    folder = tmp_path_factory.mktemp("before") / "output"
    assert call_main(folder, *QUICK[:-1], 5, "--no-scale").status == 0
    (folder / "mine.txt").write_text("mine")
    return folder


@pytest.fixture(scope="module")
def after(tmp_path_factory) -> tuple[dict[str, bytes], float]:
    """Run to the end what is to be killed: its files, and how many seconds it takes."""
    folder = tmp_path_factory.mktemp("after") / "output"
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:  # at the load that the killed runs will have
        for run in pool.map(start, [folder, folder.with_name("beside")]):
            run.communicate()
            assert run.returncode == 0
    return {Path(name).name: data for name, data in contents(folder).items()}, (
        time.perf_counter() - started
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no signals between processes")
def test_killed_runs_leave_every_file_whole(before, after, tmp_path):
    new, seconds = after
    old = {Path(name).name: data for name, data in contents(before).items()}
    assert all(new[name] != old[name] for name in new if name.endswith(".png") and name > "05")

    def kill(moment: int) -> bool:
        killer = signal.SIGINT if moment % 2 else signal.SIGKILL
        folder = tmp_path / str(moment) / "output"
        shutil.copytree(before, folder)
        run = start(folder)
        time.sleep(seconds * (moment + 0.5) / MOMENTS)
        run.send_signal(killer)
        _, err = run.communicate()
        assert "Traceback" not in err
        litter = list(folder.glob(".*"))
        if killer == signal.SIGINT:
            assert run.returncode in (130, 0)
            assert not litter
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        assert old.keys() <= found.keys()
        for name, data in found.items():
            assert data in (old.get(name), new.get(name)), name
        return run.returncode != 0

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(kill, range(MOMENTS))) > MOMENTS / 2


def test_litter_of_a_killed_run_is_gone_after_the_next(tmp_path):
    (tmp_path / "output" / ".segment-unfinished-x1y2").mkdir(parents=True)
    (tmp_path / "output" / ".segment-unfinished-x1y2" / "05_elbow.png").write_text("half")
    (tmp_path / "output" / ".mine").mkdir()
    assert call_main(tmp_path / "output", *QUICK).status == 0
    assert [path.name for path in (tmp_path / "output").glob(".*")] == [".mine"]


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["Figure.savefig", "DataFrame.to_csv", "Path.replace"])
@pytest.mark.parametrize("calls", [1, 3])
def test_failing_at_any_place_leaves_every_file_whole(
    failure, place, calls, before, tmp_path, monkeypatch
):
    folder = tmp_path / "output"
    shutil.copytree(before, folder)
    old = contents(folder)
    owner, method = place.split(".")
    work, count = getattr(getattr(segment, owner), method), iter(range(1, 99))

    def fail_later(*arguments, **options):
        if next(count) == min(calls, 2 if "csv" in place else 9):
            raise failure
        return work(*arguments, **options)

    monkeypatch.setattr(getattr(segment, owner), method, fail_later)
    files = {
        "01_distributions.png": segment.Figure(),
        "02_counts.png": segment.Figure(),
        "05_elbow.png": segment.Figure(),
        "elbow.csv": segment.DataFrame({"k": [1]}),
        "profiles.csv": segment.DataFrame({"k": [2]}),
        "report.txt": lambda file: file.write(b"new"),
    }
    monkeypatch.setattr(segment, "analyse", lambda options, step: ("", [], files))
    run = call_main(folder)
    if isinstance(failure, OSError):
        assert run.status == 2
        reason = "can't be written: No space left; name another with -o"
        assert run.err == f"segment.py: error: {folder}: {reason}\n"
    else:
        assert run.status == 130 and run.err == ""
    now = contents(folder)
    assert now.keys() == old.keys()
    changed = [name for name in old if now[name] != old[name]]
    assert len(changed) == (calls - 1 if place == "Path.replace" else 0)


def test_closed_pipe_is_no_error(tmp_path):
    script, folder = ROOT / "segment.py", tmp_path / "out"
    command = f"'{sys.executable}' '{script}' -o '{folder}' {' '.join(QUICK)} 2>&1 | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Data") and done.stdout.count("\n") == 1 and done.stderr == ""
    assert (folder / "report.txt").read_text().startswith(done.stdout)


def test_full_disk_behind_the_report_is_no_error(tmp_path):
    command = [sys.executable, ROOT / "segment.py", *QUICK, "-o", tmp_path]
    with open("/dev/full", "w") as full:
        assert subprocess.run(command, stdout=full, stderr=full).returncode == 0
    assert (tmp_path / "report.txt").exists()


def test_folder_that_is_read_only_is_refused_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(segment.os, "access", lambda *_: False)  # even root is told so
    monkeypatch.setattr(segment, "analyse", None)
    assert segment.main([str(MALL_CSV), "-o", str(tmp_path / "new")]) == 2
    assert f"{tmp_path}: can't be written; name another folder with -o" in capsys.readouterr().err
