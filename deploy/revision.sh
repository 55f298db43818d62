#!/bin/sh
# Prints the commit of this checkout, marked where it is not quite that. AI_BILLING_EXPORTER_REVISION says it where there is no git.
set -eu
cd "$(dirname "$0")/.."
if [ -n "${AI_BILLING_EXPORTER_REVISION:-}" ]; then
  echo "$AI_BILLING_EXPORTER_REVISION"
  exit
fi
revision=$(git rev-parse HEAD)
test -z "$(git status --porcelain)" || revision="$revision-dirty"
echo "$revision"
