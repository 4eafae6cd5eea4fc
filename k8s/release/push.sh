#!/bin/sh
# Push the images of $TAG to $REPOSITORY and note their digests. Log in first: docker login, or buildah login.
. "$(dirname "$0")/common.sh"
: "${REPOSITORY:?such as gcr.io/PROJECT}" "${TAG:?such as the commit}"
case $REPOSITORY in localhost*) fail "REPOSITORY=$REPOSITORY is this machine: name a registry" ;; esac

mkdir -p "$digests"
for name in api batch beam; do
    image=$REPOSITORY/anirec-$name:$TAG
    if docker info >/dev/null 2>&1; then
        run docker push --quiet "$image"
        [ "${DRY_RUN:-}" = 1 ] ||
            docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" | sed -n "s#^$REPOSITORY/anirec-$name@##p" >"$digests/$name"
    else
        run buildah push --digestfile "$digests/$name" "$image"
    fi
    echo "$image $(digest "$name")"
done
