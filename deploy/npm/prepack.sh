#!/bin/sh
# Makes what the npm package holds, from nothing: the compiled program and the commit it is of. `npm pack` runs it.
set -eu
cd "$(dirname "$0")/../.."
revision=$(sh deploy/revision.sh)
REVISION=$revision npm run --silent build
