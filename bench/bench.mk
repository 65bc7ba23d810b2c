# Benchmarks and performance guards; bench/README.md describes them.

BENCH_SOURCES := $(filter-out bench/loops.c,$(wildcard bench/*.c))
BENCH_MAIN    := bench/bench.cc bench/google.cc
BENCH_CC      := $(filter-out $(BENCH_MAIN),$(wildcard bench/*.cc))

PACKAGES_BENCH    := fonts-dejavu-core g++ git gnuplot-nox libbenchmark-dev python3
PACKAGES_PEERS    := libblis4 libdnnl-dev libopenblas0
PACKAGES_PROGRAMS := python3-sklearn

.PHONY: deps-bench deps-programs
deps-bench: ## install the dependencies of bench and the libraries it compares with
	$(call deps,$(PACKAGES_BENCH),$(PACKAGES_PEERS))
deps-programs: ## install the programs for comparison that Debian provides
	$(call deps,$(PACKAGES_BENCH),$(PACKAGES_PROGRAMS))

# --- Programs -------------------------------------------------------------------------------------------

FLAGS_bench/naive.c  := -O3
FLAGS_bench/peers.cc := $(if $(ONEDNN),-DTP_ONEDNN)
FLAGS_bench/loops.c  := -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math

# OpenBLAS and BLIS are loaded at run time.
BENCH_LIBS := $(if $(ONEDNN),-ldnnl) -lstdc++

# Plain loops around the libraries' products, compiled per tier.
LOOPS := $(TIERS:%=$(BUILD)/bench/loops-%.o)

$(LOOPS): $(BUILD)/bench/loops-%.o: bench/loops.c $(BUILD)/stamp/compile
	$(call compile,$(call flags,$<) $(FLAGS_$*) -DLOOPS=loops_$*, ($*))

$(BUILD)/%.cc.o: %.cc $(BUILD)/stamp/compile
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++20 $(filter-out -std=c11,$(OWN_FLAGS)) -Wconversion \
	    $(shell $(PKG_CONFIG) --cflags benchmark) $(FLAGS_$<) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# Everything except the program itself.
BENCH := $(BUILD)/libbench.a
$(BENCH): $(call objects,$(BENCH_SOURCES)) $(LOOPS) $(BENCH_CC:%=$(BUILD)/%.o)

BENCH_PARTS := $(BENCH_MAIN:%=$(BUILD)/%.o) $(BENCH) $(COMMON)
link_bench   = $(call link,$(1) $(shell $(PKG_CONFIG) --libs benchmark) $(BENCH_LIBS))

$(BIN)/bench: $(BENCH_PARTS)
	$(link_bench)

# bench with a slow kernel, to test the guards: build/slow/TIER-VERB-PERCENT/bench.
slow = $(subst -, ,$(patsubst $(BUILD)/slow/%/,%,$(dir $@)))
$(BUILD)/slow/%/slow.o: tests/bench/slow.c $(BUILD)/stamp/compile
	$(call compile,$(call flags,$<) -DKERNEL=tp_$(word 2,$(slow))_$(word 1,$(slow)) -DPERCENT=$(word 3,$(slow)), ($*))
$(BUILD)/slow/%/bench: $(BUILD)/slow/%/slow.o $(BENCH_PARTS)
	$(call link_bench,-Wl$(comma)--wrap=tp_$(word 2,$(slow))_$(word 1,$(slow)))

.PRECIOUS: $(BUILD)/slow/%/slow.o

# bench and train with a wrong kernel, to test verification and --check-gradient.
instead = $(foreach t,$(VECTOR_TIERS),-Wl$(comma)--wrap=tp_forward_$t)
$(BUILD)/wrong/bench: $(BUILD)/tests/bench/wrong_forward.o $(BENCH_PARTS)
	$(call link_bench,$(instead))
$(BUILD)/wrong/train: $(BUILD)/tests/bench/wrong_forward.o $(BUILD)/src/cli/train.o $(COMMON)
	$(call link,$(instead))

-include $(wildcard $(addprefix $(BUILD)/,bench/*.d slow/*/*.d))

# --- Runs -----------------------------------------------------------------------------------------------

.PHONY: bench bench-programs bench-serving bench-threads bench-against bench-instructions bench-selftest
bench: deps-bench ## install dependencies, measure this machine, record and render the results in results/bench
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)TP_BENCH=$(BIN)/bench bench/report.py measure

# $(call programs,JOB ARGUMENTS)
define programs
	$(Q)$(MAKE) all $(BIN)/bench
	$(Q)TP_TRAIN=$(BIN)/train TP_BENCH=$(BIN)/bench CC='$(CC)' bench/programs.py $(1)
	$(Q)bench/report.py
endef
bench-programs: deps-programs ## time whole programs: tileprop, scikit-learn, PyTorch (PYTHON=... with torch)
	$(call programs,train $(PYTHON) /usr/bin/python3)
bench-threads: deps-programs ## time steps on 1 to 16 threads: tileprop, PyTorch (PYTHON=... with torch)
	$(call programs,threads $(PYTHON) /usr/bin/python3)
bench-serving: deps-bench ## time predictions: tileprop, onnxruntime (PYTHON=... with onnx and onnxruntime)
	$(call programs,serving $(PYTHON) $(SHARED))
bench-against: ## compare speed with the commit in bench/baseline; exit 77: inconclusive
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)CC='$(CC)' CXX='$(CXX)' $(BIN)/bench --against baseline

RECORD := # --record
bench-instructions: ## compare instruction counts with bench/instructions; RECORD=--record rewrites it
	$(Q)$(MAKE) $(BIN)/bench
	$(Q)CC='$(CC)' CXX='$(CXX)' bench/guard.py instructions $(BIN)/bench $(RECORD)

SLOW := $(BUILD)/slow/avx2-forward-20/bench
bench-selftest: ## check that the performance guards detect a slow kernel
	$(Q)$(MAKE) $(SLOW)
	$(Q)bench/guard.py selftest $(SLOW) avx2/forward-32x64x785
