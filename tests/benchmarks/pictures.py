"""Draw the pictures of every shop in tests/shops.py, and look for faults.

    python tests/benchmarks/pictures.py FOLDER [SHOP ...]

A fault is a text that is below 9 points, cut, or over another one, or a picture that is wider or
higher than 2,400 pixels. The pictures stay in the folder, for all that a script does not see.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import call_main, find_faults
from matplotlib.figure import Figure
from shops import SHOPS, list_arguments


def main(folder: Path, names: list[str]) -> int:
    """Print the faults of each shop; return how many there are."""
    count = 0
    for name in names or SHOPS:
        make, options = SHOPS[name]
        place = folder / name.replace(" ", "-").replace(",", "")
        place.mkdir(parents=True, exist_ok=True)
        arguments = options
        if make is not None:
            table = make()
            table.to_csv(place / "shop.csv", index=False)
            arguments = [place / "shop.csv", *list_arguments(table), *options]
        started = time.perf_counter()
        run = call_main(place, *arguments, save=Figure.savefig)
        seconds = time.perf_counter() - started
        faults = [f"status {run.status}: {run.err}"] if run.status else find_faults(run)
        count += len(faults)
        widest = max((size for path in place.glob("*.png") for size in measure(path)), default=0)
        print(f"{name}: {seconds:.1f} s, up to {widest:,} px, {len(faults)} faults", flush=True)
        for fault in [*run.warnings, *faults]:
            print(f"  {fault}")
    return count


def measure(path: Path) -> tuple[int, int]:
    """Return width and height of a PNG in pixels."""
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1]), sys.argv[2:])))
