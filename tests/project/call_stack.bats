#!/usr/bin/env bats
# The path from main to a tile is short, and as shown in src/README.md.

load ../programs

setup() {
    find_programs
}

# The table of src/README.md as lines `function file`.
shown() {
    sed -n '/^## From main to a tile/,/^## /p' "$root/src/README.md" | sed -nE 's/^\| `([^`]+)` \| `([^`]+)` .*/\1 \2/p'
}

# function_lines NAME FILE: lines from the one that begins the function's definition to its closing brace.
function_lines() {
    awk -v name="$1" '$0 ~ "(^|[ *])" name "\\(" && !/;$/ && /^[A-Za-z#]/ { from = NR }
        from && /^}/ { print NR - from + 1; exit }' "$root/$2"
}

@test "the path from main to a tile is the one in src/README.md, at most 12 functions in 6 files" {
    command -v gdb >/dev/null || skip "gdb is not installed"
    isa=$("$train" --version | sed -n 's/^tiers found here: //p' | awk '{ print $NF }')
    [ "$isa" != reference ] || skip "this CPU has no vector tier"
    make -C "$root" -s BUILD="$BATS_TEST_TMPDIR/plain" BIN="$BATS_TEST_TMPDIR/plain/bin" CC="${CC:-cc}" \
        CFLAGS='-O0 -DTP_KEEP_LOOPS' "$BATS_TEST_TMPDIR/plain/bin/train" >/dev/null
    cd "$root"
    gdb -q -batch -ex 'set startup-with-shell off' -ex 'break tile_nn' -ex run -ex backtrace \
        --args "$BATS_TEST_TMPDIR/plain/bin/train" --data data/mnist --isa "$isa" --threads-exact 1 --bind none \
        --hidden 64,64 --train-limit 64 --val-limit 64 --epochs 1 --zeros multiply >"$BATS_TEST_TMPDIR/trace" 2>&1 || true
    grep -q '^#0 ' "$BATS_TEST_TMPDIR/trace" || { cat "$BATS_TEST_TMPDIR/trace"; skip "gdb cannot run a program here"; }
    # #N 0xADDRESS in FUNCTION (...) at FILE:LINE, from the tile up; here from main down.
    sed -nE 's/^#[0-9]+ +(0x[0-9a-f]+ in )?([A-Za-z0-9_.]+) \(.*\) at ([^ ]+):[0-9]+$/\2 \3/p' "$BATS_TEST_TMPDIR/trace" |
        sed -E "s,kernels/[a-z0-9]+/\.\./,kernels/,; s/_$isa /_NAME /" | tac >"$BATS_TEST_TMPDIR/path"
    cat "$BATS_TEST_TMPDIR/path"
    diff <(shown) "$BATS_TEST_TMPDIR/path"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/path")" -le 12 ]
    [ "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/path" | sort -u | wc -l)" -le 6 ]
    [ -z "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/path" | sort | uniq -d)" ]
    while read -r name file; do
        lines=$(function_lines "${name/tp_forward_NAME/TP_KERNEL\\(forward\\)}" "$file")
        echo "$name: $lines lines"
        [ "$lines" -ge 3 ]
        [ "$lines" -le 60 ]
    done <"$BATS_TEST_TMPDIR/path"
}
