#!/usr/bin/env bash
# matplotlib 3.10.8, Figure.set_layout_engine("none") on a figure that was laid out already.
# Guess: "none" and None are the same, so that savefig has nothing left to lay out and draws the
# figure once.
# Seen: "none" leaves a placeholder engine, for which savefig draws twice, as for the constrained
# one, though nothing moves any more; after None it draws once. Both leave the same pixels.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet matplotlib==3.10.8
"$folder/venv/bin/python" - <<'PYTHON'
import io

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

draw = Figure.draw
draws = 0


def draw_and_count(figure, renderer):
    global draws
    draws += 1
    draw(figure, renderer)


Figure.draw = draw_and_count
seen = {}
pictures = {}
for engine in ("constrained", "none", None):
    figure, ax = plt.subplots(layout="constrained")
    ax.set_ylabel("customers")
    figure.get_layout_engine().execute(figure)
    if engine != "constrained":
        figure.set_layout_engine(engine)
    draws = 0
    file = io.BytesIO()
    figure.savefig(file, format="raw")
    seen[engine] = draws
    pictures[engine] = file.getvalue()
print(seen)
assert seen == {"constrained": 2, "none": 2, None: 1}, seen
assert pictures["none"] == pictures[None]
PYTHON
