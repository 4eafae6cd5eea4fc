#!/bin/sh
# Build the images api, batch and beam as $REPOSITORY/anirec-NAME:$TAG: build.sh [NAME...]
# By Docker where a daemon answers, else by buildah; without a registry on the stand-ins that base.sh makes.
set -eu
cd "$(dirname "$0")/../.."
: "${REPOSITORY:?such as gcr.io/PROJECT, or localhost}" "${TAG:?such as the commit}"
revision=$(git rev-parse HEAD)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
beam=$(sed -n 's/^apache-beam==\([0-9.]*\).*/\1/p' requirements/batch.txt)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
default_base=$(sed -n 's/^ARG BASE=//p' Dockerfile.api)

if docker info >/dev/null 2>&1; then
    build() { docker build --provenance=false "$@" .; }
elif command -v buildah >/dev/null; then
    build() { buildah build --quiet --isolation chroot --format docker --layers --timestamp "$SOURCE_DATE_EPOCH" "$@" .; }
    if [ -z "${BASE:-}" ] && ! podman pull --quiet "$default_base" >/dev/null 2>&1; then
        echo "$default_base cannot be pulled: building on Debian's packages" >&2
        sh k8s/images/base.sh "$beam"
        BASE=localhost/anirec-base:bookworm
        BEAM_SDK=localhost/anirec-beam-sdk:$beam
    fi
else
    echo "images need a Docker daemon, or buildah and podman (apt-get install buildah podman debootstrap)" >&2
    exit 2
fi

for name in "${@:-api}"; do
    case $name in
        api) set -- --file Dockerfile.api ;;
        batch | beam) set -- --file Dockerfile.batch --target "$name" ;;
        *) echo "no such image: $name; there are api, batch and beam" >&2; exit 2 ;;
    esac
    build "$@" --tag "$REPOSITORY/anirec-$name:$TAG" ${BASE:+--build-arg "BASE=$BASE"} ${BEAM_SDK:+--build-arg "BEAM_SDK=$BEAM_SDK"} \
        --build-arg "REVISION=$revision" --build-arg "VERSION=$version" --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"
done
