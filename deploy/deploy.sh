#!/usr/bin/env bash
# Builds the functions and deploys a stage; the stack of the receipt rule too, where emails are received in another region.
#
#   deploy/deploy.sh STAGE
set -euo pipefail
cd "$(dirname "$0")/.."

stage=${1:?a stage is wanted: deploy/deploy.sh development|test|production}

[ -x node_modules/.bin/sls ] || npm ci
deploy/package.sh "$stage"
npx sls deploy --stage "$stage"

mail() { npx sls print --stage "$stage" --path "custom.settings.mail.$1" --format text; }
if [ "$(mail elsewhere)" = true ] && [ "$(mail makesRule)" = true ]; then
    npx sls deploy --config serverless-mail.yml --stage "$stage"
fi
