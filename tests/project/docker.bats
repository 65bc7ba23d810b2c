#!/usr/bin/env bats
# The Dockerfile's image trains.

bats_require_minimum_version 1.5.0
load ../programs

@test "docker build, docker run: the weights are those of bin/train" {
    docker info >/dev/null 2>&1 || skip "no docker daemon to talk to"
    find_programs
    docker build -q -t tileprop-test "$root"
    run docker run --rm tileprop-test train --hidden 64,64 --epochs 1 --quiet
    docker rmi tileprop-test
    echo "$output"
    [ "$status" -eq 0 ]
    "$train" --hidden 64,64 --epochs 1 --quiet | grep ^weights | diff - <(grep ^weights <<<"$output")
}
