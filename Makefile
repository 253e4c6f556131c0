# Every target does its own set-up, system packages included (with sudo where you are not root).
SWIFT ?= swift
DEMO_SECONDS ?= 0
FUZZ_SECONDS ?= 300
RUNS ?= 10000
RELOADS ?= 1000
SEED ?= random
PREFIX ?= /usr
DESTDIR ?=
# Nothing loads symbols from the programs: without their names they are 2 MB smaller. What the loader has filled in is read-only (-z now).
RELEASE_BUILD = TRIBUTARY_RELEASE=1 $(SWIFT) build -c release --static-swift-stdlib \
	-Xlinker --no-export-dynamic -Xlinker -z -Xlinker now -Xlinker -L.build/static

.PHONY: help build release demo test docs pictures parquet-columns lint format fuzz validate-independently bench gates coverage loader-test detections-test delivery-test fleet-test replay-test oauth-test okta-sdk-test fault-test metrics-test \
	exactly-once-test attack-test simulate simulate-faults systemd-test package-test reload-test respond-test deb tarball install uninstall clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build for development
	@scripts/install-dependencies build
	$(SWIFT) build

release: ## Build what an operator installs: optimised, Swift's runtime and simdjson inside
	@scripts/install-dependencies build
	packaging/static-simdjson .build/static
	$(RELEASE_BUILD) --product tributary
	$(RELEASE_BUILD) --product okta-simulator

demo: ## Watch the daemon collect from a simulated Okta org; DEMO_SECONDS=20 ends it by itself
	@scripts/install-dependencies demo
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	@DEMO_SECONDS=$(DEMO_SECONDS) scripts/demo "$$($(SWIFT) build --show-bin-path)"

LEASES = FleetTests.(EtcdLeaseStore|LeaseKeeper|S3Lease)Tests

test: ## Everything that needs no more than this machine
	@scripts/install-dependencies test
	$(SWIFT) build --build-tests
	# Apart, and a few at a time: those that run whole programs, or compute for long, would starve the others.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 $(SWIFT) test --skip-build --skip 'EndToEndTests|$(LEASES)'
	# Leases run out if nobody gets the processor: one at a time.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=1 $(SWIFT) test --skip-build --filter '$(LEASES)'
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 $(SWIFT) test --skip-build --filter EndToEndTests

docs: ## Rewrite docs/detections.md and the made parts of docs/record-schema.md, docs/configuration.md, docs/metrics.md and docs/journal.md
	scripts/make-detections.py
	TRIBUTARY_WRITE_DOCS=1 $(SWIFT) test --filter 'RecordSchemaTests|ReferenceTests|MetricsTests|MessageCatalogTests'

pictures: ## Make the README's pictures again, from a real daemon and simulated orgs
	@scripts/install-dependencies metrics
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	SAMPLE_SECONDS=600 scripts/make-pictures "$$($(SWIFT) build --show-bin-path)" docs/pictures

parquet-columns: ## Rewrite libexec/parquet-columns.tsv from SCHEMA, a file of OCSF's schema
	scripts/make-parquet-columns.py "$(SCHEMA)" >libexec/parquet-columns.tsv.new && mv libexec/parquet-columns.tsv.new libexec/parquet-columns.tsv

lint: ## The formatter's findings, and imports that Package.swift does not declare, as CI sees them
	@SWIFT="$(SWIFT)" scripts/check-imports
	@scripts/check-words
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Benchmarks Fuzz Package.swift

format: ## Format all Swift sources in place
	$(SWIFT) format format --in-place --recursive --parallel Sources Tests Benchmarks Fuzz Package.swift

fuzz: ## Hostile input under libFuzzer and AddressSanitizer; FUZZ_SECONDS=300
	@scripts/install-dependencies build
	SWIFT="$(SWIFT)" Fuzz/run $(FUZZ_SECONDS)

validate-independently: release ## Records of every event type against a validator from PyPI; OCSF_FULL=1 takes every combination of options
	Suites/ocsf/run "$$($(SWIFT) build -c release --show-bin-path)"

bench: release ## Speed and memory on this machine, against the limit and against peers
	@scripts/install-dependencies bench
	$(SWIFT) build -c release --static-swift-stdlib --product normalizer-benchmark
	$(SWIFT) build -c release --static-swift-stdlib --product spool-benchmark
	Benchmarks/harness/run "$$($(SWIFT) build -c release --show-bin-path)"

gates: ## The mapping's allocations and instructions against what is committed; ACCEPT=--accept writes them down again
	@scripts/install-dependencies gates
	$(SWIFT) build -c release --static-swift-stdlib --product normalizer-benchmark
	Benchmarks/gates/run "$$($(SWIFT) build -c release --show-bin-path)" $(ACCEPT)

coverage: ## How much of the spool, the log's pages, deliveries and fleets their unit tests run; a build of its own, in .build-coverage
	@scripts/install-dependencies test
	scripts/coverage "$(SWIFT)"

exactly-once-test: ## The daemon against an org that refuses, caps and cuts, and whose clock is another
	@scripts/install-dependencies build
	$(SWIFT) build --product tributary
	Suites/exactly-once/run "$$($(SWIFT) build --show-bin-path)"

# Built apart, since the simulation reaches into the daemon's modules as tests do.
SIMULATION = $(SWIFT) build -c release -Xswiftc -enable-testing --scratch-path .build-simulate --product simulate-collection

simulate: ## The connected daemon over fresh seeds; RUNS=10000, SEED=1 for certain ones; FLEET=1 for the hosts of a fleet
	@scripts/install-dependencies build
	$(SIMULATION)
	"$$($(SIMULATION) --show-bin-path)/simulate-collection" $(SEED) $(RUNS) $(if $(FLEET),--fleet)

simulate-faults: ## Puts faults into the argument for exactly-once, one by one, and shows that the simulation finds each
	@scripts/install-dependencies build
	Tests/simulate/faults "$(SWIFT)"

systemd-test: release ## The daemon under real systemd, in a container; needs root
	@scripts/install-dependencies systemd
	Suites/systemd/run "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/credentials "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/setup "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/delivery/systemd "$$($(SWIFT) build -c release --show-bin-path)"
	Suites/systemd/respond "$$($(SWIFT) build -c release --show-bin-path)"

package-test: release ## The package: lintian, manual pages, and its life under real systemd; needs root; PACKAGE_FULL=1 tries Debian 13 too
	@scripts/install-dependencies package-test
	Suites/package/run "$$($(SWIFT) build -c release --show-bin-path)"

attack-test: ## What other users of the host try against spool, status and secrets; needs root
	@scripts/install-dependencies attacks
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/local-attacks/run "$$($(SWIFT) build --show-bin-path)"

reload-test: ## Reloads under load: each event once, and nothing grows; RELOADS=1000
	@scripts/install-dependencies test
	$(SWIFT) build --build-tests
	TRIBUTARY_RELOADS=$(RELOADS) $(SWIFT) test --skip-build --filter 'EndToEndTests.ReloadTests/manyReloads'

respond-test: ## Response actions: each in every status, batches with kills, their records; RESPOND_USERS=500 RESPOND_KILLS=60 for a long batch
	@scripts/install-dependencies build
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/respond/run "$$($(SWIFT) build --show-bin-path)"

loader-test: ## The recipes of docs/loaders.md, run against a real spool; needs PyPI for DuckDB, pyarrow and chdb
	@scripts/install-dependencies loaders
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/loaders/run "$$($(SWIFT) build --show-bin-path)"

detections-test: ## Each detection on the records of its events, by DuckDB from PyPI, in each version of OCSF
	@scripts/install-dependencies loaders
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/detections/run "$$($(SWIFT) build --show-bin-path)"

delivery-test: release ## Deliveries to a real S3 server and to fakes, killed and cut off; needs PyPI; SEED, PARTS (PARTS=measure: next to rclone and aws), SEGMENTS=10000 KILLS=100 for the long form
	@scripts/install-dependencies delivery
	Suites/delivery/run "$$($(SWIFT) build -c release --show-bin-path)"

fleet-test: ## A fleet on a real etcd and S3 server, with partitions, kills and lost answers; PARTS="chaos scale upgrade", HOSTS, ORGS, EVENTS, TTL, LEASE, SEED
	@scripts/install-dependencies fleet
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/fleet/run "$$($(SWIFT) build --show-bin-path)" $(PARTS)

replay-test: release ## A replay of 1,000,000 records, killed ten times; EVENTS, KILLS, SEED, WORK
	@scripts/install-dependencies test
	Suites/replay/run "$$($(SWIFT) build -c release --show-bin-path)"

oauth-test: ## OAuth and DPoP against an org whose checks PyJWT and cryptography do; needs PyPI
	@scripts/install-dependencies oauth
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/oauth/run "$$($(SWIFT) build --show-bin-path)"

okta-sdk-test: ## Okta's own Python SDK against okta-simulator: every page of the log, users, groups, roles, sessions; needs PyPI
	@scripts/install-dependencies okta-sdk
	$(SWIFT) build --product okta-simulator
	Suites/okta-sdk/run "$$($(SWIFT) build --show-bin-path)"

metrics-test: ## Metrics, alert rules and the status page, with hostile clients and 1,000 integrations; PICTURES=directory
	@scripts/install-dependencies metrics
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/metrics/run "$$($(SWIFT) build --show-bin-path)" $(PICTURES)

fault-test: ## A disk, a kernel and a clock that fail below the daemon; needs root; FAULTS_FULL=1 takes every crash point
	@scripts/install-dependencies faults
	$(SWIFT) build --product tributary
	$(SWIFT) build --product okta-simulator
	Suites/faults/run "$$($(SWIFT) build --show-bin-path)"

deb: release ## The Debian package, and the one with its symbols, in .build/package; build it on Debian 12
	@scripts/install-dependencies package
	packaging/build-deb .build/release .build/package

tarball: release ## The same for other distributions, with an installer, in .build/package
	@scripts/install-dependencies package
	packaging/build-tarball .build/release .build/package

install: ## Install a release build under PREFIX, with units, manual pages, docs and the configuration
	@scripts/install-dependencies install
	scripts/install .build/release "$(DESTDIR)" "$(PREFIX)"

uninstall: ## Remove what install has put there; configuration, state and spool stay
	scripts/uninstall "$(DESTDIR)" "$(PREFIX)"

clean: ## Remove what was built
	rm -rf .build .build-coverage .build-simulate .demo .bench .fuzz
