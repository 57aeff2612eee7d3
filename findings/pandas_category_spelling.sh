#!/usr/bin/env bash
# pandas 3.1.1, read_csv(dtype="category"), on prices and codes as a shop writes them.
# Guess: the categories are texts, so that 5.10 stays "5.10" and 007 stays "007", as the user guide
# on CSV files has it, which leaves the conversion to numbers to the caller.
# Seen: categories that all look like numbers are numbers, 5.1 and 7; the spelling is lost. One text
# among them, and all of the column stay texts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import io

import pandas as pd

text = "price,code,mixed\n5.10,007,5.10\n7.25,012,x\n"
table = pd.read_csv(io.StringIO(text), dtype="category", na_filter=False)
seen = {name: table[name].cat.categories.tolist() for name in table}
print(seen)
assert seen == {"price": [5.1, 7.25], "code": [7, 12], "mixed": ["5.10", "x"]}, seen
PYTHON
