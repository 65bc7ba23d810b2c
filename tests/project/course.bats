#!/usr/bin/env bats
# examples/course.ipynb runs from its first cell to its last.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
}

@test "the cells of examples/course.ipynb run, and draw" {
    /usr/bin/python3 -c 'import matplotlib' 2>/dev/null || skip "no matplotlib (Debian: python3-matplotlib)"
    mkdir -p bin
    ln -s "$train" bin/train
    ln -s "$sweep" bin/sweep
    ln -s "$root/results" "$root/data" .
    MPLBACKEND=agg MPLCONFIGDIR=$PWD timeout 120 /usr/bin/python3 - "$root/examples/course.ipynb" <<'END'
import json, sys
notebook = json.load(open(sys.argv[1]))
assert notebook["nbformat"] == 4
cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
assert not any(cell.get("outputs") for cell in notebook["cells"])
import matplotlib.pyplot as plt
drawn = []
plt.show = lambda: drawn.append([len(axes.lines) + len(axes.containers) for axes in plt.gcf().axes]) or plt.close()
names = {}
for cell in cells:
    exec(cell, names)
assert len(drawn) == 7 and all(sum(lines) > 0 for lines in drawn), drawn
END
}
