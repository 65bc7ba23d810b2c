#!/usr/bin/env bats
# The data sets that ship with the project are as their README files say.

setup() {
    cd "${TP_DATA:-$BATS_TEST_DIRNAME/../../data}/mnist"
}

@test "mnist: the files match SHA256SUMS, which names each of them" {
    sha256sum --check --strict --quiet SHA256SUMS
    [ "$(awk '{ print $2 }' SHA256SUMS)" = "$(LC_ALL=C ls -- *.gz)" ]
    [ "$(wc -l <SHA256SUMS)" -eq 4 ]
}

@test "mnist: unpacked, they match sizes and MD5 sums of the README" {
    files=0
    while IFS='|' read -r _ name _ size md5 _; do
        [ "$(gunzip -c "$name" | wc -c)" = "$size" ]
        [ "$(gunzip -c "$name" | md5sum)" = "$md5  -" ]
        files=$((files + 1))
    done < <(grep -- '-ubyte.gz`' README.md | tr -d '`, ')
    [ "$files" -eq 4 ]
}
