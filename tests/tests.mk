# Tests: plain, under sanitizers, under Valgrind, and fuzzing. tests/README.md describes them.

TEST_SOURCES  := $(wildcard tests/*/test_*.c)
CHECK_SOURCES := $(wildcard tests/kernels/check_*.c)
FUZZ_SOURCES  := $(wildcard tests/*/fuzz_*.c)

PACKAGES_TEST   := bats binutils g++ git gnuplot-nox libbenchmark-dev libcmocka-dev libsimde-dev locales python3 python3-jinja2 \
                   python3-matplotlib python3-numpy python3-sklearn python3-venv qemu-user strace
PACKAGES_GUARD  := abigail-tools llvm valgrind
PACKAGES_ARM    := gcc-arm-none-eabi libnewlib-arm-none-eabi
PACKAGES_MANUAL := mandoc zsh
PACKAGES_MPI    := libopenmpi-dev openmpi-bin
PACKAGES_CLANG  := clang clang-format libomp-dev libclang-rt-dev

.PHONY: deps-test
deps-test: ## install test dependencies
	$(call deps,$(PACKAGES_TEST),$(PACKAGES_CLANG) $(PACKAGES_GUARD) $(PACKAGES_PEERS) $(PACKAGES_ARM) $(PACKAGES_MANUAL) $(PACKAGES_MPI) $(PACKAGES_DEB))

# --- Test programs --------------------------------------------------------------------------------------

TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES)) $(BUILD)/tests/kernels/check_kernels \
                 $(if $(BENCHMARK),$(BUILD)/tests/bench/test_bench) \
                 $(if $(SANITIZE),,$(if $(VECTOR_TIERS),$(BUILD)/tests/kernels/check_kernels_emulated))

FLAGS_tests/kernels/test_emulation.c := -Wno-psabi

$(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES)): $(BUILD)/tests/%: $(BUILD)/tests/%.o
$(BUILD)/tests/kernels/check_kernels: $(call objects,$(CHECK_SOURCES))
$(BUILD)/tests/bench/test_bench: $(BUILD)/tests/bench/test_bench.cc.o $(BENCH)
$(BUILD)/tests/bench/test_bench: TEST_FLAGS := -Wl,--wrap=clock_gettime $(BENCH_LIBS)

# The vector tiers compiled again from the same sources with emulated intrinsics, to test every tier on every x86-64
# machine. The emulation uses this CPU's FMA if it has it, for speed. Tiles keep their loops: unrolling them slows
# compilation and gains nothing here.
EMULATED_SOURCES := $(CHECK_SOURCES) $(foreach t,$(VECTOR_TIERS),$(wildcard kernels/$t/*.c))
EMULATED_TIER    := -isystem tests/kernels/emulation -Wno-psabi $(HOST_FMA)

$(BUILD)/emulated/%.o: %.c $(BUILD)/stamp/compile
	$(call compile,$(OWN_FLAGS) $(KEEP_LOOPS) -DTP_EMULATED $(if $(filter kernels/%,$<),$(EMULATED_TIER)) $(CPPFLAGS) $(CFLAGS), (emulated))

$(BUILD)/tests/kernels/check_kernels_emulated: $(patsubst %.c,$(BUILD)/emulated/%.o,$(EMULATED_SOURCES))

$(TEST_PROGRAMS): $(COMMON)
	$(call link,$(TEST_FLAGS) -lcmocka)

# train, which also prints the memory node of each page: for tests/schedule/numa/two-nodes.sh.
$(BUILD)/numa/train: $(BUILD)/tests/schedule/numa/witness.o $(BUILD)/src/cli/train.o $(COMMON)
	$(call link,-Wl$(comma)--wrap=tp_placement_enter$(comma)--wrap=tp_network_hash)

# The programs with allocations that can be made to fail: for tests/project/faults/faults.py.
WRAPPED := malloc calloc realloc aligned_alloc strdup strndup asprintf __asprintf_chk mmap open_memstream fdopen realpath __realpath_chk \
           getline getdelim __getdelim __sched_cpualloc libdeflate_alloc_decompressor
FAULTY  := $(patsubst $(BIN)/%,$(BUILD)/faults/%,$(PROGRAMS))

$(FAULTY): $(BUILD)/faults/%: $(BUILD)/src/cli/%.o $(BUILD)/tests/project/faults/allocations.o $(COMMON)
	$(call link,$(WRAPPED:%=-Wl$(comma)--wrap=%))

-include $(wildcard $(addprefix $(BUILD)/,tests/*/*.d tests/*/*/*.d emulated/tests/*/*.d emulated/kernels/*/*.d))

# --- Runs -----------------------------------------------------------------------------------------------

.PHONY: everything test check
everything: $(PROGRAMS) manual $(FAULTY) $(BUILD)/numa/train $(TEST_PROGRAMS) $(if $(BENCHMARK),$(BIN)/bench) ## build everything, run nothing

# Excluded from sanitizer runs: tests of build products, of the test runner and of whole runs' results, which
# gain nothing from instrumentation, and tests under MPI, which leaks memory and takes minutes.
UNINSTRUMENTED := tests/api/library.bats tests/cli/manual.bats tests/cli/sweep_ranks.bats tests/cli/train_ranks.bats tests/kernels/new-tier.bats tests/train/accuracy.bats \
                  $(wildcard tests/bench/*.bats) $(addprefix tests/project/,build.bats course.bats install.bats call_stack.bats results.bats rooms.bats run.bats)
# The longest start first: started last, one would run alone at the end.
LONGEST := $(addprefix tests/,project/faults.bats model/checkpoint.bats api/library.bats train/accuracy.bats \
             readers/tables.bats cli/train.bats project/install.bats cli/surroundings.bats verify/check-gradient.bats)
BATS    := $(filter-out $(LONGEST) tests/project/memory.bats tests/project/races.bats,$(wildcard tests/*/*.bats))
TESTS   := $(filter-out $(if $(SANITIZE),$(UNINSTRUMENTED)),$(LONGEST) $(TEST_PROGRAMS) $(BATS))

test: deps-test ## install dependencies, build, run all tests; last line: N passed, N failed
	$(Q)$(MAKE) check
check: $(PROGRAMS) $(FAULTY) $(if $(VECTOR_TIERS),$(BUILD)/wrong/train) $(if $(SANITIZE),,$(if $(BENCHMARK),$(BIN)/bench $(BUILD)/wrong/bench) manual) $(filter $(BUILD)/%,$(TESTS)) ## run the tests without installing anything (TESTS=... for some)
	$(Q)TP_TRAIN=$(BIN)/train TP_PREDICT=$(BIN)/predict TP_SWEEP=$(BIN)/sweep TP_EXPORT=$(BIN)/export TP_BUILD=$(BUILD) TP_SANITIZE=$(SANITIZE) CC='$(CC)' PYTHON='$(PYTHON)' tests/run $(TESTS)

.PHONY: asan ubsan sanitize
asan: deps-test ## all tests under AddressSanitizer
	$(Q)$(MAKE) check BUILD=build/asan BIN=build/asan/bin SANITIZE=address
ubsan: deps-test ## all tests under UndefinedBehaviorSanitizer
	$(Q)$(MAKE) check BUILD=build/ubsan BIN=build/ubsan/bin SANITIZE=undefined
sanitize: deps-test ## all tests under both at once
	$(Q)$(MAKE) check BUILD=build/sanitize BIN=build/sanitize/bin SANITIZE=address,undefined

# libarcher tells ThreadSanitizer when clang's OpenMP starts and ends a team; the barriers in between are our own.
# test_team is excluded: it compares floating-point exception flags, and this OpenMP leaves the inexact flag set.
RACED  := $(patsubst %,build/tsan/tests/%,network/test_plan train/test_trainer model/test_predictor) tests/project/races.bats
ARCHER  = $(firstword $(wildcard /usr/lib/llvm-*/lib/libarcher.so))
.PHONY: tsan
tsan: deps-test ## multithreaded tests under ThreadSanitizer, with clang
	@[ '$(ARCHER)' ] || { echo 'tsan needs libarcher.so (Debian: libomp-dev)' >&2; exit 1; }
	$(Q)OMP_TOOL_LIBRARIES=$(ARCHER) TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	    $(MAKE) check CC=clang BUILD=build/tsan BIN=build/tsan/bin SANITIZE=thread TESTS='$(RACED)'

.PHONY: memcheck
memcheck: deps-test ## training, prediction and all readers under Valgrind's memcheck
	$(Q)$(MAKE) check TESTS=tests/project/memory.bats

# Fuzzing needs clang. FUZZ_SECONDS limits each target's run, which replays its seeds first. Crashing inputs are written
# to build/fuzz, and the corpus to NAME.found next to each program.
FUZZ_SECONDS := 60
FUZZERS      := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SOURCES))

$(BUILD)/tests/cli/fuzz_config $(BUILD)/tests/cli/fuzz_command: FUZZ_FLAGS := -Wl,--wrap=fopen
$(FUZZERS): %: %.o $(COMMON)
	$(call link,-fsanitize=fuzzer $(FUZZ_FLAGS))

.PHONY: fuzz fuzz-run $(FUZZERS:=.run)
fuzz: ## fuzz the readers of files and options for FUZZ_SECONDS each; -j: several at once
	$(Q)$(MAKE) fuzz-run CC=clang BUILD=build/fuzz SANITIZE=address,undefined,fuzzer-no-link
fuzz-run: $(FUZZERS:=.run)
$(FUZZERS:=.run): %.run: %
	@mkdir -p $<.found
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/ -verbosity=0 $<.found \
	    $(wildcard tests/seeds/$(patsubst fuzz_%,%,$(notdir $<)))
