# shellcheck shell=sh
# Sourced by the other scripts here, from the top folder.
set -eu
cd "$(dirname "$0")/../.."
digests=var/release # what was pushed: one file for each image

# Do it, or with DRY_RUN=1 say it.
run() {
    echo "+ $*" >&2
    [ "${DRY_RUN:-}" = 1 ] || "$@"
}

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

# The digest of the image $1, as push.sh left it.
digest() {
    if [ -f "$digests/$1" ]; then
        cat "$digests/$1"
    elif [ "${DRY_RUN:-}" = 1 ]; then
        echo "sha256:$(printf '0%.0s' $(seq 63))1"
    else
        fail "no digest of $1 in $digests: make push"
    fi
}
