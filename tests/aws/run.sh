#!/usr/bin/env bash
# Tests of what is deployed to AWS, without AWS: the functions are built and zipped for this machine, and then the packaged templates,
# deployments to a moto server, and the zips' own binaries are tested. It wants Rust, Node.js and Python. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -x node_modules/.bin/sls ] || npm ci
[ -x .venv/bin/pip ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/aws/requirements.txt

case $(uname -m) in
aarch64 | arm64) architecture=arm64 ;;
*) architecture=x86_64 ;;
esac
LAMBDA_ARCHITECTURE=$architecture deploy/package.sh

exec .venv/bin/python -m pytest tests/aws "$@"
