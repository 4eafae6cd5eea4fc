#!/bin/sh
# Known vulnerabilities in the images of $TAG. Debian publishes some that it does not mend: these do not count.
. "$(dirname "$0")/common.sh"
: "${REPOSITORY:?}" "${TAG:?}"
command -v grype >/dev/null || [ "${DRY_RUN:-}" = 1 ] || fail "grype is not installed: it is in k8s/jenkins/Dockerfile"
for name in api batch beam; do
    run grype --only-fixed --fail-on critical "$REPOSITORY/anirec-$name:$TAG"
done
