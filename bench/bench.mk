# Benchmarks, and the guards of speed. bench/README.md says what each is for.

BENCH_SOURCES := $(filter-out bench/count.c bench/loops.c $(if $(ONEDNN),,bench/onednn.c),$(wildcard bench/*.c))
BENCH_CC      := $(wildcard bench/*.cc)

PACKAGES_BENCH    := fonts-dejavu-core g++ git gnuplot-nox libbenchmark-dev python3
PACKAGES_PEERS    := libblis4 libdnnl-dev libopenblas0
PACKAGES_PROGRAMS := python3-sklearn

.PHONY: deps-bench deps-programs
deps-bench: ## install what benchmarks compare with
	$(call deps,$(PACKAGES_BENCH),$(PACKAGES_PEERS))
deps-programs: ## install the programs that Debian has among those to compare with
	$(call deps,$(PACKAGES_BENCH),$(PACKAGES_PROGRAMS))

# --- Programs -------------------------------------------------------------------------------------------

FLAGS_bench/naive.c  := -O3
FLAGS_bench/peers.c  := $(if $(ONEDNN),-DTP_ONEDNN)
FLAGS_bench/loops.c  := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math

# Of what bench compares with; OpenBLAS and BLIS are loaded when it runs.
BENCH_LIBS := $(if $(ONEDNN),-ldnnl)

# What bench writes around the libraries' products, for the vectors of each tier.
LOOPS := $(TIERS:%=$(BUILD)/bench/loops-%.o)

$(LOOPS): $(BUILD)/bench/loops-%.o: bench/loops.c $(BUILD)/stamp/compile
	$(call compile,$(call flags,$<) $(FLAGS_$*) -DLOOPS=loops_$*, ($*))

# What is in C, from which bench, count and test_bench take what they need.
BENCH := $(BUILD)/libbench.a
$(BENCH): $(call objects,$(BENCH_SOURCES)) $(LOOPS)

$(BENCH_CC:%.cc=$(BUILD)/%.o): $(BUILD)/%.o: %.cc $(BUILD)/stamp/compile
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(filter-out -std=c11,$(OWN_FLAGS)) -Wconversion \
	    $(shell $(PKG_CONFIG) --cflags benchmark) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

BENCH_PARTS := $(BENCH_CC:%.cc=$(BUILD)/%.o) $(BENCH) $(COMMON)
link_bench   = $(call link,$(1) $(shell $(PKG_CONFIG) --libs benchmark) $(BENCH_LIBS) -lstdc++)

$(BIN)/bench: $(BENCH_PARTS)
	$(link_bench)

# Statically: what other people's libraries do differently from machine to machine is not to be counted. Without lines:
# Debian 12's Valgrind stops at clang's.
COUNT_PARTS := $(BUILD)/bench/count.o $(BENCH) $(READERS) $(LIBRARY) $(BUILD)/stamp/link
define link_count
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -static -Wl,--strip-debug $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) $(OWN_LDLIBS) $(LDLIBS)
endef

$(BUILD)/bench/count: $(COUNT_PARTS)
	$(link_count)

# The same programs with a kernel that does so many percent of its work twice: what the guards are tried with.
instead = $(foreach t,$(VECTOR_TIERS),-Wl$(comma)--wrap=tp_forward_$t)

$(BUILD)/slow-%/forward.o: tests/bench/slow_forward.c $(BUILD)/stamp/compile
	$(call compile,$(call flags,$<) -DTP_SLOW_PERCENT=$*, ($* %))
$(BUILD)/slow-%/bench: $(BUILD)/slow-%/forward.o $(BENCH_PARTS)
	$(call link_bench,$(instead))
$(BUILD)/slow-%/count: $(BUILD)/slow-%/forward.o $(COUNT_PARTS)
	$(call link_count,$(instead))

.PRECIOUS: $(BUILD)/slow-%/forward.o

# And with one that is wrong, which bench is to find before it times anything, and train --check-gradient.
$(BUILD)/wrong/bench: $(BUILD)/tests/bench/wrong_forward.o $(BENCH_PARTS)
	$(call link_bench,$(instead))
$(BUILD)/wrong/train: $(BUILD)/tests/bench/wrong_forward.o $(BUILD)/src/cli/train.o $(COMMON)
	$(call link,$(instead))

-include $(wildcard $(addprefix $(BUILD)/,bench/*.d slow-*/*.d))

# --- Runs -----------------------------------------------------------------------------------------------

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

TIER_OBJECTS := $(foreach t,$(VECTOR_TIERS),$(BUILD)/kernels/$t/$t.o)
RECORD := # --record
bench-instructions: ## compare instruction counts with bench/instructions; RECORD=--record rewrites it
	$(Q)$(MAKE) $(BUILD)/bench/count
	$(Q)CC='$(CC)' bench/instructions.py $(BUILD)/bench/count $(TIER_OBJECTS) $(RECORD)

SELFTEST := $(BIN)/bench $(BUILD)/bench/count $(BUILD)/slow-100/bench $(BUILD)/slow-100/count
bench-selftest: ## show that the guards of speed catch a slower kernel
	$(Q)$(MAKE) $(SELFTEST)
	$(Q)bench/selftest $(SELFTEST)
