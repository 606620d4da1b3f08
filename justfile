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

# Build the functions for AWS, zip them, and write the stack's template to .serverless (needs no AWS account)
package stage="development":
    test -x node_modules/.bin/sls || npm ci
    deploy/package.sh {{stage}}
    npx sls package --stage {{stage}}

# Build and deploy; the receipt rule's own stack too, where emails are received in another region
deploy stage:
    deploy/deploy.sh {{stage}}

# Measure ours and the peers by turns, and write docs/PERFORMANCE.md (ten minutes on an idle machine; options: benches/run.py --help)
bench *options:
    benches/run.py {{options}}

# The long run: nothing is lost under faults, kills, attacks and load; ends with a table (an hour; `just soak 5` takes about 5 minutes)
soak minutes="60":
    SOAK_MINUTES={{minutes}} tests/soak.py

# `pipeline serve` by swaks, smtplib, boto3 and the AWS CLI, and killed a hundred times
test-local:
    tests/local/run.sh

# What is deployed to AWS, without AWS: templates, a deployment to moto, and the real functions behind a Runtime API
test-aws:
    tests/aws/run.sh
