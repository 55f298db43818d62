#!/bin/sh
# Builds the image of this checkout, labelled with its version and commit: npm run image -- [further arguments of the builder]
# BUILDER is docker, podman or buildah; TAG is the name of the image.
set -eu
cd "$(dirname "$0")/../.."

builder=${BUILDER:-docker}
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(sh deploy/revision.sh)
committed=$(git log -1 --format=%ct)

case $builder in
  # Their native format has no HEALTHCHECK. One timestamp for all files makes the layer reproducible.
  buildah | podman) set -- --format docker --timestamp "$committed" "$@" ;;
  *) set -- --build-arg "SOURCE_DATE_EPOCH=$committed" "$@" ;;
esac
exec "$builder" build --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --tag "${TAG:-ai-billing-exporter:$version}" "$@" .
