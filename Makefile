# Builds, tests and installs tileprop. `make help` lists the targets.
#
# Yours to set, on the command line or in the environment: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS (they come after
# our own flags), BUILD, BIN and LIB (where things go, so that builds can lie side by side), V=1 (show commands),
# PYTHON (which one may have PyTorch, for bench-programs and tests/model/pytorch.bats), and for install: prefix exec_prefix bindir
# libdir includedir pkgconfigdir datarootdir datadir mandir bashcompletiondir zshcompletiondir DESTDIR.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BUILD := build
BIN   := bin
LIB   := $(if $(filter build,$(BUILD)),lib,$(BUILD)/lib)

PYTHON ?= python3

prefix      := /usr/local
exec_prefix  = $(prefix)
bindir       = $(exec_prefix)/bin
datarootdir  = $(prefix)/share
datadir      = $(datarootdir)
libdir       = $(exec_prefix)/lib
includedir   = $(prefix)/include
pkgconfigdir = $(libdir)/pkgconfig
mandir       = $(datarootdir)/man
bashcompletiondir = $(datarootdir)/bash-completion/completions
zshcompletiondir  = $(datarootdir)/zsh/site-functions
libdir       = $(exec_prefix)/lib
includedir   = $(prefix)/include
pkgconfigdir = $(libdir)/pkgconfig
INSTALL     := install
OBJCOPY     := objcopy

comma := ,
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# --- What this machine has ------------------------------------------------------------------------------

PKG_CONFIG := pkg-config
has = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo yes)

# Libraries as pkg-config module:Debian package; those that the library itself takes from others.
REQUIRED := libdeflate:libdeflate-dev jansson:libjansson-dev libpng:libpng-dev libxxhash:libxxhash-dev numa:libnuma-dev

PRIVATE  := jansson libxxhash numa
PRIVATE_LIBS     = $(shell $(PKG_CONFIG) --static --libs $(PRIVATE))
PRIVATE_PACKAGES = $(foreach l,$(REQUIRED),$(if $(filter $(call module,$l),$(PRIVATE)),$(call package,$l)))

module  = $(firstword $(subst :, ,$(1)))
package = $(lastword $(subst :, ,$(1)))

FOUND   := $(foreach l,$(REQUIRED),$(if $(call has,$(call module,$l)),$l))
MISSING := $(foreach l,$(filter-out $(FOUND),$(REQUIRED)),$(call module,$l) (Debian: $(call package,$l)))

# bench needs a C++ compiler and Google Benchmark; `everything` leaves it out where they are missing.
HAS_BENCHMARK := $(if $(call has,benchmark),$(shell command -v $(CXX)))

# One run of the preprocessor tells whether the compiler works, finds Random123 (headers without a pkg-config
# module) and oneDNN, which bench compares with, and, with the user's flags, makes code for x86-64: then the
# vector tiers are built.
hash  := \#
PROBE := $(shell printf '%s\n' works '$(hash)ifdef __x86_64__' x86-64 '$(hash)endif' \
           '$(hash)if __has_include(<Random123/philox.h>)' random123 '$(hash)endif' \
           '$(hash)if __has_include(<oneapi/dnnl/dnnl.h>)' onednn '$(hash)endif' \
           | $(CC) $(CPPFLAGS) $(CFLAGS) -E -P -x c - 2>/dev/null | grep -xE 'works|x86-64|random123|onednn')
X86     := $(filter x86-64,$(PROBE))
ONEDNN  := $(filter onednn,$(PROBE))
MISSING += $(if $(filter works,$(PROBE)),$(if $(filter random123,$(PROBE)),,Random123 (Debian: librandom123-dev)),\
             a C compiler called '$(CC)' (Debian: gcc))

PACKAGES_BUILD    := gcc libc6-dev pkg-config $(foreach l,$(REQUIRED),$(call package,$l)) librandom123-dev
PACKAGES_TEST     := bats binutils g++ git gnuplot-nox libbenchmark-dev libcmocka-dev libsimde-dev locales python3 python3-jinja2 python3-sklearn python3-venv qemu-user strace
PACKAGES_GUARD    := abigail-tools llvm valgrind
PACKAGES_BENCH    := fonts-dejavu-core g++ git gnuplot-nox libbenchmark-dev python3
PACKAGES_PEERS    := libblis4 libdnnl-dev libopenblas0
PACKAGES_PROGRAMS := python3-sklearn
PACKAGES_RESULTS  := fonts-dejavu-core gnuplot-nox python3 python3-jinja2
PACKAGES_REPORT   := $(PACKAGES_RESULTS) lmodern pandoc texlive-fonts-recommended texlive-latex-recommended
PACKAGES_ARM      := gcc-arm-none-eabi libnewlib-arm-none-eabi
PACKAGES_DEB      := binutils dpkg-dev
PACKAGES_MANUAL   := mandoc zsh
PACKAGES_CLANG    := clang clang-format libomp-dev libclang-rt-14-dev

# --- Sources --------------------------------------------------------------------------------------------

# Programs may read argv and the environment, print, handle signals, exit. What reads data files does not, but is no
# part of the library that other programs link. The other rooms of src/ are.
MAINS           := src/cli/export.c src/cli/predict.c src/cli/train.c
PROGRAM_SOURCES := $(sort $(wildcard src/cli/*.c))
TIERS           := reference $(if $(X86),avx2 avx512)
READER_SOURCES  := $(sort $(wildcard src/readers/*.c))
LIBRARY_SOURCES := $(sort $(filter-out $(PROGRAM_SOURCES) $(READER_SOURCES),$(wildcard src/*/*.c)) $(wildcard kernels/*.c) \
                     $(foreach t,$(TIERS),$(wildcard kernels/$t/*.c)))
TEST_SOURCES    := $(sort $(wildcard tests/*/test_*.c))
CHECK_SOURCES   := $(sort $(wildcard tests/kernels/check_*.c))
BENCH_MAINS     := bench/count.c
BENCH_SOURCES   := $(filter-out $(BENCH_MAINS) bench/loops.c $(if $(ONEDNN),,bench/onednn.c),$(sort $(wildcard bench/*.c)))
BENCH_TESTED    := call.c disturbance.c naive.c $(if $(ONEDNN),onednn.c) peers.c plain.c stream.c timing.c
MANUAL_SOURCES  := $(sort $(wildcard manual/*.c))
FUZZ_SOURCES    := $(sort $(wildcard tests/*/fuzz_*.c))
FORMATTED       := $(shell git ls-files '*.c' '*.h' '*.cc')

# Of what bench compares with; OpenBLAS and BLIS are loaded when it runs.
BENCH_LIBS := $(if $(ONEDNN),-ldnnl)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

# What bench writes around the libraries' products, for the vectors of each tier.
LOOPS := $(foreach t,baseline $(if $(X86),avx2 avx512),$(BUILD)/bench/loops-$t.o)

LIBRARY  := $(BUILD)/libtileprop.a
READERS  := $(BUILD)/libreaders.a
PROGRAM  := $(BUILD)/libprogram.a
PROGRAMS := $(MAINS:src/cli/%.c=$(BIN)/%)

# The library for other programs. Until 1.0.0 minor versions differ, so the SONAME has both numbers.
VERSION    := $(shell sed -n 's/^.define TILEPROP_VERSION "\(.*\)"/\1/p' include/tileprop/version.h)
SONAME     := libtileprop.so.$(basename $(VERSION))
SHARED     := $(LIB)/libtileprop.so.$(VERSION)
ARCHIVE    := $(LIB)/libtileprop.a

# --- Flags ----------------------------------------------------------------------------------------------

# -ffp-contract=off: the bits of a result must not depend on what the compiler chooses to fuse.
# TP_KEEP_LOOPS: unrolled tiles take minutes to compile where each load is instrumented or emulated.
KEEP_LOOPS := -DTP_KEEP_LOOPS
OWN_FLAGS  := -std=c11 -D_GNU_SOURCE -Isrc -Iinclude -I. -O2 -g -fPIC -fvisibility=hidden -ffp-contract=off $(if $(SANITIZE),$(KEEP_LOOPS)) \
             -Wall -Wextra -Wpedantic -Wshadow \
             $(if $(X86),-DTP_X86_TIERS) \
             $(shell $(PKG_CONFIG) --cflags $(foreach l,$(FOUND),$(call module,$l)) 2>/dev/null) \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
OWN_LDFLAGS := -fopenmp -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE))
OWN_LDLIBS  := $(shell $(PKG_CONFIG) --libs $(foreach l,$(FOUND),$(call module,$l)) 2>/dev/null) -lm

# What --version says, and where the installed data lies.
COMMIT  := $(or $(shell git --no-optional-locks --git-dir=.git describe --always --dirty 2>/dev/null),unknown)
PROGRAM_FLAGS = -DTP_COMMIT='"$(COMMIT)"' -DTP_DATADIR='"$(datadir)/tileprop"'

FLAGS_avx2   := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma

# All flags that compile the source $(1). Instruction sets beyond the baseline stay in their folders.
flags = $(OWN_FLAGS) \
  $(if $(filter kernels/%,$(1)),,-Wconversion) \
  $(if $(filter kernels/avx2/%,$(1)),$(FLAGS_avx2)) \
  $(if $(filter kernels/avx512/%,$(1)),$(FLAGS_avx512)) \
  $(if $(filter src/system/team.c,$(1)),-fopenmp) \
  $(if $(filter src/cli/c_header.c src/cli/plot.c,$(1)),-I$(BUILD)/src) \
  $(if $(filter tests/kernels/test_emulation.c,$(1)),-Wno-psabi) \
  $(if $(filter bench/loops.c bench/naive.c bench/stream.c,$(1)),-O3) \
  $(if $(filter bench/loops.c,$(1)),-ffp-contract=fast -fno-math-errno -fno-trapping-math) \
  $(if $(filter bench/peers.c,$(1)),$(if $(ONEDNN),-DTP_ONEDNN)) \
  $(if $(filter $(PROGRAM_SOURCES) $(MANUAL_SOURCES),$(1)),$(PROGRAM_FLAGS)) \
  $(CPPFLAGS) $(CFLAGS)

# --- Rules ----------------------------------------------------------------------------------------------

.PHONY: all
all: $(PROGRAMS) $(SHARED) $(ARCHIVE) ## build the programs in bin/ and the library in lib/; installs nothing

# A stamp holds the text that its dependants were made with; it changes only when the text does.
stamp_compile := $(shell $(CC) --version 2>/dev/null | head -n 1) $(ONEDNN) $(OWN_FLAGS) $(FLAGS_avx2) $(FLAGS_avx512) \
                 $(KEEP_LOOPS) $(CPPFLAGS) $(CFLAGS) \
                 $(shell $(CXX) --version 2>/dev/null | head -n 1) $(CXXFLAGS)
stamp_program := $(PROGRAM_FLAGS)
stamp_link    := $(OWN_LDFLAGS) $(LDFLAGS) $(OWN_LDLIBS) $(LDLIBS) $(LIBRARY_SOURCES) $(CHECK_SOURCES) \
                 $(BENCH_SOURCES) $(READER_SOURCES)

.PHONY: FORCE
$(addprefix $(BUILD)/stamp/,compile program link): $(BUILD)/stamp/%: FORCE
	@$(if $(strip $(MISSING)),echo "cannot build without: $(strip $(MISSING)); see make deps" >&2; exit 1)
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(stamp_$*))' | cmp -s - $@ || \
	 printf '%s\n' '$(subst ','\'',$(stamp_$*))' >$@

$(BUILD)/%.o: %.c $(BUILD)/stamp/compile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(call flags,$<) -MMD -MP -c -o $@ $<

$(call objects,$(PROGRAM_SOURCES) $(MANUAL_SOURCES)): $(BUILD)/stamp/program

# Templates, whose lines behind the first empty one become strings.
$(BUILD)/%.inc: %
	@mkdir -p $(@D)
	$(Q)sed '1,/^$$/d; s/["\\]/\\&/g; s/\bmodel_/@_/g; s/.*/"&",/' $< >$@
$(BUILD)/src/cli/c_header.o: $(BUILD)/src/cli/export_template.h.inc
$(BUILD)/src/cli/plot.o: $(BUILD)/src/cli/plot.gp.inc

$(LIBRARY): $(call objects,$(LIBRARY_SOURCES))
$(PROGRAM): $(call objects,$(filter-out $(MAINS),$(PROGRAM_SOURCES)))
$(READERS): $(call objects,$(READER_SOURCES))
$(LIBRARY) $(READERS) $(PROGRAM): $(BUILD)/stamp/link
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

link = $(CC) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
       $(1) $(OWN_LDLIBS) $(LDLIBS)

# What the library shares with itself alone is not visible from outside, in the archive neither. It stays when it is
# closed, since OpenMP's threads sleep on.
$(SHARED): $(LIBRARY) src/api/libtileprop.map $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -shared $(OWN_LDFLAGS) -Wl,-soname,$(SONAME) -Wl,--version-script=src/api/libtileprop.map -Wl,-z,defs -Wl,-z,nodelete \
	    $(LDFLAGS) -o $@ -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive $(shell $(PKG_CONFIG) --libs $(PRIVATE)) -lm $(LDLIBS)
	$(Q)ln -sf $(@F) $(LIB)/$(SONAME) && ln -sf $(SONAME) $(LIB)/libtileprop.so

$(ARCHIVE): $(LIBRARY)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -r --whole-archive -o $(BUILD)/tileprop.o $(LIBRARY)
	$(Q)$(OBJCOPY) --localize-hidden $(BUILD)/tileprop.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(BUILD)/tileprop.o

$(PROGRAMS): $(BIN)/%: $(BUILD)/src/cli/%.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link)

.PHONY: run
run: deps ## install what is needed, build, train 784-64-64-10 on MNIST
	$(Q)$(MAKE) all
	$(BIN)/train --threads 16 --hidden 64,64

# --- Tests ----------------------------------------------------------------------------------------------

TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES)) $(BUILD)/tests/kernels/check_kernels \
                 $(if $(SANITIZE),,$(if $(X86),$(BUILD)/tests/kernels/check_kernels_emulated))

# The programs with a say in each allocation that fails: for tests/project/faults/faults.py.
WRAPPED := malloc calloc realloc aligned_alloc strdup strndup asprintf mmap open_memstream fdopen realpath getline \
           getdelim __getdelim __sched_cpualloc libdeflate_alloc_decompressor
FAULTY  := $(patsubst $(BIN)/%,$(BUILD)/faults/%,$(PROGRAMS))

.PHONY: everything
everything: $(PROGRAMS) manual $(FAULTY) $(TEST_PROGRAMS) $(BUILD)/bench/count $(if $(HAS_BENCHMARK),$(BIN)/bench) ## build all there is, run nothing

# These look at build products and at the runner, not at what instrumented code does.
UNINSTRUMENTED := tests/api/library.bats tests/cli/manual.bats $(wildcard tests/bench/*.bats) $(addprefix tests/project/,install.bats rooms.bats run.bats)
TESTS := $(TEST_PROGRAMS) $(filter-out tests/project/memory.bats tests/project/races.bats $(if $(SANITIZE),$(UNINSTRUMENTED)),$(sort $(wildcard tests/*/*.bats)))

$(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES)): $(BUILD)/tests/%: $(BUILD)/tests/%.o
$(BUILD)/tests/kernels/check_kernels: $(call objects,$(CHECK_SOURCES))
$(BUILD)/tests/bench/test_bench: $(call objects,$(addprefix bench/,$(BENCH_TESTED))) $(LOOPS)
$(BUILD)/tests/bench/test_bench: TEST_FLAGS := -Wl,--wrap=clock_gettime

# Every tier on every x86-64 machine: the vector tiers once more, from the same sources over emulated
# intrinsics. Their multiply-adds are fused where this CPU can do that, which makes it fast. Tiles keep their
# loops: unrolled ones take four times as long to compile and are no faster here.
EMULATED_SOURCES := $(CHECK_SOURCES) $(wildcard kernels/avx2/*.c kernels/avx512/*.c)
EMULATED_TIER    := -isystem tests/kernels/emulation -Wno-psabi \
                    $(shell grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && echo -mavx2 -mfma)
emulated_flags    = $(OWN_FLAGS) $(KEEP_LOOPS) -DTP_EMULATED $(if $(filter kernels/%,$(1)),$(EMULATED_TIER)) \
                    $(CPPFLAGS) $(CFLAGS)

$(BUILD)/emulated/%.o: %.c $(BUILD)/stamp/compile
	$(call say,CC,'$< (emulated)')
	@mkdir -p $(@D)
	$(Q)$(CC) $(call emulated_flags,$<) -MMD -MP -c -o $@ $<

$(BUILD)/tests/kernels/check_kernels_emulated: $(patsubst %.c,$(BUILD)/emulated/%.o,$(EMULATED_SOURCES))

$(TEST_PROGRAMS): $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	$(Q)$(call link,$(TEST_FLAGS) -lcmocka $(BENCH_LIBS))

# The program, which also says on which memory node pages lie: for tests/schedule/numa/two-nodes.sh.
$(BUILD)/numa/train: $(BUILD)/tests/schedule/numa/witness.o $(BUILD)/src/cli/train.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link,-Wl$(comma)--wrap=tp_placement_enter$(comma)--wrap=tp_network_hash)

$(FAULTY): $(BUILD)/faults/%: $(BUILD)/src/cli/%.o $(BUILD)/tests/project/faults/allocations.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link,$(WRAPPED:%=-Wl$(comma)--wrap=%))

.PHONY: test
test: deps-test ## install what is needed, build, run all tests; last line: N passed, N failed
	$(Q)$(MAKE) check

.PHONY: check
check: $(PROGRAMS) $(FAULTY) $(if $(X86),$(BUILD)/wrong/train) $(if $(SANITIZE),,$(if $(HAS_BENCHMARK),$(BIN)/bench $(BUILD)/wrong/bench) manual) $(filter $(BUILD)/%,$(TESTS)) ## run the tests without installing anything (TESTS=... for some)
	$(Q)TP_TRAIN=$(BIN)/train TP_PREDICT=$(BIN)/predict TP_EXPORT=$(BIN)/export TP_BUILD=$(BUILD) TP_SANITIZE=$(SANITIZE) CC='$(CC)' PYTHON='$(PYTHON)' tests/run $(TESTS)

.PHONY: asan ubsan sanitize
asan: deps-test ## all tests under AddressSanitizer
	$(Q)$(MAKE) check BUILD=build/asan BIN=build/asan/bin SANITIZE=address
ubsan: deps-test ## all tests under UndefinedBehaviorSanitizer
	$(Q)$(MAKE) check BUILD=build/ubsan BIN=build/ubsan/bin SANITIZE=undefined
sanitize: deps-test ## all tests under both at once
	$(Q)$(MAKE) check BUILD=build/sanitize BIN=build/sanitize/bin SANITIZE=address,undefined

# libarcher tells ThreadSanitizer when clang's OpenMP starts and ends a team; the barriers in between are our own. (Not
# test_team: this OpenMP leaves flags of inexact results behind, which it compares.)
RACED  := build/tsan/tests/train/test_trainer build/tsan/tests/model/test_predictor tests/project/races.bats
ARCHER  = $(firstword $(wildcard /usr/lib/llvm-*/lib/libarcher.so))
.PHONY: tsan
tsan: deps-test ## what runs in several threads under ThreadSanitizer, with clang
	@[ '$(ARCHER)' ] || { echo 'tsan needs libarcher.so (Debian: libomp-dev)' >&2; exit 1; }
	$(Q)OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	    $(MAKE) check CC=clang BUILD=build/tsan BIN=build/tsan/bin SANITIZE=thread TESTS='$(RACED)'

.PHONY: memcheck
memcheck: deps-test ## training, prediction and all readers under Valgrind's memcheck
	$(Q)$(MAKE) check TESTS=tests/project/memory.bats

# Fuzzing needs clang. FUZZ_SECONDS bounds the run of each, which replays its seeds first; what crashes is left in
# build/fuzz, and what it found beside the program.
FUZZ_SECONDS := 60
FUZZERS      := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SOURCES))

$(BUILD)/tests/cli/fuzz_config $(BUILD)/tests/cli/fuzz_command: FUZZ_FLAGS := -Wl,--wrap=fopen
$(FUZZERS): %: %.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	$(Q)$(call link,-fsanitize=fuzzer $(FUZZ_FLAGS))

.PHONY: fuzz fuzz-run $(FUZZERS:=.run)
fuzz: ## fuzz the readers of files and of options for FUZZ_SECONDS each; -j: several at a time
	$(Q)$(MAKE) fuzz-run CC=clang BUILD=build/fuzz SANITIZE=address,undefined,fuzzer-no-link
fuzz-run: $(FUZZERS:=.run)
$(FUZZERS:=.run): %.run: %
	@mkdir -p $<.found
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/ -verbosity=0 $<.found \
	    $(wildcard tests/seeds/$(patsubst fuzz_%,%,$(notdir $<)))

# --- Benchmarks -----------------------------------------------------------------------------------------

BENCH_CC := $(sort $(wildcard bench/*.cc))

$(LOOPS): $(BUILD)/bench/loops-%.o: bench/loops.c $(BUILD)/stamp/compile
	$(call say,CC,'$< ($*)')
	@mkdir -p $(@D)
	$(Q)$(CC) $(call flags,$<) $(FLAGS_$*) -DLOOPS=loops_$* -MMD -MP -c -o $@ $<

$(BENCH_CC:%.cc=$(BUILD)/%.o): $(BUILD)/%.o: %.cc $(BUILD)/stamp/compile
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(filter-out -std=c11,$(OWN_FLAGS)) -Wconversion \
	    $(shell $(PKG_CONFIG) --cflags benchmark) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

BENCH_PARTS := $(BENCH_CC:%.cc=$(BUILD)/%.o) $(call objects,$(BENCH_SOURCES)) $(LOOPS) $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
link_bench   = $(call link,$(1) $(shell $(PKG_CONFIG) --libs benchmark) $(BENCH_LIBS) -lstdc++)

$(BIN)/bench: $(BENCH_PARTS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link_bench)

# Statically: what other people's libraries do differently from machine to machine is not to be counted. Without lines:
# Debian 12's Valgrind stops at clang's.
link_count = $(CC) $(CFLAGS) -static -Wl,--strip-debug $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) $(OWN_LDLIBS) $(LDLIBS)

$(BUILD)/bench/count: $(BUILD)/bench/count.o $(BUILD)/bench/call.o $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	$(Q)$(call link_count)

# The same programs with a kernel that does so many percent of its work twice: what the guards are tried with.
instead = $(foreach k,tp_forward_6x16_avx2 tp_forward_6x64_avx512,-Wl$(comma)--wrap=$k)

$(BUILD)/slow-%/forward.o: tests/bench/slow_forward.c $(BUILD)/stamp/compile
	$(call say,CC,'$< ($* %)')
	@mkdir -p $(@D)
	$(Q)$(CC) $(call flags,$<) -DTP_SLOW_PERCENT=$* -MMD -MP -c -o $@ $<

$(BUILD)/slow-%/bench: $(BUILD)/slow-%/forward.o $(BENCH_PARTS)
	$(call say,LINK,$@)
	$(Q)$(call link_bench,$(instead))

# And with one that is wrong, which bench is to find before it times anything, and train --check-gradient.
$(BUILD)/wrong/bench: $(BUILD)/tests/bench/wrong_forward.o $(BENCH_PARTS)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link_bench,$(instead))

$(BUILD)/wrong/train: $(BUILD)/tests/bench/wrong_forward.o $(BUILD)/src/cli/train.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(call link,$(instead))

$(BUILD)/slow-%/count: $(BUILD)/slow-%/forward.o $(BUILD)/bench/count.o $(BUILD)/bench/call.o $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	$(Q)$(call link_count,$(instead))

.PRECIOUS: $(BUILD)/slow-%/forward.o

.PHONY: bench bench-programs bench-plans bench-serving bench-contention bench-against bench-gate bench-instructions bench-selftest
bench: deps-bench ## install what is needed, time everything, keep and render it in results/bench
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)TP_BENCH=$(BIN)/bench bench/record.py
	$(Q)results/bench/render.py
bench-programs: deps-programs ## likewise whole programs: this one, scikit-learn, PyTorch (PYTHON=... that has it)
	$(Q)$(MAKE) $(BIN)/train $(BIN)/bench
	$(Q)TP_TRAIN=$(BIN)/train TP_BENCH=$(BIN)/bench bench/programs.py $(PYTHON) /usr/bin/python3
	$(Q)results/bench/render.py
bench-plans: deps-bench ## likewise 43 networks on the threads that are chosen, beside exactly one and two: 20 minutes
	$(Q)$(MAKE) $(BIN)/train $(BIN)/bench
	$(Q)TP_TRAIN=$(BIN)/train TP_BENCH=$(BIN)/bench bench/plans.py
	$(Q)results/bench/render.py
bench-serving: deps-bench ## predictions beside onnxruntime (PYTHON=... that has it and onnx)
	$(Q)$(MAKE) all $(BIN)/bench
	$(Q)TP_TRAIN=$(BIN)/train TP_BENCH=$(BIN)/bench CC='$(CC)' bench/serving.py $(PYTHON) $(SHARED)
	$(Q)results/bench/render.py
bench-contention: ## time threads that lack CPUs: too many, a busy CPU, a quota; two free CPUs, root for the quota
	$(Q)$(MAKE) $(BIN)/train
	$(Q)TP_TRAIN=$(BIN)/train bench/contention.py
bench-against: ## compare speed with the commit that bench/baseline names; inconclusive: exit 77
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)CC='$(CC)' CXX='$(CXX)' $(BIN)/bench --against baseline
bench-gate: ## compare speed with this machine's limit and bench/floors; inconclusive: exit 77
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)$(BIN)/bench --gate
GEMMS := $(if $(X86),$(BUILD)/kernels/avx2/gemm.o $(BUILD)/kernels/avx512/gemm.o)
RECORD := # --record

bench-instructions: ## compare instruction counts with bench/instructions; RECORD=--record rewrites it
	$(Q)$(MAKE) $(BUILD)/bench/count
	$(Q)CC='$(CC)' bench/instructions.py $(BUILD)/bench/count $(GEMMS) $(RECORD)
SELFTEST := $(BIN)/bench $(BUILD)/bench/count $(BUILD)/slow-100/bench $(BUILD)/slow-100/count
bench-selftest: ## show that the guards of speed catch a slower kernel
	$(Q)$(MAKE) $(SELFTEST)
	$(Q)bench/selftest $(SELFTEST)

# --- Experiments ----------------------------------------------------------------------------------------

ITEMS := 2a 2b 2c 3 3a 3b 3c 4a 4b 4c 4d 4e

.PHONY: results results-widths $(ITEMS:%=results-%) report
results: deps-results ## install what is needed, repeat all experiments, five seeds each, and their plots and report
	$(Q)$(MAKE) all
	$(Q)TP_TRAIN=$(BIN)/train results/reproduce.py
	$(Q)results/render.py
$(ITEMS:%=results-%): results-%: deps-results # one of them
	$(Q)$(MAKE) all
	$(Q)TP_TRAIN=$(BIN)/train results/reproduce.py $*
	$(Q)results/render.py
results-widths: deps-results ## the same for hidden layers of 256, 512 and 1024 units
	$(Q)$(MAKE) all
	$(Q)TP_TRAIN=$(BIN)/train results/reproduce.py widths/256 widths/512 widths/1024
	$(Q)results/render.py
report: deps-report ## install what is needed, make results/report.pdf of the results that are there
	$(Q)results/render.py
	$(Q)results/pdf/build

# --- Manual pages and completion -------------------------------------------------------------------------

DESCRIBE := $(BUILD)/manual/describe
DATE      = $(or $(shell git --git-dir=.git log -1 --date='format:%B %-d, %Y' --format=%cd 2>/dev/null),January 1, 1970)
EPOCH     = $(or $(shell git --git-dir=.git log -1 --format=%ct 2>/dev/null),0)

$(DESCRIBE): $(call objects,$(MANUAL_SOURCES)) $(BUILD)/bench/bench_command.o $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
	$(call say,LINK,$@)
	$(Q)$(call link)

$(BUILD)/manual/%.1: $(DESCRIBE)
	$(Q)$(DESCRIBE) $* page '$(DATE)' >$@
$(BUILD)/manual/%.bash: $(DESCRIBE)
	$(Q)$(DESCRIBE) $* bash >$@
$(BUILD)/manual/%.zsh: $(DESCRIBE)
	$(Q)$(DESCRIBE) $* zsh >$@

.PHONY: manual
MANUAL = $(foreach p,$(1),$(foreach e,1 bash zsh,$(BUILD)/manual/tileprop-$p.$e))
manual: $(call MANUAL,$(notdir $(PROGRAMS)) bench) ## make manual pages and completion in build/manual

# --- Install --------------------------------------------------------------------------------------------

DATA    := $(wildcard data/mnist/*)
SHIPPED := $(notdir $(PROGRAMS) $(wildcard $(BIN)/bench))

man1dir  = $(mandir)/man1
man3dir  = $(mandir)/man3
mnistdir = $(datadir)/tileprop/mnist
headersdir = $(includedir)/tileprop

# All that is installed, as FOLDER:MODE:FILE:NAME, the folder being a variable.
INSTALLED := $(foreach p,$(SHIPPED),bindir:755:$(BIN)/$p:tileprop-$p \
               man1dir:644:$(BUILD)/manual/tileprop-$p.1:tileprop-$p.1 \
               bashcompletiondir:644:$(BUILD)/manual/tileprop-$p.bash:tileprop-$p \
               zshcompletiondir:644:$(BUILD)/manual/tileprop-$p.zsh:_tileprop-$p) \
             libdir:755:$(SHARED):$(notdir $(SHARED)) libdir:644:$(ARCHIVE):$(notdir $(ARCHIVE)) \
             pkgconfigdir:644:$(BUILD)/tileprop.pc:tileprop.pc \
             $(foreach h,$(wildcard include/tileprop/*.h),headersdir:644:$h:$(notdir $h)) \
             man3dir:644:manual/tileprop.3:tileprop.3 \
             $(foreach d,$(DATA),mnistdir:644:$d:$(notdir $d))
# And the folders that are ours alone, innermost first.
OWN_FOLDERS = '$(DESTDIR)$(headersdir)' '$(DESTDIR)$(mnistdir)' '$(DESTDIR)$(datadir)/tileprop'

part      = $(word $(1),$(subst :, ,$(2)))
installed = '$(DESTDIR)$($(call part,1,$(1)))/$(call part,4,$(1))'
define install_one
	$(INSTALL) -D -m $(call part,2,$(1)) $(call part,3,$(1)) $(call installed,$(1))

endef

# For the linker's default folders pkg-config leaves -L and -I out by itself. Modules in Requires.private would have
# to be there for those who link the shared library too.
PKG_CONFIG_FILE := $(BUILD)/tileprop.pc
$(PKG_CONFIG_FILE): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(prefix)' 'libdir=$(libdir)' 'includedir=$(includedir)' '' 'Name: tileprop' \
	    'Description: trains multi-layer perceptrons on the CPU and uses them' 'Version: $(VERSION)' \
	    'Libs: -L$${libdir} -ltileprop' 'Libs.private: $(PRIVATE_LIBS) -fopenmp -lm' 'Cflags: -I$${includedir}' >$@

.PHONY: install uninstall
install: $(foreach i,$(INSTALLED),$(call part,3,$i)) ## install programs, library, manual pages, completion and data below prefix (DESTDIR honoured)
	$(foreach i,$(INSTALLED),$(call install_one,$i))
	ln -sf $(notdir $(SHARED)) '$(DESTDIR)$(libdir)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(libdir)/libtileprop.so'
uninstall: ## remove what install installed
	rm -f $(foreach i,$(INSTALLED),$(call installed,$i)) '$(DESTDIR)$(libdir)/$(SONAME)' '$(DESTDIR)$(libdir)/libtileprop.so'
	-rmdir $(OWN_FOLDERS)

# A package of its own build, since the folders are compiled into the programs.
DEB      := $(BUILD)/deb
MULTIARCH = $(shell $(CC) -print-multiarch)

.PHONY: deb deb-package
deb: deps-deb ## install what is needed, make a Debian package in build/deb
	$(Q)$(MAKE) deb-package
deb-package:
	$(Q)rm -rf $(DEB)/tree
	$(Q)$(MAKE) install BUILD=$(DEB) BIN=$(DEB)/bin LIB=$(DEB)/lib DESTDIR=$(abspath $(DEB))/tree prefix=/usr exec_prefix=/usr \
	    libdir=/usr/lib/$(MULTIARCH) zshcompletiondir=/usr/share/zsh/vendor-completions >/dev/null
	$(Q)packaging/deb $(DEB)/tree $(VERSION) $(EPOCH) $(PRIVATE_PACKAGES)

# --- The rest -------------------------------------------------------------------------------------------

.PHONY: deps deps-deb deps-test deps-bench deps-programs deps-results deps-report
deps: ## install what building needs (Debian; prints the list first)
	$(Q).ci/deps '$(PACKAGES_BUILD)' ''
deps-deb: ## install what the Debian package needs
	$(Q).ci/deps '$(PACKAGES_BUILD) $(PACKAGES_DEB)' ''
deps-test: ## install what testing needs
	$(Q).ci/deps '$(PACKAGES_BUILD) $(PACKAGES_TEST)' '$(PACKAGES_CLANG) $(PACKAGES_GUARD) $(PACKAGES_PEERS) $(PACKAGES_ARM) $(PACKAGES_MANUAL) $(PACKAGES_DEB)'
deps-results: ## install what the experiments need
	$(Q).ci/deps '$(PACKAGES_BUILD) $(PACKAGES_RESULTS)' ''
deps-report: ## install what the report as PDF needs
	$(Q).ci/deps '$(PACKAGES_REPORT)' ''
deps-bench: ## install what benchmarks compare with
	$(Q).ci/deps '$(PACKAGES_BUILD) $(PACKAGES_BENCH)' '$(PACKAGES_PEERS)'
deps-programs: ## install the programs that Debian has among those to compare with
	$(Q).ci/deps '$(PACKAGES_BUILD) $(PACKAGES_BENCH)' '$(PACKAGES_PROGRAMS)'

# One entry per source, made from the same flags as the rules.
SOURCES := $(LIBRARY_SOURCES) $(READER_SOURCES) $(PROGRAM_SOURCES) $(TEST_SOURCES) $(CHECK_SOURCES) $(BENCH_SOURCES) $(BENCH_MAINS) $(FUZZ_SOURCES) $(MANUAL_SOURCES)
json  = $(subst ",\",$(subst \,\\,$(1)))
entry = {"directory": "$(CURDIR)", "file": "$(1)", "command": "$(call json,$(strip $(CC) $(call flags,$(1)) -c $(1)))"}

compile_commands.json: FORCE ## for clangd and clang-tidy
	$(file >$@,[$(call entry,$(firstword $(SOURCES))))
	$(foreach s,$(filter-out $(firstword $(SOURCES)),$(SOURCES)),$(file >>$@,$(comma)$(call entry,$s)))
	$(file >>$@,])
	$(call say,GEN,$@)

.PHONY: format check-format
format: ## format all C files with clang-format
	clang-format -i $(FORMATTED)
check-format: ## fail where clang-format would change a file
	clang-format --dry-run -Werror $(FORMATTED)

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BUILD) $(BIN) $(LIB) compile_commands.json

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 26

-include $(BENCH_CC:%.cc=$(BUILD)/%.d) $(LOOPS:.o=.d) $(patsubst %.c,$(BUILD)/%.d,$(SOURCES)) $(patsubst %.c,$(BUILD)/emulated/%.d,$(EMULATED_SOURCES))
