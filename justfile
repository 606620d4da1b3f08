# Recipes for developers. `just` is a convenience: each recipe is a command that can be typed.

# List the recipes
default:
    @just --list

# What CI runs
ci:
    .ci/run

# All tests
test:
    cargo test --workspace

# The example emails through the whole pipeline
demo:
    cargo run --release -- run examples/emails

# Format the code
fmt:
    cargo fmt --all

# The linter, as strict as CI
lint:
    cargo clippy --workspace --all-targets -- -D warnings
