# Exported models compile everywhere and give the same bits as predict.

# shellcheck disable=SC2154 # find_programs sets root and the programs

bats_require_minimum_version 1.5.0
load ../programs

setup() {
    find_programs
    cd "$BATS_TEST_TMPDIR" || return
    mnist=$root/data/mnist
    digits=$(few_digits)
}

strict=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -O2)

# build OUTPUT COMPILER...: a program that predicts with model.h.
build() {
    local output=$1
    shift
    "$@" "${strict[@]}" -DNAME=model -include model.h -o "$output" "$root/tests/cli/export/rows.c" -lm
}

# exported TRAIN-OPTIONS...: trains model.safetensors, exports it to model.h.
exported() {
    "$train" --quiet --save model.safetensors "$@" >log
    "$export_model" model.safetensors --c model.h
}

# rows FILE: predict's rows without header and labels, whose digits tell floats apart.
rows() {
    sed '1d; s/^\([0-9]*\),[^,]*,/\1,/' "$1"
}

agrees_on_images() { # with predict, on 200 images
    "$predict" model.safetensors --data "$digits" --limit 200 --output rows.csv >log
    rows rows.csv >expected
    [ "$(wc -l <expected)" -eq 200 ]
    "$root/tests/cli/export/samples.py" images "$mnist/t10k-images-idx3-ubyte.gz" 200 >samples
    "$@" samples | cmp - expected
}

@test "an exported model has the bits of predict for every activation, bias setting and normalization" {
    for options in "20,30 --activation sigmoid" "20,30 --activation lecun-tanh" \
        "20,30 --activation tanh --bias all --normalize unit" "20,30 --activation relu --bias all --normalize feature" \
        "40 --activation sigmoid --init uniform --normalize none" "none --bias none" \
        "40 --normalize scale"; do
        echo "$options"
        # shellcheck disable=SC2086 # several options
        exported --data "$digits" --epochs 1 --train-limit 2000 --hidden $options
        build rows "${CC:-cc}" -std=c99
        agrees_on_images ./rows
    done
}

people='age,city,income,class
30,Oslo,1.5,a
,"Bø ""?? *",2.5,b
41,Oslo,,"c, d"
22,Tromsø,0.25,a
35,"Bø ""?? *",-3,b
60,Tromsø,1e-3,"c, d"'

@test "the features of a table have names, and NaN means missing" {
    echo "$people" >people.csv
    exported --data people.csv --missing mean --hidden 5 --epochs 20 --val-data people.csv
    build rows "${CC:-cc}" -std=c99 -DFEATURE_NAMES
    ./rows >names
    printf '%s\n' age city=Oslo 'city=Bø "?? *' city=Tromsø income | sort | diff - <(sort names)
    "$root/tests/cli/export/samples.py" table people.csv names >samples
    "$predict" model.safetensors --data people.csv --output rows.csv >log
    sed 's/,"c, d"/,c/; s/,"c, d"/,c; d/; 1d; s/^\([0-9]*\),[^,]*,/\1,/' rows.csv >expected
    ./rows samples | sed 's/,c, d/,c; d/' | cmp - expected
}

# constants NAME: those of model.h, one a line.
constants() {
    sed -n "/ model_$1\[/,/;/p" model.h | sed 1d | tr -d ' };' | tr , '\n' | grep .
}

@test "the shift is added to each value, or for features with many zeros to the sums" {
    awk 'BEGIN { print "x,y,z,class"; for (i = 0; i < 60; i++) print 1 + i % 7 "," i % 4 * 3 "," (i % 9 ? 2 : 0) + i ",c" i % 2 }' >some.csv
    exported --data some.csv --hidden 20 --epochs 5 --val-data some.csv
    build rows "${CC:-cc}" -std=c99
    [ "$(constants shift | grep -nx '0\.0f')" = 2:0.0f ]
    [ "$(constants start | grep -cvx '0\.0f')" -eq 20 ]
    "$predict" model.safetensors --data some.csv --output rows.csv >log
    rows rows.csv >expected
    printf 'x\ny\nz\n' >names
    "$root/tests/cli/export/samples.py" table some.csv names >samples
    ./rows samples | cmp - expected

    # in files of the first version no feature is split
    "$root/tests/cli/export/replace.py" model.safetensors input.split 0 0 0
    "$export_model" model.safetensors --c model.h
    [ "$(constants shift | grep -cx '0\.0f')" -eq 0 ]
    [ "$(constants start | grep -cvx '0\.0f')" -eq 0 ]
    build rows "${CC:-cc}" -std=c99
    "$predict" model.safetensors --data some.csv --output rows.csv >log
    rows rows.csv | cmp - <(./rows samples)
}

@test "samples that cannot be predicted have class 65535 and no probabilities" {
    echo "$people" >people.csv
    exported --data people.csv --missing mean --hidden 5 --epochs 20 --val-data people.csv
    echo '#include "model.h"
        #include <stdio.h>
        int main(void)
        {
            const float values[] = {INFINITY, -INFINITY, NAN, 0.0f};
            float in[model_features] = {0}, p[model_classes];
            for (int i = 0; i < 4; i++) {
                in[0] = values[i];
                const int none = model_predict(in, p) == 65535;
                printf("%d %d\n", none, isnan(p[0]) != 0);
            }
            return 0;
        }' >missing.c
    "${CC:-cc}" "${strict[@]}" -std=c99 -o missing missing.c -lm
    [ "$(./missing)" = $'1 1\n1 1\n0 0\n0 0' ]
}

@test "a header does not compile with -ffast-math" {
    exported --data "$digits" --epochs 1 --train-limit 100 --hidden 4
    for flag in -ffast-math -ffinite-math-only; do
        run build rows "${CC:-cc}" -std=c99 $flag
        [ "$status" -ne 0 ]
        [[ $output == *"#error"*"-ffast-math"* ]]
    done
}

@test "with 40 classes softmax sums in the library's order" {
    awk 'BEGIN { print "x,y,class"; for (i = 0; i < 400; i++) print sin(i) "," cos(7 * i) ",c" i % 40 }' >many.csv
    exported --data many.csv --hidden 10 --epochs 2 --val-data many.csv
    build rows "${CC:-cc}" -std=c99
    "$predict" model.safetensors --data many.csv --output rows.csv >log
    rows rows.csv >expected
    printf 'x\ny\n' >names
    "$root/tests/cli/export/samples.py" table many.csv names >samples
    ./rows samples | cmp - expected
}

@test "headers compile as C99, C11 and C++11 with gcc and clang, without a warning" {
    echo "$people" >people.csv
    exported --data people.csv --missing mean --hidden 5,4 --epochs 1 --val-data people.csv
    mv model.h people.h
    exported --data "$digits" --hidden 8 --epochs 1 --train-limit 100
    "$export_model" model.safetensors --c digits.h --name digits
    echo '#include "people.h"
        #include "digits.h"
        int main(void)
        {
            const float in[model_features] = {0}, image[digits_features] = {0};
            float p[model_classes], q[digits_classes];
            return (int)(model_predict(in, p) + digits_predict(image, q)) < 0;
        }' >both.c
    tried=0
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for standard in "-std=c99" "-std=c11" "-x c++ -std=c++11"; do
            # shellcheck disable=SC2086 # several options
            $compiler $standard "${strict[@]}" -o both both.c -lm
            ./both
            tried=$((tried + 1))
        done
    done
    echo "$tried"
    [ "$tried" -ge 3 ]
    [ "$(grep -h '#include' model.h people.h digits.h | sort -u)" = $'#include <math.h>\n#include <stddef.h>' ]
}

arm() { # the compiler, for a CPU with these flags
    arm-none-eabi-gcc -std=c99 -mthumb -mfloat-abi=hard "$@"
}

have_arm() {
    command -v arm-none-eabi-gcc >/dev/null || skip "no arm-none-eabi-gcc (Debian: gcc-arm-none-eabi)"
    echo '#include <math.h>' | arm-none-eabi-gcc -E - >log || skip "no C library for arm-none-eabi (Debian: libnewlib-arm-none-eabi)"
}

@test "a Cortex-M4 needs the model's bytes and less than 2000 more, and no heap" {
    have_arm
    exported --data "$digits" --hidden 64 --epochs 1 --train-limit 100
    "$export_model" model.safetensors --c model.h
    printf 'size_t f(const float *in, float *p);\nsize_t f(const float *in, float *p) { return model_predict(in, p); }\n' >f.c
    arm -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 "${strict[@]}" -include model.h -c f.c
    constants=$((4 * (784 * 64 + 2 * 64 + 64 * 10 + 2 * 784)))
    bytes=$(arm-none-eabi-size f.o | awk 'NR == 2 { print $1 + $2 + $3 }')
    echo "$bytes bytes, of which $constants are the model's"
    [ $((bytes - constants)) -gt 0 ]
    [ $((bytes - constants)) -lt 2000 ]
    arm-none-eabi-objdump -d f.o | grep -q 'vfma\.f32'
    arm-none-eabi-nm -u f.o
    [ "$(arm-none-eabi-nm -u f.o | awk '{ print $2 }' | grep -vxE 'ldexpf|memset')" = "" ]
}

# QEMU runs no program for a Cortex-M under semihosting without a whole system; an A7 has the same instructions for
# floats, and this the same C library.
@test "on an Arm CPU with newlib, predictions have the same bits" {
    have_arm
    command -v qemu-arm >/dev/null || skip "no qemu-arm (Debian: qemu-user)"
    exported --data "$mnist" --hidden 64 --epochs 1
    build rows arm -mcpu=cortex-a7 -mfpu=vfpv4 --specs=rdimon.specs
    agrees_on_images qemu-arm -cpu cortex-a7 rows
}

# Of two equal logits one begins with a product below FLT_MIN, which the library takes as 0. Behind it stands the
# square of 1 + 2^-12, which lies half-way between two floats, times 64: a last bit, 2^-17, and so 2^-19 of a
# probability of 1/2.
@test "sums that begin below FLT_MIN differ by no more than the derived bound" {
    printf 'x,y,class\n0,1,a\n1,0,b\n0,1,a\n1,0,b\n' >two.csv
    exported --data two.csv --val-data two.csv --hidden none --bias none --normalize none --epochs 1
    "$root/tests/cli/export/replace.py" model.safetensors layers.0.weight 0x1p-126 0x1.001p6 0 0x1.001p6
    "$export_model" model.safetensors --c model.h
    build rows "${CC:-cc}" -std=c99
    printf 'x,y\n0.5,1.000244140625\n' >sample.csv
    printf 'x\ny\n' >names
    "$root/tests/cli/export/samples.py" table sample.csv names >samples
    library=$("$predict" model.safetensors --data sample.csv | sed -n '2s/.*,//p')
    header=$(./rows samples | sed 's/.*,//')
    echo "$library $header"
    [ "$library" = 0.5 ]
    # K = 2 products and no bias; S = 64 (1 + 2^-12)^2; a probability changes by at most half of what a logit does.
    awk -v a="$library" -v b="$header" 'BEGIN {
        bound = 3 * (2^-22 * 64 * (1 + 2^-12)^2 + 2^-125) / 2
        difference = a > b ? a - b : b - a
        exit !(difference > 0 && difference <= bound)
    }'
}

@test "subnormal weights become zeros, as in the library" {
    printf 'x,y,class\n0,1,a\n1,0,b\n0,1,a\n1,0,b\n' >two.csv
    exported --data two.csv --val-data two.csv --hidden none --bias none --normalize none --epochs 1
    "$root/tests/cli/export/replace.py" model.safetensors layers.0.weight 0x1p-140 1 -0x1.fffffep-1 2
    "$export_model" model.safetensors --c model.h
    grep -A 1 'weight_0\[4\]' model.h | grep -qF '0.0f, 1.0f, -0.99999994f, 2.0f}'
}

@test "errors are refused, and nothing is written" {
    "$train" --quiet --data "$digits" --hidden 2 --epochs 1 --train-limit 32 --val-limit 32 --save model.safetensors >log
    refused_by export "$export_model" 2 'model ... train --save' --c model.h
    refused_by export "$export_model" 2 '--c ... FILE.h' model.safetensors
    for name in 1st a-b _x 'a b' é "$(printf 'a%.0s' {1..32})"; do
        refused_by export "$export_model" 2 '--name: ... letter ... digits ... _' model.safetensors --c model.h --name "$name"
    done
    refused_by export "$export_model" 3 'no.safetensors' no.safetensors --c model.h
    refused_by export "$export_model" 1 '--c: none/model.h' model.safetensors --c none/model.h
    refused_by export "$export_model" 2 '--see: ... option' model.safetensors --see model.h
    [ ! -e model.h ]
    [ "$(find . -name 'model.h*')" = "" ]
    "$export_model" --help | grep -q '^Usage: export MODEL --c FILE.h'
    "$export_model" --version | grep -q '^tileprop '
}

@test "a full disk is an error, and the previous file stays" {
    "$train" --quiet --data "$digits" --hidden 64 --epochs 1 --train-limit 32 --val-limit 32 --save model.safetensors >log
    echo before >model.h
    (ulimit -f 8 && refused_by export "$export_model" 1 'model.h: File too large' model.safetensors --c model.h)
    [ "$(cat model.h)" = before ]
    "$export_model" model.safetensors --c model.h
    cp model.h first.h
    "$export_model" model.safetensors --c model.h
    cmp model.h first.h
}
