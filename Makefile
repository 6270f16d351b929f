# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets. Everything made goes to $(BUILD).

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VERSION := 0.1.0
BUILD   ?= build
PREFIX  ?= /usr/local
# Where systemd looks for units, of /usr and /usr/local alike.
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
CC      ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG   ?= clang
BPFTOOL ?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
PKG_CONFIG ?= pkg-config
PYTHON  ?= python3
# amd64 or arm64: which machine the agent and its kernel programs are built for.
ARCH    ?= $(shell uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')
SECONDS ?= 60
Q := $(if $(V),,@)

# ---- What may include what: one line per module, the floors of ARCHITECTURE.md -----
# A module sees the headers of the modules named here and of no other, so that an
# upward include does not compile. By -iquote: <elf.h> stays the system's.
MODULES := $(filter $(notdir $(wildcard agent/*)),base sys wire genai flow trace account otlp store metrics probe ui)
SEES_base    :=
SEES_sys     := base
SEES_wire    := base
SEES_genai   := base wire
SEES_flow    := base wire genai
SEES_trace   := base genai
SEES_account := base wire genai trace
SEES_otlp    := base sys wire genai trace account
SEES_store   := base sys wire genai trace account
SEES_metrics := base sys genai trace account otlp
SEES_probe   := base sys
SEES_ui      := base sys wire genai trace store
SEES_main    := base sys wire genai flow trace account otlp store metrics probe ui
# Only these also see the kernel contract.
ABI_USERS    := flow probe main
# Only these see the generated skeleton of the kernel programs.
SKEL_USERS   := probe
# Only these see the bundled files of the page.
WEB_USERS    := ui
# What runs without eBPF, root or a clock: linked into tests, fuzzers and benches.
PURE         := $(filter $(MODULES),base wire genai flow trace account otlp store metrics sys)

# Of a module that is not, the files that are: no libbpf, no generated skeleton.
PURE_FILES   := $(wildcard agent/probe/discover*.c agent/probe/feature.c agent/probe/filter.c agent/probe/perfring.c \
	agent/probe/explain.c agent/probe/jvm_load.c agent/probe/jvm_text.c agent/probe/memo.c agent/probe/scout.c agent/probe/urgent.c agent/probe/young.c agent/probe/locate/*.c \
	agent/ui/numbers.c agent/ui/grid.c agent/ui/chart.c agent/ui/waterfall.c agent/ui/guard.c agent/ui/assets.c agent/ui/boards.c)

LIBS_PURE  := libelf libdw zlib libbrotlidec libzstd libnghttp2 libcurl libcap-ng \
	sqlite3 yaml-0.1 libpcre2-8
LIBS_AGENT := $(LIBS_PURE) libbpf libmicrohttpd ncursesw

pkg = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null)

# ---- Flags ------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wno-format-nonliteral -Wundef -Wpointer-arith
BASE_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DGENTAP_VERSION='"$(VERSION)"' -g $(WARN) \
	-fno-strict-aliasing -include agent/base/banned.h
HARDEN := -O2 -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 \
	$(if $(filter amd64,$(ARCH)),-fcf-protection)
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
SANITIZE := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZER := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

CFLAGS_release  := $(HARDEN)
CFLAGS_asan     := $(SANITIZE)
CFLAGS_fuzz     := $(FUZZER)
CC_release := $(CC)
CC_asan    := $(CC)
CC_fuzz    := $(CLANG)

# ---- Kernel programs ----------------------------------------------------------------
BPF_SRCS := $(wildcard bpf/*.bpf.c)
BPF_OBJS := $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
BPF_ARCH := $(if $(filter arm64,$(ARCH)),arm64,x86)
SKEL     := $(BUILD)/gen/gentap.skel.h
# Of <asm/types.h> any machine's will do: the programs take only fixed-width types from it.
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v2 -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Ibpf -Wall -Wextra -Werror \
	-Wno-unused-parameter $(addprefix -isystem ,$(wildcard /usr/include/*-linux-gnu))

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/gen/gentap.bpf.o: $(BPF_OBJS)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(BUILD)/gen/gentap.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name gentap_bpf > $@.tmp && mv $@.tmp $@

# ---- The page: bundled, compressed, as a C header --------------------------------------
WEB_SRCS := $(shell find agent/ui/web agent/ui/dashboards agent/ui/openapi.json agent/ui/demo.gentap.gz -type f)
WEB      := $(BUILD)/web/ui_assets.h

# Files whose name starts with a dot are not the build's: npm's own.
$(BUILD)/web/.installed: agent/ui/web/package-lock.json
	@mkdir -p $(@D)
	$(Q)cp agent/ui/web/package.json agent/ui/web/package-lock.json $(@D)
	$(Q)cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts
	$(Q)touch $@
$(WEB): $(BUILD)/web/.installed $(WEB_SRCS)
	$(Q)node agent/ui/web/build.mjs --out $(BUILD)/web
# ---- Price list: from the npm package that agent/account/prices pins ------------------
PRICES := $(BUILD)/gen/prices.json
$(PRICES): agent/account/prices/package.json agent/account/prices/package-lock.json agent/account/prices/extract.mjs
	@mkdir -p $(@D) $(BUILD)/prices
	$(Q)cp $^ $(BUILD)/prices/
	$(Q)cd $(BUILD)/prices && npm ci --silent --no-audit --no-fund --ignore-scripts
	$(Q)cd $(BUILD)/prices && node extract.mjs > prices.json
	$(Q)mv $(BUILD)/prices/prices.json $@

# ---- The agent for JVMs: empty where there is no Java compiler ---------------------------
JAVA_AGENT := $(BUILD)/gen/java-agent.jar
JAVAC ?= $(shell command -v javac)
$(JAVA_AGENT): $(wildcard agent/probe/java/*)
	@mkdir -p $(@D)
ifeq ($(JAVAC),)
	$(Q): >$@
else
	$(Q)rm -rf $(BUILD)/java && mkdir -p $(BUILD)/java
	$(Q)$(JAVAC) -encoding UTF-8 -Xlint:all,-options -Werror --release 11 -d $(BUILD)/java $(filter %.java,$^)
	$(Q)$(dir $(JAVAC))jar --create --file $@ --manifest agent/probe/java/manifest -C $(BUILD)/java gentap
endif

# ---- Modules, in each variant ------------------------------------------------------
includes = $(addprefix -iquoteagent/,$(1) $(SEES_$(1))) $(if $(filter $(1),$(ABI_USERS)),-Iinclude) \
	$(if $(filter $(1),$(SKEL_USERS)),-DGENTAP_USES_BPF -isystem $(BUILD)/gen) \
	$(if $(filter $(1),$(WEB_USERS)),-isystem $(BUILD)/web)
SRCS_main := $(wildcard agent/*.c)
$(foreach m,$(MODULES),$(eval SRCS_$(m) := $(wildcard agent/$(m)/*.c agent/$(m)/*/*.c)))
objs = $(patsubst agent/%.c,$(BUILD)/$(1)/%.o,$(SRCS_$(2)))
pure_files = $(patsubst agent/%.c,$(BUILD)/$(1)/%.o,$(PURE_FILES))

define module_rules
$(call objs,$(1),$(2)): $(BUILD)/$(1)/%.o: agent/%.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) $$(CFLAGS) $(call includes,$(2)) $$(CPPFLAGS) -MMD -MP -c $$< -o $$@
$(if $(filter $(2),$(SKEL_USERS)),$(filter-out $(call pure_files,$(1)),$(call objs,$(1),$(2))): $(SKEL))
$(if $(filter $(2),$(WEB_USERS)),$(BUILD)/$(1)/$(2)/assets.o: $(WEB))
$(if $(filter $(2),probe),$(BUILD)/$(1)/probe/jvms.o: $(JAVA_AGENT)
$(BUILD)/$(1)/probe/jvms.o: CPPFLAGS += -DJAVA_AGENT='"$(JAVA_AGENT)"')
$(if $(filter $(2),account),$(BUILD)/$(1)/account/price_builtin.o: $(PRICES)
$(BUILD)/$(1)/account/price_builtin.o: CPPFLAGS += -DPRICES_JSON='"$(PRICES)"')
endef
$(foreach v,release asan fuzz,$(foreach m,$(MODULES),$(eval $(call module_rules,$(v),$(m)))))
define main_rules
$(patsubst agent/%.c,$(BUILD)/$(1)/main/%.o,$(SRCS_main)): $(BUILD)/$(1)/main/%.o: agent/%.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) $$(CFLAGS) $(addprefix -iquoteagent/,$(SEES_main)) -Iinclude -Iagent $$(CPPFLAGS) -MMD -MP -c $$< -o $$@
endef
$(foreach v,release asan,$(eval $(call main_rules,$(v))))

agent_objs = $(foreach m,$(MODULES),$(call objs,$(1),$(m))) $(patsubst agent/%.c,$(BUILD)/$(1)/main/%.o,$(SRCS_main))
pure_objs = $(foreach m,$(PURE),$(call objs,$(1),$(m))) $(call pure_files,$(1))

$(BUILD)/gentap: $(call agent_objs,release)
	$(Q)$(CC) $(HARDEN_LD) $(LDFLAGS) $^ -o $@ $(call pkg,--libs,$(LIBS_AGENT)) -lm
$(BUILD)/gentap-asan: $(call agent_objs,asan)
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) $^ -o $@ $(call pkg,--libs,$(LIBS_AGENT)) -lm

# ---- Tests, fuzzers, benches: a new file is found by its name ------------------------
TEST_INCLUDES := $(addprefix -iquoteagent/,$(SEES_main)) -Iinclude -Itests/unit
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzzers/%,$(wildcard tests/fuzz/fuzz_*.c))
# Programs that a Python test of the same suite drives.
DRIVEN := $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/replay/*.c tests/system/*.c))
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
# What tests compare with, and make their input with; never in the agent.
$(BUILD)/unit/test_inflate $(BUILD)/fuzzers/fuzz_inflate $(BUILD)/bench/bench_wire: LIBS_TEST := libbrotlienc
$(BUILD)/fuzzers/fuzz_json $(BUILD)/bench/bench_json: LIBS_TEST := libcjson
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(BUILD)/unit/libpure.a: $(call pure_objs,asan)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/fuzzers/libpure.a: $(call pure_objs,fuzz)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/bench/libpure.a: $(call pure_objs,release)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c tests/unit/test.c tests/unit/test.h $(BUILD)/unit/libpure.a
	$(Q)$(CC) $(BASE_CFLAGS) $(SANITIZE) $(TEST_INCLUDES) -MMD -MP -MF $@.d tests/unit/test.c $< \
		$(BUILD)/unit/libpure.a $(WRAP) -o $@ $(call pkg,--libs,$(LIBS_PURE) $(LIBS_TEST)) -lm
$(DRIVEN): $(BUILD)/%: tests/%.c $(BUILD)/unit/libpure.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(SANITIZE) $(TEST_INCLUDES) -MMD -MP -MF $@.d $< $(filter %.o,$^) \
		$(BUILD)/unit/libpure.a -o $@ $(call pkg,--libs,$(LIBS_PURE) $(LIBS_TEST)) -lm
$(BUILD)/system/scrape_serve: $(BUILD)/asan/main/scrape.o
$(BUILD)/system/scrape_serve: LIBS_TEST := libmicrohttpd
$(BUILD)/system/kube_ask: $(BUILD)/asan/main/kube.o
$(BUILD)/ui/%: tests/ui/%.c $(BUILD)/bench/libpure.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(HARDEN) $(TEST_INCLUDES) -MMD -MP -MF $@.d $< $(BUILD)/bench/libpure.a \
		-pie -o $@ $(call pkg,--libs,$(LIBS_PURE)) -lm
$(BUILD)/fuzzers/%: tests/fuzz/%.c $(BUILD)/fuzzers/libpure.a
	$(Q)$(CLANG) $(BASE_CFLAGS) -Wno-missing-prototypes $(FUZZER) -fsanitize=fuzzer $(TEST_INCLUDES) -MMD -MP -MF $@.d $< \
		$(BUILD)/fuzzers/libpure.a -o $@ $(call pkg,--libs,$(LIBS_PURE) $(LIBS_TEST)) -lm
$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/bench/libpure.a
	$(Q)$(CC) $(BASE_CFLAGS) $(HARDEN) $(TEST_INCLUDES) -MMD -MP -MF $@.d $< $(BUILD)/bench/libpure.a \
		-pie -o $@ $(call pkg,--libs,$(LIBS_PURE) $(LIBS_TEST)) -lm

-include $(shell [ -d $(BUILD) ] && find $(BUILD) '(' -name 'venv*' -o -name node -o -name rust -o -name binaries -o -name arm64 ')' -prune \
	-o -type f -name '*.d' -print)

# As many jobs as there are CPUs, unless make was told how many.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- Targets -------------------------------------------------------------------------
.PHONY: all deps deps-test run test test-live test-agents test-kernels test-torture test-backends test-image test-frameworks conformance check bench fuzz fuzzers unit asan install uninstall deb format lint clean help arm64 clang
all: $(BUILD)/gentap ## build the agent
	@:
asan: $(BUILD)/gentap-asan
unit: $(UNIT) $(DRIVEN)
fuzzers: $(FUZZ)
benches: $(BENCH)

# npm comes with Debian's package or with another Node.js that has brought its own.
NPM_DEPS := $(if $(shell command -v npm),,nodejs npm)
# Root installs as it is; a user through sudo, which is called for nothing else.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
LIBS_DEV := libbpf-dev libelf-dev libdw-dev zlib1g-dev libbrotli-dev libzstd-dev libnghttp2-dev \
	libcurl4-openssl-dev libcap-ng-dev libsqlite3-dev libyaml-dev libmicrohttpd-dev libpcre2-dev \
	libncurses-dev uthash-dev libc6-dev
DEPS := gcc make clang llvm bpftool $(LIBS_DEV) pkg-config ca-certificates $(NPM_DEPS)
DEPS_TEST := chromium g++ libgnutls28-dev libssl-dev libfaketime libclang-rt-14-dev python3-venv python3-pip openssl curl procps brotli zstd \
	libcjson-dev util-linux systemd dpkg-dev podman buildah runc gcc-aarch64-linux-gnu openjdk-17-jdk-headless \
	redis-server postgresql

define apt_install
	@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		echo "installing with apt-get:" $$missing; \
		[ -z "$(SUDO)" ] || echo "(this step needs root: sudo may ask for your password)"; \
		$(SUDO) apt-get update -qq || true; \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef
deps: ## install what is missing to build and run (apt)
	$(call apt_install,$(DEPS))
deps-test:
	$(call apt_install,$(DEPS) $(DEPS_TEST))
	$(Q)tests/setup

# As root, and leaving nothing in the tree. sudo resets PATH, where the clients are.
live_tests = $(if $(SUDO),echo "capturing needs root: running the live tests with sudo"; )$(SUDO) env \
	PATH="$$PATH" PYTHONDONTWRITEBYTECODE=1 BUILD=$(abspath $(BUILD)) $(PYTHON) tests/run live

run: deps ## install, build, start the agent and show live calls
	+$(Q)$(SUBMAKE) all
	@[ -z "$(SUDO)" ] || echo "capturing needs root: starting the agent with sudo"
	$(Q)$(SUDO) $(BUILD)/gentap run --print --store --ui $(ARGS)

check: ## fast inner loop: unit and replay tests under ASan and UBSan, no root
	@[ -x $(BUILD)/venv/bin/python ] || { echo "make check needs the tests' packages, once: make deps-test" >&2; exit 1; }
	+$(Q)$(SUBMAKE) unit asan all
	$(Q)$(PYTHON) tests/run unit replay

test: deps-test ## install, build, pass every test, live ones included
	+$(Q)$(SUBMAKE) unit asan fuzzers all arm64 clang $(BUILD)/ui/fill
	$(Q)$(PYTHON) tests/run unit replay system conformance fuzz ui
	$(Q)$(live_tests)

# The other machine's agent and kernel programs, whole, with Debian's own libraries for it.
ARM64 := $(BUILD)/arm64
ARM64_ROOT := $(abspath $(ARM64))/root
arm64: ## cross-build the agent for arm64, to $(BUILD)/arm64/out/gentap
	$(Q)tests/arm64-root $(ARM64) $(LIBS_DEV)
	+$(Q)PKG_CONFIG_SYSROOT_DIR=$(ARM64_ROOT) \
		PKG_CONFIG_LIBDIR=$(ARM64_ROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(ARM64_ROOT)/usr/share/pkgconfig \
		$(SUBMAKE) ARCH=arm64 BUILD=$(ARM64)/out \
		CC='aarch64-linux-gnu-gcc --sysroot=$(ARM64_ROOT)' all

clang: ## the agent by the other compiler, to $(BUILD)/clang/gentap
	+$(Q)$(SUBMAKE) BUILD=$(BUILD)/clang CC='$(CLANG)' all

conformance: deps-test ## recorded traffic against the official SDKs' reading
	+$(Q)$(SUBMAKE) all
	$(Q)$(PYTHON) tests/run conformance

test-live: deps-test ## real clients through real TLS, captured by the real kernel
	+$(Q)$(SUBMAKE) all
	$(Q)$(live_tests)

test-agents: deps-test ## real runtimes and agents of the registries, pinned and latest (3 GB, root)
	+$(Q)$(SUBMAKE) all
	$(call apt_install,gnutls-bin libnss3-dev libmbedtls14 libwolfssl35)
	$(Q)MATRIX=$(abspath $(BUILD))/matrix.json $(PYTHON) tests/run agents; r=$$?; tests/agents/table.py $(BUILD)/matrix.json; exit $$r

# Phoenix and MLflow, each with an environment of its own, filled again when its list changes.
test-backends: deps-test ## real backends count and price our spans themselves (installs 2 GB)
	+$(Q)$(SUBMAKE) all unit asan
	$(Q)for b in phoenix mlflow; do list=tests/backends/$$b.txt; venv=$(BUILD)/venv-$$b; \
		cmp -s $$list $$venv/.stamp || { $(PYTHON) -m venv $$venv && $$venv/bin/pip install -q -r $$list && \
			cp $$list $$venv/.stamp; } || exit; done
	$(Q)tests/otelcol backends || [ $$? = 77 ]
	$(Q)$(PYTHON) tests/run backends
	$(Q)$(PYTHON) tests/run -k test_collector system

test-image: ## the container image by its Dockerfile, from the first stage on (root, 10 min)
	$(call apt_install,buildah podman runc debootstrap)
	$(Q)$(SUDO) tests/image

test-kernels: deps-test ## other kernels and arm64 under QEMU, without KVM (downloads 500 MB)
	$(call apt_install,qemu-system-x86 qemu-system-arm busybox-static cpio xz-utils)
	+$(Q)$(SUBMAKE) all arm64
	$(Q)MATRIX=$(abspath $(BUILD))/kernels.json $(PYTHON) tests/run kernels; r=$$?; tests/agents/table.py $(BUILD)/kernels.json; exit $$r

test-torture: deps-test ## attach and detach 1,000 times under load, their programs' results compared (root, 40 min)
	+$(Q)$(SUBMAKE) all
	$(Q)$(if $(SUDO),sudo) env PATH="$$PATH" PYTHONDONTWRITEBYTECODE=1 BUILD=$(abspath $(BUILD)) STACKS=all BINARIES=1 \
		ROUNDS=$(or $(ROUNDS),1000) $(BUILD)/venv/bin/python tests/live/torture.py

# CrewAI goes with none of the others: an environment of its own. Each is filled again when its list changes.
VENVS := agents:tests/live/frameworks.txt crewai:tests/live/frameworks-crewai.txt
test-frameworks: deps-test ## agent frameworks' trees against their own tracing (root; installs much)
	+$(Q)$(SUBMAKE) all
	$(Q)for v in $(VENVS); do venv=$(BUILD)/venv-$${v%%:*}; list=$${v#*:}; \
		cmp -s $$list $$venv/.stamp || { $(PYTHON) -m venv $$venv && $$venv/bin/pip install -q -r $$list && \
			cp $$list $$venv/.stamp; } || exit; done
	$(Q)$(BUILD)/venv/bin/python tests/live/frameworks_runs.py

bench: all benches ## print measurements (root)
	$(Q)tests/bench/run

fuzz: fuzzers ## fuzz every parser for SECONDS each
	$(Q)tests/fuzz/run $(SECONDS)

install: all ## install to $(DESTDIR)$(PREFIX)
	install -D -m 755 $(BUILD)/gentap $(DESTDIR)$(PREFIX)/bin/gentap
	$(Q)set -e; share=$(DESTDIR)$(PREFIX)/share; tmp=$(BUILD)/install.tmp; \
	put() { install -D -m 644 $$tmp $$share/$$1; echo "install $$share/$$1"; }; \
	$(BUILD)/gentap completion bash >$$tmp; put bash-completion/completions/gentap; \
	$(BUILD)/gentap completion zsh >$$tmp; put zsh/site-functions/_gentap; \
	$(BUILD)/gentap completion fish >$$tmp; put fish/vendor_completions.d/gentap.fish; \
	$(BUILD)/gentap man >$$tmp; put man/man1/gentap.1; \
	for c in $$($(BUILD)/gentap help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do \
		$(BUILD)/gentap man $$c >$$tmp; put man/man1/gentap-$$c.1; \
	done; rm -f $$tmp
	$(Q)sed 's|/usr/bin/gentap|$(PREFIX)/bin/gentap|' deploy/systemd/gentap.service >$(BUILD)/gentap.service
	install -D -m 644 $(BUILD)/gentap.service $(DESTDIR)$(UNITDIR)/gentap.service
	[ -e $(DESTDIR)/etc/gentap/config.yaml ] || \
		install -D -m 644 deploy/config.yaml $(DESTDIR)/etc/gentap/config.yaml
# What an administrator may have written, and the database, stay.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/gentap $(DESTDIR)$(UNITDIR)/gentap.service
	cd $(DESTDIR)$(PREFIX)/share 2>/dev/null && rm -f bash-completion/completions/gentap \
		zsh/site-functions/_gentap fish/vendor_completions.d/gentap.fish \
		man/man1/gentap.1 man/man1/gentap-*.1 || true

deb: all ## build a Debian package, to $(BUILD)/gentap_$(VERSION)_$(ARCH).deb
	$(call apt_install,dpkg-dev)
	$(Q)rm -rf $(BUILD)/deb
	$(Q)$(MAKE) --no-print-directory install DESTDIR=$(abspath $(BUILD))/deb/root PREFIX=/usr >/dev/null
	$(Q)deploy/debian/build $(abspath $(BUILD))/deb $(VERSION) $(ARCH)

C_FILES = $(shell git ls-files '*.c' '*.h')
format: ## clang-format in place
	clang-format -i $(C_FILES)
lint: ## style: clang-format, spdx, sizes
	$(Q)tests/lint

clean:
	rm -rf $(BUILD)
help:
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed 's/:.*## /\t/' | expand -t 12
