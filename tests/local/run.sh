#!/usr/bin/env bash
# Tests of `pipeline serve` by the programs of others: swaks, Python's smtplib, boto3, the AWS CLI and Chromium; and it is killed a hundred times.
# It wants Rust, Python 3 and, to install swaks and Chromium where they are missing, root and apt-get. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@" > /dev/null
}
missing=()
command -v swaks > /dev/null || missing+=(swaks)
command -v chromedriver > /dev/null || missing+=(chromium chromium-driver)
if [ ${#missing[@]} -gt 0 ]; then
    install "${missing[@]}" || { apt-get update --quiet > /dev/null && install "${missing[@]}"; }
fi
[ -x tests/local/.venv/bin/pip ] || python3 -m venv tests/local/.venv
tests/local/.venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/local/requirements.txt

# With the features of `cargo test`, which has most likely built everything before.
cargo test --workspace --locked --quiet --no-run --test serve

exec tests/local/.venv/bin/python -m pytest tests/local "$@"
