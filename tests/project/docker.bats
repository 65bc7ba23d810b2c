#!/usr/bin/env bats
# The image of the Dockerfile, with docker or podman.

bats_require_minimum_version 1.5.0
load ../programs

@test "docker build, docker run: trains to the bits of README, predicts, exports and sweeps, not as root" {
    local engine=docker
    docker info >/dev/null 2>&1 || engine=podman
    "$engine" info >/dev/null 2>&1 || skip "needs docker and its daemon, or podman"
    "$engine" pull -q docker.io/library/debian:12-slim >/dev/null || skip "no image debian:12-slim from docker.io"
    find_programs
    "$engine" build -q -t tileprop-test "$root"

    local here=$BATS_TEST_TMPDIR
    chmod 777 "$here"
    tileprop() { "$engine" run --rm -v "$here:/work" tileprop-test "$@"; }
    run tileprop train --hidden 64,64 --save m.safetensors --quiet
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q 'weights  *f58d9f8c910728a1' <<<"$output" # what README says of this network
    tileprop predict m.safetensors
    tileprop export m.safetensors --c m.h
    tileprop sweep --vary hidden=4,8 --train-limit 200 --epochs 1
    "$engine" rmi tileprop-test
    [ "$(stat -c %u "$here/m.h")" -ne 0 ]
}
