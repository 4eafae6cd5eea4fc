#!/bin/sh
# Stand-ins for images of a registry that cannot be reached, from Debian's packages and Go modules; run by build.sh.
# localhost/anirec-base: Debian with Python. localhost/anirec-beam-sdk: Beam's boot program alone.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! podman image exists localhost/anirec-base:bookworm; then
    # In namespaces of its own, so that what debootstrap mounts is gone with it.
    unshare --mount --pid --fork debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        bookworm "$work/base" >"$work/log" 2>&1 || { tail "$work/log" >&2; exit 1; }
    # The certificates of this machine: builds see the network that it sees.
    cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/"
    cd "$work/base"
    rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc/* usr/share/man/* usr/share/locale/* var/log/*
    tar --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -cf "$work/base.tar" .
    podman import --quiet "$work/base.tar" localhost/anirec-base:bookworm
fi

if ! podman image exists "localhost/anirec-beam-sdk:$1"; then
    command -v go >/dev/null || { echo "no Go here: the image for Beam's workers is not built" >&2; exit 0; }
    mkdir -p "$work/sdk/opt/apache/beam"
    CGO_ENABLED=0 GOBIN="$work/go" go install "github.com/apache/beam/sdks/v2/python/container@v$1"
    cp "$work/go/container" "$work/sdk/opt/apache/beam/boot"
    tar -C "$work/sdk" -cf "$work/sdk.tar" .
    podman import --quiet "$work/sdk.tar" "localhost/anirec-beam-sdk:$1"
fi
