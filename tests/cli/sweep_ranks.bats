#!/usr/bin/env bats
# sweep under mpirun: the same runs, files and errors as with one process, whatever happens to the others.

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    find_ranks "$sweep"
    cd "$BATS_TEST_TMPDIR" || return
    few=(--data "$(few_digits)" --train-limit 640 --val-limit 300 --epochs 2 --quiet)
    for i in {1..90}; do echo "$i,$((i * i % 17)),$((i % 3))"; done >t.csv
}

# Rows of the runs, in order, without their seconds.
rows() { cut -d, -f1-11,13- "$1" | sort; }

@test "three processes write the same as one, and continue from it" {
    echo 'hidden = 6' >a.conf
    echo 'hidden = 8,6' >b.conf
    all=("${few[@]}" --vary lr=0.01,0.02 --vary config=a.conf,b.conf --seeds 3)
    "$sweep" "${all[@]}" --runs 1.csv --histories h1 --best 1.conf --table 1.table >/dev/null
    ranks 3 "$sweep" "${all[@]}" --runs 3.csv --histories h3 --best 3.conf --table 3.table >/dev/null
    diff <(rows 1.csv) <(rows 3.csv)
    diff -r h1 h3
    diff 1.conf 3.conf
    diff <(sed 's/,[^,]*$//' 1.table) <(sed 's/,[^,]*$//' 3.table) # without seconds
    head -n 5 3.csv >some.csv
    ranks 3 "$sweep" "${all[@]}" --runs some.csv >/dev/null
    diff <(rows 1.csv) <(rows some.csv)
}

@test "folds, test samples and fewer runs than processes" {
    all=(--data t.csv --header no --hidden 4 --epochs 5 --vary weight-decay=0.1 --quiet)
    "$sweep" "${all[@]}" --folds 2 --test-holdout 15 --runs 1.csv | grep ^test: >1.txt
    ranks 3 "$sweep" "${all[@]}" --folds 2 --test-holdout 15 --runs 3.csv | grep ^test: >3.txt
    diff 1.txt 3.txt
    diff <(rows 1.csv) <(rows 3.csv)
}

@test "an error is reported once, with its rank, and ends all" {
    all=("$sweep" --data t.csv --header no --epochs 2 --quiet)
    said sweep 2 'no such option' 3 "$sweep" --none
    said sweep 2 '--vary batch=1000: --batch: 1000 is more' 3 "$sweep" "${few[@]}" --vary batch=32,1000
    said sweep 1 '--runs: absent/r.csv: No such file' 3 "${all[@]}" --runs absent/r.csv
    on_rank_2 'export TILEPROP_ISA=none'
    said sweep 2 'rank 2 on ' 3 ./wrap "${all[@]}"
    # Giving that rank its own folder needs privileges that not every user has.
    unshare -rm true || skip 'no mount namespaces'
    mkdir data other
    cp t.csv data
    head -n 80 t.csv >other/t.csv
    on_rank_2 'exec unshare -rm bash -c "mount --bind other data && exec \"\$@\"" - "$@"'
    said sweep 3 't.csv: expected the data of rank 0, found other data' 3 ./wrap "$sweep" --data data/t.csv --header no --epochs 2 --quiet
    rm other/t.csv
    said sweep 3 't.csv: cannot be opened' 3 ./wrap "$sweep" --data data/t.csv --header no --epochs 2 --quiet
}

@test "a killed or stopped process ends all, and the same command continues" {
    long=("$sweep" --data "$(few_digits)" --train-limit 640 --val-limit 300 --epochs 20 --vary lr=0.01,0.02 --seeds 30
        --runs r.csv --threads 1 --quiet)
    for signal in KILL TERM; do
        on_rank_2 "echo \$\$ >pid"
        rm -f pid r.csv
        ranks 3 ./wrap "${long[@]}" >out 2>&1 &
        until [ "$(wc -l <r.csv)" -gt 4 ]; do sleep 0.05; done 2>/dev/null
        kill -$signal "$(cat pid)"
        run wait $!
        [ "$status" -ne 0 ]
        [ "$(wc -l <r.csv)" -lt 62 ]
    done
    rows r.csv >before
    ranks 3 "${long[@]}" >/dev/null
    [ "$(wc -l <r.csv)" -eq 62 ]
    [ -z "$(comm -13 <(rows r.csv) before)" ]
}
