# Each target installs the system packages that it needs (with sudo if you are not root).
SWIFT ?= swift
DEMO_SECONDS ?= 0
FUZZ_SECONDS ?= 300
RUNS ?= 10000
RELOADS ?= 1000
SEED ?= random
PREFIX ?= /usr
DESTDIR ?=
# With COVERAGE=1, the tests count the lines that they run. The programs of other suites are built in the same way, so that nothing is built twice.
DEBUG_BUILD = $(SWIFT) build $(if $(COVERAGE),--enable-code-coverage)
# The counts of programs outside the unit tests are discarded.
ifdef COVERAGE
export COVERAGE
export LLVM_PROFILE_FILE = /dev/null
endif
# The programs export no symbols, because nothing loads symbols from them; this saves 2 MB. With a section for each function, the linker leaves out
# functions that nothing calls; this saves 1.5 MB. `-z now` makes the tables of the dynamic loader read-only.
RELEASE_BUILD = TRIBUTARY_RELEASE=1 $(SWIFT) build -c release --static-swift-stdlib \
	-Xswiftc -Xfrontend -Xswiftc -function-sections \
	-Xlinker --no-export-dynamic -Xlinker -z -Xlinker now -Xlinker -L.build/static

.PHONY: help build release demo test docs pictures parquet-columns lint format fuzz validate-independently bench gates loader-test detections-test delivery-test fleet-test replay-test oauth-test okta-sdk-test fault-test metrics-test \
	exactly-once-test attack-test simulate simulate-delay simulate-faults systemd-test package-test reload-test respond-test deb tarball install uninstall clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build for development
	@scripts/install-dependencies build
	$(DEBUG_BUILD)

release: ## Build the programs for installation: optimized, with Swift's runtime and simdjson linked in
	@scripts/install-dependencies build
	packaging/static-simdjson .build/static
	$(RELEASE_BUILD) --product tributary
	$(RELEASE_BUILD) --product okta-simulator

demo: ## Watch the daemon collect from a simulated Okta org; with DEMO_SECONDS=20 it ends after 20 s
	@scripts/install-dependencies demo
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	@DEMO_SECONDS=$(DEMO_SECONDS) scripts/demo "$$($(DEBUG_BUILD) --show-bin-path)"

test: ## Run all tests that need only this machine; COVERAGE=1 also prints the unit tests' coverage of some modules
	@scripts/install-dependencies test
	scripts/test "$(SWIFT)"

docs: ## Rewrite docs/detections.md and the generated parts of docs/record-schema.md, docs/configuration.md, docs/metrics.md and docs/journal.md
	scripts/make-detections.py
	TRIBUTARY_WRITE_DOCS=1 $(SWIFT) test --filter 'RecordSchemaTests|ReferenceTests|MetricsTests|MessageCatalogTests'

pictures: ## Make the README's pictures again, from a real daemon with simulated orgs
	@scripts/install-dependencies metrics
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	SAMPLE_SECONDS=600 scripts/make-pictures "$$($(DEBUG_BUILD) --show-bin-path)" docs/pictures

parquet-columns: ## Rewrite libexec/parquet-columns.tsv from SCHEMA, a file with OCSF's schema
	scripts/make-parquet-columns.py "$(SCHEMA)" >libexec/parquet-columns.tsv.new && mv libexec/parquet-columns.tsv.new libexec/parquet-columns.tsv

lint: ## Check the format, the words, the faults of simulate-faults, and that Package.swift declares all imports, as CI does
	@SWIFT="$(SWIFT)" scripts/check-imports
	@scripts/check-words
	@Tests/simulate/faults --check
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Benchmarks Fuzz Package.swift

format: ## Format all Swift sources in place
	$(SWIFT) format format --in-place --recursive --parallel Sources Tests Benchmarks Fuzz Package.swift

fuzz: ## Test with hostile input under libFuzzer and AddressSanitizer; FUZZ_SECONDS=300
	@scripts/install-dependencies build
	SWIFT="$(SWIFT)" Fuzz/run $(FUZZ_SECONDS)

validate-independently: release ## Check records of every event type with a validator from PyPI; OCSF_FULL=1 checks every combination of options
	Suites/ocsf/run "$$($(SWIFT) build -c release --show-bin-path)"

bench: release ## Measure speed and memory on this machine, and compare with the limits and with other collectors
	@scripts/install-dependencies bench
	$(SWIFT) build -c release --static-swift-stdlib --product normalizer-benchmark
	$(SWIFT) build -c release --static-swift-stdlib --product spool-benchmark
	Benchmarks/harness/run "$$($(SWIFT) build -c release --show-bin-path)"

gates: ## Compare the mapping's allocations and instructions with the committed thresholds; ACCEPT=--accept writes new thresholds
	@scripts/install-dependencies gates
	$(SWIFT) build -c release --static-swift-stdlib --product normalizer-benchmark
	Benchmarks/gates/run "$$($(SWIFT) build -c release --show-bin-path)" $(ACCEPT)

exactly-once-test: ## Test the daemon with an org that refuses requests, limits pages, cuts answers off and has a wrong clock
	@scripts/install-dependencies build
	$(DEBUG_BUILD) --product tributary
	Suites/exactly-once/run "$$($(DEBUG_BUILD) --show-bin-path)"

# Built separately, because the simulation uses internal declarations of the daemon's modules, as tests do.
SIMULATION = $(SWIFT) build -c release -Xswiftc -enable-testing --scratch-path .build-simulate --product simulate-collection

simulate: ## Simulate the whole daemon with random seeds; RUNS=10000; SEED=1 for fixed seeds; FLEET=1 for the hosts of a fleet
	@scripts/install-dependencies build
	$(SIMULATION)
	"$$($(SIMULATION) --show-bin-path)/simulate-collection" $(SEED) $(RUNS) $(if $(FLEET),--fleet)

simulate-delay: ## Memory, bytes and duplicates where 1,000 events/s are stored two hours late, with queries by time; then without the delay
	@scripts/install-dependencies build
	$(SIMULATION)
	scripts/simulate-delay "$$($(SIMULATION) --show-bin-path)/simulate-collection"

simulate-faults: ## Put mistakes into the exactly-once code, one at a time, and check that the simulation finds each of them
	@scripts/install-dependencies build
	Tests/simulate/faults "$(SWIFT)"

systemd-test: release ## Test the daemon under real systemd in a container; needs root
	@scripts/install-dependencies systemd
	Suites/systemd/run "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/credentials "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/setup "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/delivery/systemd "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/respond "$$($(SWIFT) build -c release --show-bin-path)"

package-test: release ## Test the package: lintian, manual pages, install, upgrade and removal under real systemd; needs root; PACKAGE_FULL=1 adds Debian 13
	@scripts/install-dependencies package-test
	Suites/package/run "$$($(SWIFT) build -c release --show-bin-path)"

attack-test: ## Test attacks by other users of the host on spool, status and secrets; needs root
	@scripts/install-dependencies attacks
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/local-attacks/run "$$($(DEBUG_BUILD) --show-bin-path)"

reload-test: ## Test reloads under load: each event is collected once, and memory does not grow; RELOADS=1000
	@scripts/install-dependencies test
	$(DEBUG_BUILD) --build-tests
	TRIBUTARY_RELOADS=$(RELOADS) $(SWIFT) test --skip-build --filter 'EndToEndTests.ReloadTests/manyReloads'

respond-test: ## Test response actions in every user status, batches with kills, and their records; RESPOND_USERS=500 RESPOND_KILLS=60 for a long batch
	@scripts/install-dependencies build
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/respond/run "$$($(DEBUG_BUILD) --show-bin-path)"

loader-test: ## Run the recipes of docs/loaders.md on a real spool; needs PyPI for DuckDB, pyarrow and chdb
	@scripts/install-dependencies loaders
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/loaders/run "$$($(DEBUG_BUILD) --show-bin-path)"

detections-test: ## Run each detection on the records of its events, with DuckDB from PyPI, in each version of OCSF
	@scripts/install-dependencies loaders
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/detections/run "$$($(DEBUG_BUILD) --show-bin-path)"

delivery-test: release ## Test deliveries to a real S3 server and to fakes, with kills and lost connections; needs PyPI; SEED, PARTS (PARTS=measure compares with rclone and aws), SEGMENTS=10000 KILLS=100 for the long form
	@scripts/install-dependencies delivery
	Suites/delivery/run "$$($(SWIFT) build -c release --show-bin-path)"

fleet-test: ## Test a fleet on a real etcd and S3 server, with partitions, kills and lost answers; PARTS="chaos scale upgrade", HOSTS, ORGS, EVENTS, TTL, LEASE, SEED
	@scripts/install-dependencies fleet
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/fleet/run "$$($(DEBUG_BUILD) --show-bin-path)" $(PARTS)

replay-test: release ## Test a replay of 1,000,000 records that is killed ten times; EVENTS, KILLS, SEED, WORK
	@scripts/install-dependencies test
	Suites/replay/run "$$($(SWIFT) build -c release --show-bin-path)"

oauth-test: ## Test OAuth and DPoP with an org that checks them with PyJWT and cryptography; needs PyPI
	@scripts/install-dependencies oauth
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/oauth/run "$$($(DEBUG_BUILD) --show-bin-path)"

okta-sdk-test: ## Test okta-simulator with Okta's Python SDK: every page of the log, users, groups, roles, sessions; needs PyPI
	@scripts/install-dependencies okta-sdk
	$(DEBUG_BUILD) --product okta-simulator
	Suites/okta-sdk/run "$$($(DEBUG_BUILD) --show-bin-path)"

metrics-test: ## Test metrics, alert rules and the status page, with hostile clients and 1,000 integrations; PICTURES=directory
	@scripts/install-dependencies metrics
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/metrics/run "$$($(DEBUG_BUILD) --show-bin-path)" $(PICTURES)

fault-test: ## Test the daemon with failures of disk, kernel and clock; needs root; FAULTS_FULL=1 tests every crash point
	@scripts/install-dependencies faults
	$(DEBUG_BUILD) --product tributary
	$(DEBUG_BUILD) --product okta-simulator
	Suites/faults/run "$$($(DEBUG_BUILD) --show-bin-path)"

deb: release ## Make the Debian package and the package with its symbols, in .build/package; run it on Debian 12
	@scripts/install-dependencies package
	packaging/build-deb .build/release .build/package

tarball: release ## Make a tarball with an installer for other distributions, in .build/package
	@scripts/install-dependencies package
	packaging/build-tarball .build/release .build/package

install: ## Install a release build under PREFIX, with units, manual pages, docs and the configuration
	@scripts/install-dependencies install
	scripts/install .build/release "$(DESTDIR)" "$(PREFIX)"

uninstall: ## Remove the files that install has installed; configuration, state and spool stay
	scripts/uninstall "$(DESTDIR)" "$(PREFIX)"

clean: ## Remove everything that was built
	rm -rf .build .build-simulate .demo .bench .fuzz
