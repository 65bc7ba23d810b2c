# Builds tileprop. `make help` lists the targets. Tests, benchmarks and installation have rules of their own, in
# tests/tests.mk, bench/bench.mk, results/results.mk and install.mk, which this file includes.
#
# Yours to set, on the command line or in the environment: CC CXX CPPFLAGS CFLAGS CXXFLAGS LDFLAGS LDLIBS (they come after
# our own flags), V=1 (show commands) and PYTHON (which one may have PyTorch, for bench-programs and
# tests/model/pytorch.bats). On the command line: MPI (below), BUILD, BIN and LIB (where things go, so that builds can lie side by
# side), SANITIZE (what -fsanitize= takes), and for install the folders that install.mk names.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BUILD := build
BIN   := bin
LIB   := $(if $(filter build,$(BUILD)),lib,$(BUILD)/lib)
# make takes a space for the end of a name, and clean for that of a folder which is then removed.
$(foreach v,BUILD BIN LIB,$(if $(word 2,$($v)),$(error $v: "$($v)" found, expected a path without spaces)))

PYTHON ?= python3
PKG_CONFIG := pkg-config

# Modules of pkg-config, the first of which that is here lets mpirun start train and sweep; empty: none.
MPI := ompi-c mpich

comma := ,
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# --- What this machine has ------------------------------------------------------------------------------

# Libraries as pkg-config module:Debian package.
REQUIRED := libdeflate:libdeflate-dev jansson:libjansson-dev libpng:libpng-dev libxxhash:libxxhash-dev numa:libnuma-dev

# Made anew by each make, but only touched when something has changed. It says what is MISSING, and sets VERSION, COMMIT,
# COMPILERS, LIBRARY_CFLAGS and LIBRARY_LIBS, TIERS, MPI_FOUND, MPI_CFLAGS and MPI_LIBS, FORTIFY, ONEDNN, BENCHMARK,
# HOST_FMA.
$(BUILD)/config.mk: FORCE
	@mkdir -p $(@D)
	@new=$@.$$$$; CC='$(CC)' CXX='$(CXX)' PKG_CONFIG='$(PKG_CONFIG)' MPI='$(MPI)' .ci/probe '$(REQUIRED)' $(CC) -O2 $(CPPFLAGS) $(CFLAGS) >$$new && \
		if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

# These goals need none of it.
ifneq ($(filter-out help clean format check-format deps deps-%,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/config.mk
endif

# --- Sources --------------------------------------------------------------------------------------------

# Every room of src/ is part of the library but two: cli, the programs, and readers, which read data files for them.
MAINS           := src/cli/export.c src/cli/predict.c src/cli/sweep.c src/cli/train.c
PROGRAM_SOURCES := $(wildcard src/cli/*.c)
READER_SOURCES  := $(wildcard src/readers/*.c)

# The flags of each tier in kernels/tiers.def; its instructions stay in its folder.
FLAGS_avx2   := -mavx2 -mfma -mbmi
FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mbmi
VECTOR_TIERS := $(filter-out reference,$(TIERS))

LIBRARY_SOURCES := $(filter-out $(PROGRAM_SOURCES) $(READER_SOURCES),$(wildcard src/*/*.c)) $(wildcard kernels/*.c) \
                   $(foreach t,$(TIERS),$(wildcard kernels/$t/*.c))

objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY  := $(BUILD)/libtileprop.a
READERS  := $(BUILD)/libreaders.a
PROGRAM  := $(BUILD)/libprogram.a
PROGRAMS := $(MAINS:src/cli/%.c=$(BIN)/%)
# What every program links.
COMMON   := $(PROGRAM) $(READERS) $(LIBRARY) $(BUILD)/stamp/link

# The library for other programs, which install.mk makes. Until 1.0.0 minor versions differ, so the SONAME has both numbers.
SONAME  := libtileprop.so.$(basename $(VERSION))
SHARED  := $(LIB)/libtileprop.so.$(VERSION)
ARCHIVE := $(LIB)/libtileprop.a

# --- Flags ----------------------------------------------------------------------------------------------

# -ffp-contract=off: the bits of a result must not depend on what the compiler chooses to fuse.
# TP_KEEP_LOOPS: unrolled tiles take minutes to compile where each load is instrumented or emulated.
KEEP_LOOPS  := -DTP_KEEP_LOOPS
OWN_FLAGS   := -std=c11 -D_GNU_SOURCE -Isrc -Iinclude -I. -O2 -g -fPIC -fvisibility=hidden -ffp-contract=off \
               -Wall -Wextra -Wpedantic -Wshadow $(LIBRARY_CFLAGS) \
               $(if $(SANITIZE),-g1 $(KEEP_LOOPS) -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
OWN_LDFLAGS := -fopenmp -Wl,--as-needed -Wl,-z,relro -Wl,-z,now $(if $(SANITIZE),-fsanitize=$(SANITIZE))
OWN_LDLIBS  := $(LIBRARY_LIBS) $(MPI_LIBS) -lm

# Hardening as Debian's packages have it; not of kernels, which touch nothing but numbers and are called often.
# FORTIFY: the code is optimized, and the user has not chosen a level.
HARDENING := -fstack-protector-strong $(if $(FORTIFY),$(if $(SANITIZE),,-D_FORTIFY_SOURCE=2))

# Compilers take minutes to optimize instrumented kernels: gcc at -O2, clang at -O1 too.
KERNEL_LEVEL := $(if $(findstring fuzzer,$(SANITIZE)),-O0,$(if $(findstring address,$(SANITIZE)),-O1))

# All flags that compile the source $(1): those of its tier, and its own, are called FLAGS_tier and FLAGS_path.
flags = $(OWN_FLAGS) $(if $(filter kernels/%,$(1)),$(KERNEL_LEVEL),$(HARDENING) -Wconversion) \
        $(FLAGS_$(patsubst kernels/%/,%,$(dir $(1)))) $(FLAGS_$(1)) $(CPPFLAGS) $(CFLAGS)

FLAGS_src/system/team.c   := -fopenmp
FLAGS_src/network/evaluator.c := -O3
FLAGS_src/network/shards.c := -O3
FLAGS_src/data/normalization.c := -O3
MPI_NAME := $(if $(MPI_FOUND),-DTP_MPI='"$(MPI_FOUND)"')
FLAGS_src/cli/ranks.c     := $(MPI_NAME) $(MPI_CFLAGS)
FLAGS_src/cli/version.c    = -DTP_COMMIT='"$(COMMIT)"' $(MPI_NAME)
FLAGS_src/cli/data_path.c  = -DTP_DATADIR='"$(default_datadir)/tileprop"'
FLAGS_src/cli/            := -I$(BUILD)/src # the templates, made into strings

# --- Rules ----------------------------------------------------------------------------------------------

.PHONY: all run FORCE
all: $(PROGRAMS) $(SHARED) $(ARCHIVE) $(BUILD)/manual/describe ## build the programs in bin/ and the library in lib/; installs nothing

run: deps ## install what is needed, build, train 784-64-64-10 on MNIST
	$(Q)$(MAKE) all
	$(BIN)/train --threads 16 --hidden 64,64

# A stamp holds the text that its dependants were made with; it changes only when the text does.
stamp_compile = $(COMPILERS) $(ONEDNN) $(value flags) $(OWN_FLAGS) $(HARDENING) $(KERNEL_LEVEL) $(EMULATED_TIER) \
                $(CPPFLAGS) $(CFLAGS) $(CXXFLAGS) $(foreach v,$(sort $(filter FLAGS_%,$(.VARIABLES))),$(value $v))
stamp_program = $(FLAGS_src/cli/version.c) $(FLAGS_src/cli/data_path.c)
stamp_link    = $(OWN_LDFLAGS) $(LDFLAGS) $(OWN_LDLIBS) $(LDLIBS) $(LIBRARY_SOURCES) $(READER_SOURCES) $(CHECK_SOURCES) $(BENCH_SOURCES)
stamp_manual  = $(DATE) $(datadir)
stamp_template = $(to_lines) $(to_help)

$(addprefix $(BUILD)/stamp/,compile program link manual template): $(BUILD)/stamp/%: FORCE
	@$(if $(strip $(MISSING)),echo "cannot build without: $(strip $(MISSING)); see make deps" >&2; exit 1)
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(stamp_$*))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(stamp_$*))' >$@

# $(call compile,FLAGS[,NOTE]): the first source among the prerequisites.
define compile
	$(call say,CC,'$<$(2)')
	@mkdir -p $(@D)
	$(Q)$(CC) $(1) -MMD -MP -c -o $@ $<
endef

# $(call link,FLAGS): the objects and archives among the prerequisites, in whatever order.
define link
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -pie $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	    -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(1) $(OWN_LDLIBS) $(LDLIBS)
endef

$(BUILD)/%.o: %.c $(BUILD)/stamp/compile
	$(call compile,$(call flags,$<))

$(call objects,src/cli/version.c src/cli/data_path.c): $(BUILD)/stamp/program

# Templates, whose lines behind the first empty one become strings: a string a line, in which @_ stands for the prefix
# model_ of the exported names; of help two, what stands before the line of an @, and behind it.
to_strings = 1,/^$$/d; s/["\\]/\\&/g;
to_lines   = $(to_strings) s/\bmodel_/@_/g; s/.*/"&",/
to_help    = $(to_strings) s/.*/"&\\n"/; s/^"@.n"$$/,/; $$s/$$/,/
TEMPLATES := src/cli/export_template.h src/cli/plot.gp src/cli/sweep.gp $(wildcard src/cli/*.help)

$(BUILD)/%.inc: % $(BUILD)/stamp/template
	@mkdir -p $(@D)
	$(Q)sed '$(if $(filter %.help,$<),$(to_help),$(to_lines))' $< >$@
$(patsubst %,$(BUILD)/src/cli/%_command.o,train predict export sweep): %_command.o: %.help.inc
$(BUILD)/src/cli/c_header.o: $(BUILD)/src/cli/export_template.h.inc
$(BUILD)/src/cli/plot.o: $(BUILD)/src/cli/plot.gp.inc
$(BUILD)/src/cli/sweep_plot.o: $(BUILD)/src/cli/sweep.gp.inc

$(LIBRARY): $(call objects,$(LIBRARY_SOURCES))
$(PROGRAM): $(call objects,$(filter-out $(MAINS),$(PROGRAM_SOURCES)))
$(READERS): $(call objects,$(READER_SOURCES))
$(BUILD)/%.a: $(BUILD)/stamp/link
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(PROGRAMS): $(BIN)/%: $(BUILD)/src/cli/%.o $(COMMON)
	$(call link)

include bench/bench.mk tests/tests.mk results/results.mk install.mk

-include $(wildcard $(addprefix $(BUILD)/,src/*/*.d kernels/*.d kernels/*/*.d manual/*.d))

# --- The rest -------------------------------------------------------------------------------------------

PACKAGES_BUILD := gcc libc6-dev pkg-config $(foreach l,$(REQUIRED),$(lastword $(subst :, ,$l))) librandom123-dev

# $(call deps,REQUIRED,OPTIONAL): installs these packages.
deps = $(Q).ci/deps '$(PACKAGES_BUILD) $(1)' '$(2)'

.PHONY: deps
deps: ## install what building needs (Debian; prints the list first)
	$(call deps)

# One entry per source, made from the same flags as the rules.
SOURCES = $(LIBRARY_SOURCES) $(READER_SOURCES) $(PROGRAM_SOURCES) $(TEST_SOURCES) $(CHECK_SOURCES) $(FUZZ_SOURCES) $(BENCH_SOURCES) $(MANUAL_SOURCES)
json    = $(subst ",\",$(subst \,\\,$(1)))
entry   = {"directory": "$(CURDIR)", "file": "$(1)", "command": "$(call json,$(strip $(CC) $(call flags,$(1)) -c $(1)))"}

compile_commands.json: $(TEMPLATES:%=$(BUILD)/%.inc) FORCE ## for clangd and clang-tidy
	$(file >$@,[$(call entry,$(firstword $(SOURCES))))
	$(foreach s,$(filter-out $(firstword $(SOURCES)),$(SOURCES)),$(file >>$@,$(comma)$(call entry,$s)))
	$(file >>$@,])
	$(call say,GEN,$@)

FORMATTED = $(shell git ls-files '*.c' '*.h' '*.cc')

.PHONY: format check-format clean help
format: ## format all C files with clang-format
	$(Q)clang-format -i $(FORMATTED)
check-format: ## fail where clang-format would change a file
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

clean: ## remove everything that was built
	rm -rf $(BUILD) $(BIN) $(LIB) compile_commands.json

help: ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## \(.*\)/  \1\t\2/p' $(filter-out %.d,$(MAKEFILE_LIST)) | expand -t 26
