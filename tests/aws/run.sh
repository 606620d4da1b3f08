#!/usr/bin/env bash
# Tests of what is deployed to AWS, without AWS: the packaged templates, and deployments to a moto server on this machine.
# They want the functions' zips (deploy/package.sh), Node.js and Python. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -x node_modules/.bin/sls ] || npm ci
[ -x .venv/bin/pip ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/aws/requirements.txt
exec .venv/bin/python -m pytest tests/aws "$@"
