# libneuroai. `make help` lists the targets; `make demo` and `make check` do all set-up on their
# own.
#
# Yours to set: CC CXX AR CFLAGS CPPFLAGS LDFLAGS WARNINGS PKG_CONFIG PYTHON RUNNER (valgrind,
# qemu-aarch64, ...), BUILD (any folder), BLAS=reference or BLAS_PC (names for pkg-config), DESTDIR
# PREFIX LIBDIR INCLUDEDIR PKGCONFIGDIR CMAKEDIR, PIC=1 (a static library for plug-ins), V=1 (show commands),
# WERROR=1. What the library cannot do
# without is in REQUIRED, which comes before your flags.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

BUILD ?= build
CFLAGS ?= -O2 -g
WARNINGS ?= -Wall -Wextra
PKG_CONFIG ?= pkg-config
INSTALL ?= install
NM ?= nm
PYTHON ?= python3
RUNNER ?=

prefix ?= /usr/local
PREFIX ?= $(prefix)
libdir ?= $(PREFIX)/lib
LIBDIR ?= $(libdir)
includedir ?= $(PREFIX)/include
INCLUDEDIR ?= $(includedir)
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
CMAKEDIR ?= $(LIBDIR)/cmake/neuroai

Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-6s %s\n' $(1) $(2))
comma := ,

# --- what is built --------------------------------------------------------------------------------

VERSION := $(shell sed -n 's/^.define NEUROAI_VERSION "\(.*\)"$$/\1/p' include/neuroai/version.h)
ABI := $(shell sed -n 's/^.define NEUROAI_ABI \([0-9]*\)$$/\1/p' include/neuroai/version.h)

TARGET := $(shell $(CC) -dumpmachine 2>/dev/null)
IS_X86 := $(filter x86_64-% amd64-%,$(TARGET))
IS_MAC := $(findstring darwin,$(TARGET))

SOURCES := $(sort $(wildcard lib/*/*.c lib/*/*/*.c))
HEADERS := $(sort $(wildcard include/neuroai/*.h))
CPP_HEADER := include/neuroai/neuroai.hpp
TESTS := $(sort $(wildcard tests/*.c))
SUITES := $(patsubst tests/test_%.c,%,$(sort $(wildcard tests/test_*.c)))
# Those over MPI are compiled and run by check-mpi alone.
EXAMPLES := $(filter-out examples/mpi_%,$(sort $(wildcard examples/*.c)))
CPP_EXAMPLES := $(sort $(wildcard examples/*.cpp))
PYTHON_EXAMPLES := $(filter-out examples/mpi_%,$(sort $(wildcard examples/*.py)))
BENCHES := $(sort $(wildcard tests/bench/*.c))
BENCH_PROGRAMS := $(BENCHES:%.c=$(BUILD)/%)

STATIC := $(BUILD)/libneuroai.a
ifeq ($(IS_MAC),)
SHARED_NAME := libneuroai.so.$(VERSION)
SHARED_LINKS := libneuroai.so.$(ABI) libneuroai.so
SHARED_FLAGS = -shared -Wl,-soname,libneuroai.so.$(ABI) -Wl,-z,now -Wl,-z,relro -Wl,--no-undefined \
  -Wl,--version-script=lib/neuroai.map
ARCHIVE := qcsD
ORIGIN := $$ORIGIN
else
SHARED_NAME := libneuroai.$(VERSION).dylib
SHARED_LINKS := libneuroai.$(ABI).dylib libneuroai.dylib
SHARED_FLAGS = -dynamiclib -install_name $(LIBDIR)/libneuroai.$(ABI).dylib -current_version $(VERSION)
ARCHIVE := qcs
ORIGIN := @loader_path
endif
SHARED := $(BUILD)/$(SHARED_NAME)
SHARED_LINK := $(BUILD)/$(lastword $(SHARED_LINKS))

# --- libraries: CBLAS and LAPACK (OpenBLAS has both) ----------------------------------------------

BLAS ?= openblas

ifeq ($(BLAS),reference)
# Where several BLAS are installed, Debian's alternatives decide which one is libblas.so.3. The
# reference ones keep folders of their own; with these as run paths they are what is linked and what
# runs, whatever the alternatives say.
BLAS_PC ?= blas-netlib lapack-netlib
BLAS_LIBDIR := $(firstword $(shell $(PKG_CONFIG) --variable=libdir blas-netlib 2>/dev/null))
BLAS_FOLDERS := $(wildcard $(BLAS_LIBDIR)/lapack $(BLAS_LIBDIR)/blas)
BLAS_CFLAGS :=
BLAS_LIBS := $(addprefix -L,$(BLAS_FOLDERS)) \
  $(addprefix -Wl$(comma)-rpath$(comma),$(BLAS_FOLDERS)) -llapack -lblas
else
BLAS_PC ?= $(BLAS)
BLAS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(BLAS_PC) 2>/dev/null)
BLAS_LIBS := $(shell $(PKG_CONFIG) --libs $(BLAS_PC) 2>/dev/null)
endif
# In neuroai.pc the BLAS is a library, not a package: openblas.pc would ask for a Fortran compiler's
# libraries in every static use, and add its folder of headers to every compilation.
PC_LIBS := $(strip $(BLAS_LIBS)) -lm -pthread

BLAS_NAME := $(BLAS) $(shell $(PKG_CONFIG) --modversion $(firstword $(BLAS_PC)) 2>/dev/null)
LIBS := $(BLAS_LIBS) -lm -pthread
HAVE_LIBS := $(shell $(PKG_CONFIG) --exists $(BLAS_PC) 2>/dev/null && echo yes)
CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags check)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check)

# --- flags ----------------------------------------------------------------------------------------

# Instrumentation (sanitizers, coverage) goes to every compilation and every link. Without it
# asserts are off: the library never aborts.
INSTRUMENT ?=
DEFINES := -Iinclude -Ilib $(BLAS_CFLAGS) $(if $(INSTRUMENT),,-DNDEBUG)
REQUIRED := -std=gnu11 -fvisibility=hidden -fno-math-errno -ffp-contract=off -pthread \
  -ffile-prefix-map=$(CURDIR)=.
WARN := $(WARNINGS) $(if $(WERROR),-Werror)
COMPILE = $(CC) $(DEFINES) $(CPPFLAGS) $(REQUIRED) $(WARN) $(CFLAGS) $(INSTRUMENT)
LINK = $(CC) $(CFLAGS) $(INSTRUMENT) -pthread $(LDFLAGS)

# Loops over units and weights are written for the vectoriser, the kernels' most of all.
# Some of those are for one kind of processor: that is asked
# for at run time. The portable ones never fuse multiply and add; the noise must not in any table.
KERNEL_CFLAGS ?= $(if $(filter -O0 -O1 -Og -Os -Oz,$(CFLAGS)),,-O3)
avx2 := -mavx2 -mfma
avx512 := -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512
# What is defined is what a header declares, so the interface that programs see is the one that is
# compiled. What is const stays so: no cast makes it writable.
STRICT := -Wmissing-prototypes -Wcast-qual
loops := lib/cost/% lib/learning/% lib/train/% lib/units/% lib/network/shared.c \
  lib/network/synapses.c lib/running/activity.c lib/running/move.c
own_flags = $(STRICT) $(if $(filter lib/kernels/% $(loops),$(1)),$(KERNEL_CFLAGS)) $(if $(filter lib/kernels/%,$(1)), \
  $(if $(IS_X86),$(if $(filter %_avx2.c,$(1)),$(avx2)) $(if $(filter %_avx512.c,$(1)),$(avx512)))) \
  $(if $(filter lib/base/version.c,$(1)),-DNAI_BUILD_BLAS='"$(BLAS_NAME)"')

# --- libraries ------------------------------------------------------------------------------------

.PHONY: all static shared
all: static shared ## both libraries (default)
static: $(STATIC) ## libneuroai.a; PIC=1: one that plug-ins can link (MEX, R, Node)
shared: $(SHARED_LINK) ## libneuroai.so

STATIC_OBJECTS := $(SOURCES:%.c=$(BUILD)/static/%.o)
SHARED_OBJECTS := $(SOURCES:%.c=$(BUILD)/shared/%.o)

$(BUILD)/static/%.o: %.c $(BUILD)/flags | have-libraries
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(call own_flags,$<) $(if $(PIC),-fPIC) -MMD -MP -c $< -o $@

$(BUILD)/shared/%.o: %.c $(BUILD)/flags | have-libraries
	@mkdir -p $(@D)
	$(call say,CC-PIC,$<)
	$(Q)$(COMPILE) $(call own_flags,$<) -fPIC -MMD -MP -c $< -o $@

# Quick append to a new archive: rooms may have files of the same name, which `r` would take for
# one.
$(STATIC): $(STATIC_OBJECTS) $(BUILD)/sources
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) $(ARCHIVE) $@ $(STATIC_OBJECTS)

$(SHARED): $(SHARED_OBJECTS) $(BUILD)/sources lib/neuroai.map
	$(call say,LINK,$@)
	$(Q)$(LINK) $(SHARED_FLAGS) -o $@ $(SHARED_OBJECTS) $(LIBS)

$(SHARED_LINK): $(SHARED)
	$(Q)for link in $(SHARED_LINKS); do ln -sf $(SHARED_NAME) $(BUILD)/$$link; done

# Files that change only when what they record does: other flags compile all anew, another list of
# files links anew. Not for a bare `make install`, which installs what was built.
INSTALL_ONLY := $(if $(MAKECMDGOALS),$(if $(filter-out install uninstall,$(MAKECMDGOALS)),,yes))
ALL_FLAGS = $(if $(PIC),-fPIC) $(COMPILE) $(avx2) $(avx512) $(KERNEL_CFLAGS) $(TEST_CFLAGS) $(LINK) $(LIBS) $(BLAS_NAME)
.PHONY: FORCE
FORCE:
record = @mkdir -p $(@D); new=$@.$$$$; printf '%s\n' $(1) > $$new; \
  if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi
$(BUILD)/flags: $(if $(INSTALL_ONLY),,FORCE)
	$(call record,'$(subst ','\'',$(ALL_FLAGS))')
$(BUILD)/sources: $(if $(INSTALL_ONLY),,FORCE)
	$(call record,$(SOURCES))
$(BUILD)/tests/suites.h: FORCE
	$(call record,$(patsubst %,'SUITE(%)',$(SUITES)))
$(BUILD)/tests/sources: FORCE
	$(call record,$(TESTS))

.PHONY: have-libraries
have-libraries:
ifneq ($(HAVE_LIBS),yes)
	@echo "missing: $(BLAS_PC) (as $(PKG_CONFIG) knows it). Try: make deps" >&2; exit 1
endif

# --- checks ---------------------------------------------------------------------------------------

CHECKS := c cpp memory fuzz python examples installed-hosts docs bench headers symbols versions blas package cmake
NEEDED := library check cxx cmake python

.PHONY: ready check check-all $(CHECKS:%=check-%) $(CHECKS:%=report-%)
ready:
	@BLAS="$(BLAS)" BLAS_PC="$(BLAS_PC)" PKG_CONFIG="$(PKG_CONFIG)" \
	  CXX="$(CXX)" PYTHON="$(PYTHON)" .ci/deps $(NEEDED)

check: ready ## set-up when needed, then every check below
	+@$(MAKE) --no-print-directory check-all

# As many beside each other as make has jobs (make -j), what each prints together. What several of them
# need is made before: were it missing, each of them would say so.
REPORTS := $(BUILD)/reports
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync)
check-all: all
	@rm -rf $(REPORTS); mkdir -p $(REPORTS)
	+@$(MAKE) --no-print-directory --keep-going $(TEST_RUN) $(VENV)/.ready || :
	+@$(MAKE) --no-print-directory $(SYNC:%=%=recurse) $(CHECKS:%=report-%)
	@echo; echo "--- summary"; cat $(CHECKS:%=$(REPORTS)/%) && ! grep -q FAILED $(REPORTS)/*

$(CHECKS:%=report-%): report-%:
	+@echo; echo "--- check-$*"; said="FAILED "; $(MAKE) --no-print-directory check-$* && said="ok     "; \
	  echo "  $$said check-$*" > $(REPORTS)/$*
# Both install, and write build/neuroai.pc.
report-cmake: report-package

# Tests link the static library, to reach internals; these functions go through tests/faults.c.
WRAPPED := aligned_alloc malloc calloc realloc free pthread_create open pread write fsync \
  rename fchmod newlocale sysconf cblas_sgemm cblas_sgemv cblas_saxpy cblas_dgemm
TEST_RUN := $(BUILD)/tests/run
TEST_OBJECTS := $(TESTS:%.c=$(BUILD)/%.o)

# Tests keep their loops as they are: gcc 12 for ARM fails by an internal error on the vectors of
# size = fmax(size, (double)x[i]).
$(TEST_OBJECTS): $(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags | have-libraries $(BUILD)/tests/suites.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -UNDEBUG -Itests -I$(BUILD)/tests -DTESTS_FOLDER='"$(CURDIR)/tests"' \
	  $(CHECK_CFLAGS) -fno-tree-vectorize $(TEST_CFLAGS) -MMD -MP -c $< -o $@

$(TEST_RUN): $(TEST_OBJECTS) $(STATIC) $(BUILD)/tests/sources
	$(call say,LINK,$@)
	$(Q)$(LINK) $(addprefix -Wl$(comma)--wrap=,$(WRAPPED)) -o $@ $(TEST_OBJECTS) $(STATIC) $(LIBS) \
	  $(CHECK_LIBS)

# A process for each suite, as many at once as make has jobs, the longest first. What a suite prints is
# shown when it fails, and stays in $(SUITE_LOGS). A case (CK_RUN_CASE) is not in every suite, so one
# process looks for it in all.
LONGEST := estimate state_threads perturbation_rules ranks storage many yang_tasks
SUITES_TO_RUN := $(or $(CK_RUN_SUITE),$(LONGEST) $(filter-out $(LONGEST),$(SUITES)))
SUITE_RUNS := $(SUITES_TO_RUN:%=run-suite-%)
SUITE_LOGS := $(BUILD)/tests/logs

.PHONY: run-suites $(SUITE_RUNS)
check-c: $(TEST_RUN) ## C tests (CK_RUN_SUITE=base: one file of them)
ifdef CK_RUN_CASE
	$(Q)$(RUNNER) $(TEST_RUN)
else
	@rm -rf $(SUITE_LOGS); mkdir -p $(SUITE_LOGS)
	+$(Q)failed=0; $(MAKE) --no-print-directory --keep-going $(SYNC) run-suites || failed=1; \
	  sed -n 's/.*Checks: \(.*\), Failures: \(.*\), Errors: /\1 \2 /p' $(SUITE_LOGS)/* \
	    | awk '{ checks += $$1; failures += $$2; errors += $$3 } END \
	      { printf "Checks: %d, Failures: %d, Errors: %d, in %d suites\n", checks, failures, errors, NR }'; \
	  grep -h '^  FAILED' $(SUITE_LOGS)/*; exit $$failed
endif

run-suites: $(SUITE_RUNS)
$(SUITE_RUNS): run-suite-%: $(TEST_RUN)
	@CK_RUN_SUITE=$* $(RUNNER) $(TEST_RUN) > $(SUITE_LOGS)/$* 2>&1 \
	  && echo "  $*: `tail -n 1 $(SUITE_LOGS)/$*`" \
	  || { echo "  FAILED  $*" >> $(SUITE_LOGS)/$*; cat $(SUITE_LOGS)/$*; exit 1; }

# In memory where there is such a folder, for every life flushes five files to the disk.
$(BUILD)/tests/memory/life: tests/memory/life.c $(STATIC)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -MMD -MP -MF $@.d $< -o $@ $(LDFLAGS) $(STATIC) $(LIBS)

check-memory: $(BUILD)/tests/memory/life ## a whole life in which every allocation fails in turn
	$(Q)OPENBLAS_NUM_THREADS=1 $(RUNNER) $< $(firstword $(wildcard /dev/shm) $(abspath $(<D)))

# Targets of libFuzzer; without it (FUZZER empty) they replay what has been found.
FUZZ := load restore calls
FUZZ_PROGRAMS := $(FUZZ:%=$(BUILD)/tests/fuzz/%)
FUZZER ?=
fuzz_sources = tests/fuzz/$*.c tests/fuzz/target.c tests/fuzz/trainers.c \
  $(if $(FUZZER),$(if $(filter calls,$*),,tests/fuzz/files.c),tests/fuzz/replay.c)
$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.[ch]) $(STATIC)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -DBEFORE=$(if $(filter restore,$*),1,0) $(fuzz_sources) -o $@ \
	  $(if $(FUZZER),-fsanitize=fuzzer) $(LDFLAGS) $(STATIC) $(LIBS)

# Checkpoints of this library, one folder for each target that takes them.
fuzz_seeds = rm -rf $(BUILD)/tests/fuzz/seeds && mkdir -p $(BUILD)/tests/fuzz/seeds && \
  $(BUILD)/tests/fuzz/restore --seeds $(BUILD)/tests/fuzz/seeds

check-fuzz: $(FUZZ_PROGRAMS) ## what fuzzing has found, and seeds, once more
	$(Q)$(fuzz_seeds)
	$(Q)$(RUNNER) $(BUILD)/tests/fuzz/load tests/fuzz/corpus/load $(wildcard tests/golden/*/*.safetensors)
	$(Q)$(RUNNER) $(BUILD)/tests/fuzz/restore tests/fuzz/corpus/restore $(BUILD)/tests/fuzz/seeds
	$(Q)$(RUNNER) $(BUILD)/tests/fuzz/calls tests/fuzz/corpus/calls

VENV ?= $(BUILD)/venv
PYTHON_RUN = PYTHONPATH=$(CURDIR)/bindings/python NEUROAI_LIBRARY=$(abspath $(SHARED_LINK)) \
  PYTHONDONTWRITEBYTECODE=1 MPLBACKEND=Agg $(abspath $(VENV))/bin/python
PYTHON_PROJECT := $(wildcard bindings/python/pyproject.toml)

$(VENV)/.ready: $(PYTHON_PROJECT) tests/package/requirements.py
	$(call say,VENV,$(VENV))
	$(Q)$(PYTHON) -m venv --clear $(VENV)
	$(Q)$(PYTHON) tests/package/requirements.py $(PYTHON_PROJECT) > $(VENV)/requirements.txt
	$(Q)$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	$(Q)touch $@

check-python: shared $(VENV)/.ready ## Python tests, in a virtual environment inside the build folder
ifneq ($(wildcard bindings/python/tests/test_*.py),)
	$(Q)$(PYTHON_RUN) -m pytest -q -p no:cacheprovider $(PYTEST_FLAGS) bindings/python/tests tests/reproduce
else
	@echo "no Python tests"
endif

EXAMPLE_PROGRAMS := $(EXAMPLES:%.c=$(BUILD)/%)
CPP_EXAMPLE_PROGRAMS := $(CPP_EXAMPLES:%.cpp=$(BUILD)/%-cpp)
$(CPP_EXAMPLE_PROGRAMS): $(BUILD)/examples/%-cpp: examples/%.cpp $(CPP_HEADER) $(HEADERS) $(SHARED_LINK)
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(COMPILE_CPP) $< -o $@ $(LINK_CPP)

$(EXAMPLE_PROGRAMS): $(BUILD)/examples/%: examples/%.c $(SHARED_LINK)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) -Iinclude $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) $(INSTRUMENT) -MMD -MP -MF $@.d \
	  $< -o $@ $(LDFLAGS) -L$(BUILD) -lneuroai -Wl,-rpath,'$(ORIGIN)/..' -lm -pthread

# What goes into programs in C++ that use the shared library.
CXXFLAGS ?= -O2 -g
COMPILE_CPP = $(CXX) -Iinclude $(CPPFLAGS) -std=c++17 $(WARN) -Wshadow -Wold-style-cast $(CXXFLAGS) $(INSTRUMENT)
LINK_CPP = $(LDFLAGS) -L$(BUILD) -lneuroai -Wl,-rpath,'$(ORIGIN)/..' -pthread

CPP_TEST := $(BUILD)/tests/test_hpp
$(CPP_TEST): tests/cpp/test_hpp.cpp $(CPP_HEADER) $(HEADERS) $(SHARED_LINK)
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(COMPILE_CPP) $(CHECK_CFLAGS) $< -o $@ $(LINK_CPP) $(CHECK_LIBS)

check-cpp: $(CPP_TEST) ## neuroai.hpp: that it has every function of the headers, and does as it says
	$(Q)$(PYTHON) bindings/cpp/make.py --check
	$(Q)$(RUNNER) $(CPP_TEST)

.PHONY: tasks
tasks: shared $(VENV)/.ready ## writes the typed stub of the built-in tasks and the table in docs/tasks.md from what the library says
	$(Q)$(PYTHON_RUN) bindings/python/write_tasks.py

.PHONY: hpp
hpp: ## writes include/neuroai/neuroai.hpp from the C headers
	$(Q)$(PYTHON) bindings/cpp/make.py

# Each in its own empty folder; NEUROAI_EXAMPLE_QUICK=1 tells an example that nobody waits for the
# good result.
check-examples: $(EXAMPLE_PROGRAMS) $(CPP_EXAMPLE_PROGRAMS) $(if $(PYTHON_EXAMPLES),shared $(VENV)/.ready) ## every example
	@rm -rf $(BUILD)/examples/runs; failed=0; \
	limit=`command -v timeout >/dev/null && echo timeout 600`; \
	for example in $(EXAMPLES) $(CPP_EXAMPLES) $(PYTHON_EXAMPLES); do \
	  folder=$(abspath $(BUILD))/examples/runs/`basename $$example`; mkdir -p $$folder; \
	  case $$example in \
	  *.py) set -- env $(PYTHON_RUN) $(CURDIR)/$$example $$folder;; \
	  *.cpp) set -- $(RUNNER) $(abspath $(BUILD))/$${example%.cpp}-cpp;; \
	  *) set -- $(RUNNER) $(abspath $(BUILD))/$${example%.c};; \
	  esac; \
	  if (cd $$folder && NEUROAI_EXAMPLE_QUICK=1 $$limit "$$@" > output.txt 2>&1 < /dev/null); then \
	    echo "  ok      $$example"; \
	  else \
	    echo "  FAILED  $$example"; tail -n 20 $$folder/output.txt; failed=1; \
	  fi; \
	done; test $$failed -eq 0

# A program for each language; each prints the digits that C prints. One that cannot be had does not
# keep the others from being installed.
HOST_NEEDS := cxx luajit r octave mono jna go rust node
.PHONY: check-hosts
check-hosts: shared ## examples/hosts: installs the languages that can be had, runs all programs
	$(Q).ci/deps $(HOST_NEEDS) || for need in $(HOST_NEEDS); do .ci/deps $$need || :; done
	+$(Q)$(MAKE) --no-print-directory check-installed-hosts

check-installed-hosts: shared ## examples/hosts in the languages that are installed
	$(Q)CC="$(CC)" CXX="$(CXX)" tests/hosts/run.sh $(BUILD)

check-headers: ## public headers alone, as C99 and C++11, and the rules of the binary interface
	$(Q)CC="$(CC)" CXX="$(CXX)" tests/headers/run.sh $(BUILD)/tests/headers $(HEADERS)
	$(Q)$(PYTHON) tests/headers/test_rules.py
	$(Q)$(PYTHON) tests/headers/rules.py

check-symbols: all ## what the libraries export and what they call
	$(Q)NM="$(NM)" tests/lint/symbols.sh $(SHARED) $(STATIC) $(HEADERS)

check-versions: ## version.h, .pc, changelog, Python package and version script agree
	+$(Q)MAKE="$(MAKE)" tests/lint/versions.sh

# Which BLAS the test program would really run with.
check-blas: $(TEST_RUN) $(SHARED_LINK)
ifeq ($(IS_MAC),)
	$(Q)tests/package/blas.sh "$(BLAS)" "$(BLAS_FOLDERS)" $(TEST_RUN) $(SHARED)
endif

check-docs: shared $(VENV)/.ready ## README's programs, the diffs and links of docs/
	$(Q)CC="$(CC)" $(PYTHON_RUN) tests/docs/run.py $(BUILD)

# Not among CHECKS: pyright and the Node that it runs on come from PyPI and npm, some 100 MB.
TYPES_VENV := $(BUILD)/types-venv
$(TYPES_VENV)/.ready: $(VENV)/.ready
	$(call say,VENV,$(TYPES_VENV))
	$(Q)$(PYTHON) -m venv --clear $(TYPES_VENV)
	$(Q)$(TYPES_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'pyright[nodejs]'
	$(Q)touch $@

.PHONY: check-types
check-types: shared $(VENV)/.ready $(TYPES_VENV)/.ready ## README's Python and the tutorials by mypy and pyright, which both see misspelt names
	$(Q)PATH="$(abspath $(TYPES_VENV))/bin:$$PATH" $(PYTHON_RUN) tests/docs/typecheck.py --pyright

check-bench: $(BENCH_PROGRAMS) ## that the programs of `make bench` compile; none runs

# Not among CHECKS: it needs a commit to compare with, and builds it.
.PHONY: check-bits
check-bits: $(STATIC) ## BASE=commit: weights after 50 updates of many networks and rules have that commit's bits
	+$(Q)CC="$(CC)" LIBS="$(LIBS)" MAKE="$(MAKE)" tests/bits/bits.sh $(or $(BASE),main) $(BUILD)

# Not among CHECKS: it needs a compiler and an emulator of another processor, whose libraries Debian
# keeps beside those of this one. An emulator takes long, so these suites only; others by
# ARM_SUITES="trainer agent". By -O3, as some distributions build: more loops become vectors.
ARM := aarch64-linux-gnu
ARM_SUITES ?= kernels tables lists counts events state network activity
.PHONY: check-arm
check-arm: ## C tests that meet the kernels, cross-compiled for 64-bit ARM and run by qemu-user
	$(Q)PKG_CONFIG="$(PKG_CONFIG)" .ci/deps arm
	+$(Q)OPENBLAS_NUM_THREADS=1 CK_TIMEOUT_MULTIPLIER=10 PKG_CONFIG_LIBDIR=/usr/lib/$(ARM)/pkgconfig \
	  $(MAKE) --no-print-directory BUILD=$(BUILD)/arm CC=$(ARM)-gcc CFLAGS="-O3 -g" \
	    RUNNER="$(or $(RUNNER),qemu-aarch64)" BLAS=openblas BLAS_PC=openblas \
	    CK_RUN_SUITE="$(ARM_SUITES)" check-c

# Not among CHECKS: it needs Open MPI. KILLS: how often a process is killed. In Python too, where MPI_PYTHON has mpi4py.
KILLS ?= 4
MPI_PYTHON ?= $(VENV)/bin/python
.PHONY: check-mpi
check-mpi: shared ## training and simulation over MPI: any number of processes makes the same files, also after some were killed
	$(Q)PYTHON="$(PYTHON)" .ci/deps mpi
	@mkdir -p $(BUILD)/examples
	$(Q)for program in mpi_train mpi_spikes; do \
	  mpicc -Iinclude $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) examples/$$program.c -o $(BUILD)/examples/$$program \
	    $(LDFLAGS) -L$(BUILD) -lneuroai -Wl,-rpath,'$(abspath $(BUILD))' || exit 1; done
	$(Q)export PYTHONPATH=$(CURDIR)/bindings/python:$$PYTHONPATH NEUROAI_LIBRARY=$(abspath $(SHARED_LINK)); \
	  with=`$(MPI_PYTHON) -c 'import mpi4py, numpy' 2> /dev/null && echo --python $(abspath $(MPI_PYTHON))`; \
	  $(PYTHON) tests/mpi/run.py $(BUILD)/examples/mpi_train $(BUILD)/examples/mpi_spikes --kills $(KILLS) $$with

.PHONY: bench-mpi
bench-mpi: shared ## how an update and a simulation scale with processes: measured for 1 and 2, and a model beyond
	$(Q)PYTHON="$(PYTHON)" .ci/deps mpi
	@mkdir -p $(BUILD)/examples
	$(Q)mpicc -Iinclude $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) tests/mpi/scaling.c -o $(BUILD)/examples/mpi_scaling \
	  $(LDFLAGS) -L$(BUILD) -lneuroai -Wl,-rpath,'$(abspath $(BUILD))'
	$(Q)mpicc -Iinclude $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) examples/mpi_spikes.c -o $(BUILD)/examples/mpi_spikes \
	  $(LDFLAGS) -L$(BUILD) -lneuroai -Wl,-rpath,'$(abspath $(BUILD))'
	$(Q)$(PYTHON) tests/mpi/scaling.py $(BUILD)/examples/mpi_scaling
	$(Q)mpicc -Iinclude $(CPPFLAGS) -std=gnu11 $(WARN) $(CFLAGS) tests/mpi/rank_alone.c -o $(BUILD)/examples/rank_alone \
	  $(LDFLAGS) -L$(BUILD) -lneuroai -lm -Wl,-rpath,'$(abspath $(BUILD))'
	$(Q)$(PYTHON) tests/mpi/spikes_scaling.py $(BUILD)/examples/mpi_spikes $(BUILD)/examples/rank_alone

# Not among CHECKS: it needs abigail-tools, and an x86-64 as the dumps do.
.PHONY: check-abi abi
check-abi: all ## the binary interface against the last release's, and what the changelog says of it
	$(Q).ci/deps abi
	$(Q)CC="$(CC)" NM="$(NM)" $(PYTHON) tests/abi/test_abi.py
	$(Q)CC="$(CC)" NM="$(NM)" $(PYTHON) tests/abi/abi.py check $(SHARED)

abi: ## writes tests/abi/VERSION.abi and .constants: the binary interface that a release promises
	$(Q).ci/deps abi
	$(Q)CC="$(CC)" NM="$(NM)" $(PYTHON) tests/abi/abi.py write

check-cmake: all ## find_package(neuroai) after an install, and CMake's flags beside the Makefile's
	+$(Q)MAKE="$(MAKE)" BUILD="$(BUILD)" BLAS="$(BLAS)" PYTHON="$(PYTHON)" tests/package/cmake.sh

# Not among CHECKS: it compiles the library twice more and installs from PyPI, some minutes.
.PHONY: check-install
check-install: ## the Python package from its source archive, as a wheel, editable: each trains in an empty environment
	$(Q).ci/deps library python
	$(Q)PYTHON="$(PYTHON)" tests/package/python.sh

.PHONY: first-minutes
first-minutes: ## what a new user types, from an empty folder on, step by step; times go into docs/first_minutes.md
	$(Q).ci/deps library python
	$(Q)$(PYTHON) tests/package/first_minutes.py

.PHONY: wheel
wheel: ## a Python wheel that needs nothing from the system, in build/wheel, tried where no BLAS is
	$(Q).ci/deps library python
	$(Q)PYTHON="$(PYTHON)" BUILD="$(BUILD)" bindings/python/wheel.sh
	$(Q)PYTHON="$(PYTHON)" tests/package/hidden.sh $(BUILD)/wheel/*.whl

.PHONY: deb
deb: $(VENV)/.ready ## Debian packages of the last commit, in build/deb, which lintian accepts
	$(Q).ci/deps deb
	$(Q)VERSION="$(VERSION)" BUILD="$(BUILD)" PYTHON="$(abspath $(VENV))/bin/python" bindings/packages/deb.sh

check-package: all ## install, use as shared and as static library, uninstall
	+$(Q)MAKE="$(MAKE)" CC="$(CC)" PKG_CONFIG="$(PKG_CONFIG)" RUNNER="$(RUNNER)" BUILD="$(BUILD)" \
	  BLAS="$(BLAS)" tests/package/run.sh

# --- instrumented builds --------------------------------------------------------------------------

# OpenBLAS gets one thread here: it is not instrumented, so its own threads tell nothing and cost
# much.
instrumented = +$(Q)OPENBLAS_NUM_THREADS=1 $(2) $(MAKE) --no-print-directory BUILD=$(BUILD)/$@ \
  CFLAGS="-O1 -g" INSTRUMENT="-fno-omit-frame-pointer $(1)" check-c

.PHONY: asan usan tsan valgrind coverage
asan: ## C tests under the address and undefined-behaviour sanitizers
	$(call instrumented,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all,\
	  ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	  CK_TIMEOUT_MULTIPLIER=5)

# Clang's finds what GCC's does not look for: doubles that no integer can hold, integers that lose bits
# or their sign without a cast. Unsigned numbers may wrap around: random numbers and hashes do.
CLANG ?= $(or $(firstword $(shell command -v clang clang-19 clang-16 clang-14 2>/dev/null)),clang)
USAN := undefined,float-cast-overflow,float-divide-by-zero,integer,local-bounds
usan: ## C tests under Clang's undefined-behaviour sanitizer, conversions of numbers too
	$(Q)CLANG="$(CLANG)" .ci/deps clang
	+$(Q)OPENBLAS_NUM_THREADS=1 UBSAN_OPTIONS=print_stacktrace=1 CK_TIMEOUT_MULTIPLIER=5 \
	  $(MAKE) --no-print-directory BUILD=$(BUILD)/$@ CC="$(CLANG)" CFLAGS="-O1 -g" \
	  INSTRUMENT="-fno-omit-frame-pointer -fsanitize=$(USAN) \
	    -fno-sanitize=unsigned-integer-overflow,unsigned-shift-base -fno-sanitize-recover=all" check-c

tsan: ## C tests under the thread sanitizer
	$(call instrumented,-fsanitize=thread,\
	  TSAN_OPTIONS=halt_on_error=1:die_after_fork=0 CK_TIMEOUT_MULTIPLIER=10)

valgrind: $(TEST_RUN) ## C tests under valgrind
	$(Q).ci/deps valgrind
	+$(Q)CK_FORK=no OPENBLAS_NUM_THREADS=1 $(MAKE) --no-print-directory check-c \
	  RUNNER="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible"

# Lines of tests are not counted, so tests are compiled to be fast; the library's frames are those of -O0.
coverage: ## C tests, with the lines and branches that they reach; fails below what is asked for
	+$(Q)rm -f `find $(BUILD)/coverage -name '*.gcda' 2>/dev/null`; \
	  OPENBLAS_NUM_THREADS=1 CK_TIMEOUT_MULTIPLIER=5 \
	  $(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CFLAGS="-O0 -g" \
	    INSTRUMENT="--coverage -fprofile-update=atomic" \
	    TEST_CFLAGS="-O1 -fno-profile-arcs -fno-test-coverage -DTESTS_LARGE_FRAMES" check-c check-fuzz
	$(Q)$(PYTHON) tests/lint/coverage.py $(BUILD)/coverage

# What is found lies in build/fuzz/found; it goes into tests/fuzz/corpus when it is mended.
.PHONY: fuzz run-fuzz $(FUZZ:%=run-fuzz-%)
SECONDS ?= 60
fuzz: ## libFuzzer and clang's sanitizers, SECONDS=60 for each target of tests/fuzz
	$(Q)CLANG="$(CLANG)" .ci/deps fuzz
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC="$(CLANG)" FUZZER=1 CFLAGS="-O1 -g" \
	  INSTRUMENT="-fno-omit-frame-pointer -fno-sanitize-recover=all \
	  -fsanitize=fuzzer-no-link$(comma)address$(comma)undefined$(comma)float-cast-overflow" run-fuzz

run-fuzz: $(FUZZ_PROGRAMS)
	$(Q)$(fuzz_seeds)
	+$(Q)$(MAKE) --no-print-directory $(FUZZ:%=run-fuzz-%)

run-fuzz-load: more := tests/golden/0.1.0
run-fuzz-restore: more := $(BUILD)/tests/fuzz/seeds
run-fuzz-calls: longest := 400
$(FUZZ:%=run-fuzz-%): run-fuzz-%:
	@mkdir -p $(BUILD)/corpus/$* $(BUILD)/found
	$(Q)ASAN_OPTIONS=allocator_may_return_null=1 OPENBLAS_NUM_THREADS=1 \
	  $(BUILD)/tests/fuzz/$* -max_total_time=$(SECONDS) -timeout=30 -rss_limit_mb=3000 \
	    -max_len=$(or $(longest),32768) -dict=tests/fuzz/words.dict -artifact_prefix=$(BUILD)/found/$*- \
	    $(BUILD)/corpus/$* tests/fuzz/corpus/$* $(more) > $(BUILD)/found/$*.log 2>&1 \
	  || { tail -n 40 $(BUILD)/found/$*.log; echo "  FAILED  $*"; exit 1; }
	@echo "  $*: `sed -n 's/^Done \([0-9]*\) runs.*/\1/p' $(BUILD)/found/$*.log` inputs"

# --- demo, bench, style, documentation ------------------------------------------------------------

.PHONY: demo run-demo reproduce run-reproduce bench format lint docs dist
demo: ## set-up when needed, then a network learns a decision; pictures in build/demo
	+@$(MAKE) --no-print-directory ready NEEDED="library python"
	+@$(MAKE) --no-print-directory run-demo

run-demo: shared $(VENV)/.ready
	@mkdir -p $(BUILD)/demo
ifneq ($(wildcard examples/demo.py),)
	$(Q)$(PYTHON_RUN) examples/demo.py $(BUILD)/demo
else
	@echo "no demo"
endif

# QUICK=1 is the short form; ROWS="nnbrain song2016.dots*" runs some rows; JOBS=1 runs one process at a
# time. What ended is kept in $(BUILD)/reproduce, so the same command goes on where it was stopped.
reproduce: ## published results, repeated: prints a table, writes docs/reproduced.md; QUICK=1, ROWS=..., JOBS=...
	+@$(MAKE) --no-print-directory ready NEEDED="library python"
	+@$(MAKE) --no-print-directory run-reproduce

run-reproduce: shared $(VENV)/.ready
	$(Q)$(PYTHON_RUN) tests/reproduce/run.py --build $(BUILD)/reproduce \
	  $(if $(filter-out 0,$(QUICK)),--quick) $(if $(JOBS),--jobs $(JOBS)) $(foreach row,$(ROWS),'$(row)')

# Each file of tests/bench/ is a program; bench.c and bench_rules.c write numbers down, rivals.py adds
# the others'.
$(BENCH_PROGRAMS): $(BUILD)/tests/bench/%: tests/bench/%.c $(STATIC)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) -MMD -MP -MF $@.d $< -o $@ $(LDFLAGS) $(STATIC) $(LIBS)

bench: $(BENCH_PROGRAMS) shared $(VENV)/.ready ## speed, beside rivals where they are installed, into build/bench.json; SLOW=1: with what takes long to build
ifneq ($(wildcard tests/bench/bench.c),)
	$(Q)$(BUILD)/tests/bench/bench $(BUILD)/bench.json $(if $(SLOW),all)
	$(Q)$(BUILD)/tests/bench/bench_rules $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_microcircuit $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_layers $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_wang $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_spikes $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_sernn $(BUILD)/bench.json
	$(Q)$(BUILD)/tests/bench/bench_memory $(BUILD)/bench.json
	$(Q)for file in $(wildcard tests/bench/rivals.py); do $(PYTHON) $$file $(BUILD)/bench.json; done
	$(Q)$(PYTHON_RUN) tests/bench/calls.py $(BUILD)/bench.json
	$(Q)$(PYTHON_RUN) tests/bench/scaling.py $(BUILD)
	$(Q)$(PYTHON_RUN) tests/bench/spike_scaling.py $(BUILD)
	$(Q)$(PYTHON) tests/bench/table.py $(BUILD)/bench.json
else
	@echo "no tests/bench/bench.c"
endif

C_FILES = `find include lib tests examples -name '*.[ch]' | LC_ALL=C sort`
CLANG_FORMAT ?= clang-format

format: ## clang-format, in place
	$(Q).ci/deps format
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)

lint: ## direction of imports in lib/, what lib/ may not call, format
	$(Q)$(PYTHON) tests/lint/test_lint.py
	$(Q)$(PYTHON) tests/lint/lint.py
	$(Q)if $(CLANG_FORMAT) --version 2>/dev/null | grep -q ' version 14\.'; then \
	  $(CLANG_FORMAT) --dry-run $(C_FILES) 2>&1 \
	    | sed -n 's/^\([^ ]*:[0-9]*\):[0-9]*: warning: .*/\1: not as clang-format would (make format)/p' \
	    | uniq | awk '{ print } END { if (NR) exit 1; print "format: nothing to complain about" }'; \
	else \
	  echo "clang-format 14 is not installed: format not looked at"; \
	fi

# Its own environment: what builds a site is not what tests a library. Notebooks that have not changed
# are not run again, unless the library or the package has.
SITE_VENV := $(BUILD)/site-venv
$(SITE_VENV)/.ready: docs/site/requirements.txt
	$(call say,VENV,$(SITE_VENV))
	$(Q)$(PYTHON) -m venv --clear $(SITE_VENV)
	$(Q)$(SITE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	$(Q)touch $@

docs: ## the site, by Doxygen and Sphinx, its notebooks executed, in build/site; a warning is an error
	+@$(MAKE) --no-print-directory ready NEEDED="library python docs"
	+@$(MAKE) --no-print-directory run-docs

$(BUILD)/notebooks/.current: $(SHARED) $(wildcard bindings/python/neuroai/*.py) $(HEADERS)
	@rm -rf $(BUILD)/notebooks; mkdir -p $(BUILD)/notebooks
	$(Q)touch $@

.PHONY: run-docs
run-docs: shared $(SITE_VENV)/.ready $(BUILD)/notebooks/.current
	@rm -rf $(BUILD)/doxygen $(BUILD)/site; mkdir -p $(BUILD)/doxygen
	$(Q)NEUROAI_VERSION=$(VERSION) NEUROAI_DOCS=$(BUILD)/doxygen doxygen docs/Doxyfile
	$(Q)NEUROAI_VERSION=$(VERSION) NEUROAI_DOXYGEN=$(abspath $(BUILD))/doxygen/xml NEUROAI_BUILD=$(abspath $(BUILD)) \
	  NEUROAI_FLAGS='-I$(CURDIR)/include -L$(abspath $(BUILD)) -lneuroai -Wl,-rpath,$(abspath $(BUILD))' \
	  OPENBLAS_NUM_THREADS=1 $(PYTHON_RUN:$(abspath $(VENV))%=$(abspath $(SITE_VENV))%) -m sphinx -E -q -W --keep-going \
	  -c docs/site -d $(BUILD)/doctrees . $(BUILD)/site
	$(Q)$(PYTHON) tests/docs/manual.py $(BUILD)/site
	@echo "site: $(BUILD)/site/index.html"

DIST_TAR := $(BUILD)/libneuroai-$(VERSION).tar
dist: ## source archive of the last commit; the same bytes each time
	@mkdir -p $(BUILD)
	$(Q)git archive --format=tar --prefix=libneuroai-$(VERSION)/ HEAD > $(DIST_TAR)
	$(Q)gzip -n -9 -f $(DIST_TAR)
	@echo $(DIST_TAR).gz

# --- install --------------------------------------------------------------------------------------

# Remade each time: PREFIX may be another one than last time.
under_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
.PHONY: install uninstall deps clean help $(BUILD)/neuroai.pc cmake-package
$(BUILD)/neuroai.pc: neuroai.pc.in
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call under_prefix,$(LIBDIR))|' \
	  -e 's|@INCLUDEDIR@|$(call under_prefix,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' \
	  -e 's|@LIBS@|$(PC_LIBS)|' neuroai.pc.in > $@

CMAKE_FILES := neuroaiConfig.cmake neuroaiConfigVersion.cmake
cmake-package:
	@mkdir -p $(BUILD)/cmake
	$(Q)for file in $(CMAKE_FILES); do \
	  sed -e 's|@CMAKEDIR@|$(CMAKEDIR)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(PC_LIBS)|' -e 's|@SHARED@|$(SHARED_NAME)|' \
	    bindings/cmake/$$file.in > $(BUILD)/cmake/$$file; done

install: all $(BUILD)/neuroai.pc cmake-package ## DESTDIR PREFIX LIBDIR INCLUDEDIR PKGCONFIGDIR CMAKEDIR say where
	$(INSTALL) -d "$(DESTDIR)$(LIBDIR)" "$(DESTDIR)$(PKGCONFIGDIR)" "$(DESTDIR)$(CMAKEDIR)" "$(DESTDIR)$(INCLUDEDIR)/neuroai"
	$(INSTALL) -m 644 $(STATIC) "$(DESTDIR)$(LIBDIR)"
	$(INSTALL) -m 755 $(SHARED) "$(DESTDIR)$(LIBDIR)"
	for link in $(SHARED_LINKS); do ln -sf $(SHARED_NAME) "$(DESTDIR)$(LIBDIR)/$$link"; done
	$(INSTALL) -m 644 $(HEADERS) $(CPP_HEADER) "$(DESTDIR)$(INCLUDEDIR)/neuroai"
	$(INSTALL) -m 644 $(BUILD)/neuroai.pc "$(DESTDIR)$(PKGCONFIGDIR)"
	$(INSTALL) -m 644 $(CMAKE_FILES:%=$(BUILD)/cmake/%) "$(DESTDIR)$(CMAKEDIR)"

uninstall: ## the reverse, with the same variables
	for file in libneuroai.a $(SHARED_NAME) $(SHARED_LINKS); do rm -f "$(DESTDIR)$(LIBDIR)/$$file"; done
	for file in $(notdir $(HEADERS) $(CPP_HEADER)); do rm -f "$(DESTDIR)$(INCLUDEDIR)/neuroai/$$file"; done
	rm -f "$(DESTDIR)$(PKGCONFIGDIR)/neuroai.pc"
	for file in $(CMAKE_FILES); do rm -f "$(DESTDIR)$(CMAKEDIR)/$$file"; done
	-rmdir "$(DESTDIR)$(INCLUDEDIR)/neuroai" "$(DESTDIR)$(CMAKEDIR)"

deps: ready ## install what is missing (Debian, Ubuntu), or say what to install
	@echo "all dependencies are there"

clean: ## remove the build folder
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

-include $(STATIC_OBJECTS:.o=.d) $(SHARED_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) \
  $(EXAMPLE_PROGRAMS:=.d) $(BENCH_PROGRAMS:=.d) $(BUILD)/tests/memory/life.d
