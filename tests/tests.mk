# Tests, and what runs them: as they are, under sanitizers, under Valgrind, and fuzzed. tests/README.md says more.

TEST_SOURCES  := $(wildcard tests/*/test_*.c)
CHECK_SOURCES := $(wildcard tests/kernels/check_*.c)
FUZZ_SOURCES  := $(wildcard tests/*/fuzz_*.c)

PACKAGES_TEST   := bats binutils g++ git gnuplot-nox libbenchmark-dev libcmocka-dev libsimde-dev locales python3 python3-jinja2 \
                   python3-matplotlib python3-numpy python3-sklearn python3-venv qemu-user strace
PACKAGES_GUARD  := abigail-tools llvm valgrind
PACKAGES_ARM    := gcc-arm-none-eabi libnewlib-arm-none-eabi
PACKAGES_MANUAL := mandoc zsh
PACKAGES_MPI    := libopenmpi-dev openmpi-bin
PACKAGES_CLANG  := clang clang-format libomp-dev libclang-rt-14-dev

.PHONY: deps-test
deps-test: ## install what testing needs
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

# Every tier on every x86-64 machine: the vector tiers once more, from the same sources over emulated
# intrinsics. Their multiply-adds are fused where this CPU can do that, which makes it fast. Tiles keep their
# loops: unrolled ones take four times as long to compile and are no faster here.
EMULATED_SOURCES := $(CHECK_SOURCES) $(foreach t,$(VECTOR_TIERS),$(wildcard kernels/$t/*.c))
EMULATED_TIER    := -isystem tests/kernels/emulation -Wno-psabi $(HOST_FMA)

$(BUILD)/emulated/%.o: %.c $(BUILD)/stamp/compile
	$(call compile,$(OWN_FLAGS) $(KEEP_LOOPS) -DTP_EMULATED $(if $(filter kernels/%,$<),$(EMULATED_TIER)) $(CPPFLAGS) $(CFLAGS), (emulated))

$(BUILD)/tests/kernels/check_kernels_emulated: $(patsubst %.c,$(BUILD)/emulated/%.o,$(EMULATED_SOURCES))

$(TEST_PROGRAMS): $(COMMON)
	$(call link,$(TEST_FLAGS) -lcmocka)

# The program, which also says on which memory node pages lie: for tests/schedule/numa/two-nodes.sh.
$(BUILD)/numa/train: $(BUILD)/tests/schedule/numa/witness.o $(BUILD)/src/cli/train.o $(COMMON)
	$(call link,-Wl$(comma)--wrap=tp_placement_enter$(comma)--wrap=tp_network_hash)

# The programs with a say in each allocation that fails: for tests/project/faults/faults.py.
WRAPPED := malloc calloc realloc aligned_alloc strdup strndup asprintf __asprintf_chk mmap open_memstream fdopen realpath __realpath_chk \
           getline getdelim __getdelim __sched_cpualloc libdeflate_alloc_decompressor
FAULTY  := $(patsubst $(BIN)/%,$(BUILD)/faults/%,$(PROGRAMS))

$(FAULTY): $(BUILD)/faults/%: $(BUILD)/src/cli/%.o $(BUILD)/tests/project/faults/allocations.o $(COMMON)
	$(call link,$(WRAPPED:%=-Wl$(comma)--wrap=%))

-include $(wildcard $(addprefix $(BUILD)/,tests/*/*.d tests/*/*/*.d emulated/tests/*/*.d emulated/kernels/*/*.d))

# --- Runs -----------------------------------------------------------------------------------------------

.PHONY: everything test check
everything: $(PROGRAMS) manual $(FAULTY) $(BUILD)/numa/train $(TEST_PROGRAMS) $(if $(BENCHMARK),$(BIN)/bench) ## build all there is, run nothing

# These test build products, the runner or the results of whole runs, not what instrumented code does; or they run MPI,
# which leaks memory, and takes minutes.
UNINSTRUMENTED := tests/api/library.bats tests/cli/manual.bats tests/cli/sweep_ranks.bats tests/cli/train_ranks.bats tests/kernels/new-tier.bats tests/train/accuracy.bats \
                  $(wildcard tests/bench/*.bats) $(addprefix tests/project/,build.bats course.bats install.bats path.bats results.bats rooms.bats run.bats)
# The longest go first: one that began last would run alone at the end.
LONGEST := $(addprefix tests/,project/faults.bats model/checkpoint.bats api/library.bats train/accuracy.bats \
             readers/tables.bats cli/train.bats project/install.bats cli/surroundings.bats verify/check-gradient.bats)
BATS    := $(filter-out $(LONGEST) tests/project/memory.bats tests/project/races.bats,$(wildcard tests/*/*.bats))
TESTS   := $(filter-out $(if $(SANITIZE),$(UNINSTRUMENTED)),$(LONGEST) $(TEST_PROGRAMS) $(BATS))

test: deps-test ## install what is needed, build, run all tests; last line: N passed, N failed
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

# libarcher tells ThreadSanitizer when clang's OpenMP starts and ends a team; the barriers in between are our own. (Not
# test_team: this OpenMP leaves flags of inexact results behind, which it compares.)
RACED  := $(patsubst %,build/tsan/tests/%,network/test_plan train/test_trainer model/test_predictor) tests/project/races.bats
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
$(FUZZERS): %: %.o $(COMMON)
	$(call link,-fsanitize=fuzzer $(FUZZ_FLAGS))

.PHONY: fuzz fuzz-run $(FUZZERS:=.run)
fuzz: ## fuzz the readers of files and of options for FUZZ_SECONDS each; -j: several at a time
	$(Q)$(MAKE) fuzz-run CC=clang BUILD=build/fuzz SANITIZE=address,undefined,fuzzer-no-link
fuzz-run: $(FUZZERS:=.run)
$(FUZZERS:=.run): %.run: %
	@mkdir -p $<.found
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/ -verbosity=0 $<.found \
	    $(wildcard tests/seeds/$(patsubst fuzz_%,%,$(notdir $<)))
