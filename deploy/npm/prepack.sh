#!/bin/sh
# Builds the content of the npm package: the compiled program and its commit. Run by `npm pack`.
set -eu
cd "$(dirname "$0")/../.."
revision=$(sh deploy/revision.sh)
REVISION=$revision npm run --silent build
