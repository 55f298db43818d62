#!/bin/sh
# Prints the commit of this checkout, with -dirty if files differ. Without git, AI_BILLING_EXPORTER_REVISION is used.
set -eu
cd "$(dirname "$0")/.."
if [ -n "${AI_BILLING_EXPORTER_REVISION:-}" ]; then
  echo "$AI_BILLING_EXPORTER_REVISION"
  exit
fi
revision=$(git rev-parse HEAD)
test -z "$(git status --porcelain)" || revision="$revision-dirty"
echo "$revision"
