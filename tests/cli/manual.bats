# Manual pages and completion, generated from the programs' options.

bats_require_minimum_version 1.5.0
load ../programs

# shellcheck disable=SC2154 # find_programs sets root and the programs
setup() {
    find_programs
    made=$(absolute "${TP_BUILD:-build}")/manual
    cd "$BATS_TEST_TMPDIR" || return
}

options_of() { # the names in --help all
    "$@" --help all | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' | sort
}

@test "the pages have every section, and all options with their defaults" {
    # shellcheck disable=SC2154 # find_programs sets root and the programs
    for program in "$train" "$predict" "$sweep" "$export_model"; do
        page=$made/tileprop-$(basename "$program").1
        sed -n 's/^\.It Fl \\-\([a-z0-9-]*\).*/\1/p' "$page" | sort | diff - <(options_of "$program")
        for section in NAME SYNOPSIS DESCRIPTION OPTIONS FILES 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
            grep -qx "\.Sh $section" "$page"
        done
        # Lines of exit codes, which begin a list of their own.
        codes=$("$program" --help all | grep -cE '^  [0-9]+  +[a-z]')
        [ "$(grep -cE '^\.It [0-9]+$' "$page")" -eq "$codes" ]
    done
    grep -A 2 '^.It Fl .-batch Ar N$' "$made/tileprop-train.1" | grep -qF '[32]'
    [ -s "$made/tileprop-bench.1" ]
}

@test "mandoc finds no errors in the pages" {
    command -v mandoc >/dev/null || skip "no mandoc (Debian: mandoc)"
    # shellcheck disable=SC2154
    cp "$made"/*.1 "$root"/manual/*.3 .
    for page in *.[13]; do # the others lie beside it
        [ "$(mandoc -Tlint "$page")" = "" ]
    done
    echo '.Xr tileprop-predict 1 end' >>tileprop-train.1
    run mandoc -Tlint tileprop-train.1
    [ "$status" -ne 0 ]
}

@test "tileprop(3) lists all functions of the headers, and its example compiles" {
    grep -hE '^TILEPROP_(API|TRY) ' "$root"/include/tileprop/*.h | sed 's/.*\(tileprop_[a-z0-9_]*\)(.*/\1/' | sort |
        diff - <(sed -n '/SYNOPSIS/,/DESCRIPTION/s/^\.F[no] \([a-z0-9_]*\).*/\1/p' "$root/manual/tileprop.3" | sort)
    sed -n '/^.Bd -literal/,/^.Ed/{/^\.[BE]d/d; s/.en/\\n/; p}' "$root/manual/tileprop.3" >example.c
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -I "$root/include" -fsyntax-only example.c
}

# completed WORD...: bash's completions of the last word.
completed() {
    # shellcheck source=/dev/null
    source "$made/$1.bash"
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    [ "$(complete -p "$1")" = "complete -F _${1//-/_} $1" ]
    "_${1//-/_}"
    printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}

@test "bash completes options, choices and files" {
    mkdir -p folder 'with blank'
    touch one.safetensors seven.png 'with blank.csv'
    [ "$(completed tileprop-train --activ)" = --activation ]
    [ "$(completed tileprop-train --val-)" = '--val-data --val-labels --val-limit --val-split' ]
    [ "$(completed tileprop-train --activation '')" = 'improved-sigmoid lecun-tanh relu sigmoid tanh' ]
    [ "$(completed tileprop-train --activation = re)" = relu ]
    [ "$(completed tileprop-train --activation =)" = 'improved-sigmoid lecun-tanh relu sigmoid tanh' ]
    [ "$(completed tileprop-train --shuffle o)" = 'off on' ]
    [ "$(completed tileprop-train --zeros '')" = 'auto multiply skip' ]
    [ "$(completed tileprop-train --lr '')" = auto ]
    [ "$(completed tileprop-train --batch '')" = '' ]
    [ "$(completed tileprop-train --data '')" = 'auto folder one.safetensors seven.png with blank with blank.csv' ]
    [ "$(completed tileprop-train --data with)" = 'with blank with blank.csv' ]
    [ "$(completed tileprop-predict one)" = one.safetensors ]
    [ "$(completed tileprop-predict one.safetensors --image '')" = 'folder none seven.png with blank' ]
    tiers=$("$train" --version | sed -n 's/^tiers built: //p')
    # shellcheck disable=SC2086
    [ "$(completed tileprop-predict --invert --isa '')" = "$(printf '%s\n' auto $tiers | sort | paste -sd' ')" ]
    [ "$(completed tileprop-export one.safetensors --)" = '--c --help --model --name --version' ]
    # shellcheck disable=SC2154
    for program in "$train" "$predict" "$sweep" "$export_model"; do
        completed "tileprop-$(basename "$program")" -- | tr ' ' '\n' | sed 's/^--//' | sort | diff - <(options_of "$program")
    done
}

@test "zsh completes options, choices and files" {
    command -v zsh >/dev/null || skip "no zsh (Debian: zsh)"
    mkdir site folder
    for program in train predict sweep export bench; do
        zsh -n "$made/tileprop-$program.zsh"
        cp "$made/tileprop-$program.zsh" "site/_tileprop-$program"
    done
    touch seven.png model.safetensors
    typed() {
        zsh -f "$BATS_TEST_DIRNAME/complete.zsh" "$PWD/site" "$1"
    }
    [ "$(typed 'tileprop-train --activ')" = 'tileprop-train --activation=' ]
    [ "$(typed 'tileprop-train --activation re')" = 'tileprop-train --activation relu ' ]
    [ "$(typed 'tileprop-train --activation=re')" = 'tileprop-train --activation=relu ' ]
    [ "$(typed 'tileprop-train --data fol')" = 'tileprop-train --data folder/' ]
    [ "$(typed 'tileprop-train --data au')" = 'tileprop-train --data auto ' ]
    [ "$(typed 'tileprop-predict mo')" = 'tileprop-predict model.safetensors ' ]
    [ "$(typed 'tileprop-predict model.safetensors --image sev')" = 'tileprop-predict model.safetensors --image seven.png ' ]
    [ "$(typed 'tileprop-predict --inv')" = 'tileprop-predict --invert ' ]
    [ "$(typed 'tileprop-export model.safetensors --n')" = 'tileprop-export model.safetensors --name=' ]
}
