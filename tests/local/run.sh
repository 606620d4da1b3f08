#!/usr/bin/env bash
# Tests of `pipeline serve` by the programs of others: swaks, Python's smtplib, boto3 and the AWS CLI; and it is killed a hundred times.
# It wants Rust, Python 3 and, to install swaks where it is missing, root and apt-get. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v swaks > /dev/null; then
    apt-get install --yes --quiet swaks > /dev/null || { apt-get update --quiet && apt-get install --yes --quiet swaks; } > /dev/null
fi
[ -x tests/local/.venv/bin/pip ] || python3 -m venv tests/local/.venv
tests/local/.venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/local/requirements.txt

# With the features of `cargo test`, which has most likely built everything before.
cargo test --workspace --locked --quiet --no-run --test serve

exec tests/local/.venv/bin/python -m pytest tests/local "$@"
