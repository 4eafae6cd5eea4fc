#!/bin/sh
# Print the manifests of an overlay, with images by digest:
#   API_DIGEST=sha256:… BATCH_DIGEST=sha256:… k8s/render.sh dev
#   … PROJECT_ID=my-project API_HOST=api.example.org STORE_CIDR=10.20.0.0/16 k8s/render.sh prod
# then `| kubectl diff -f -`, `| kubectl apply -f -`.
set -eu

fail() {
    echo "render.sh: $1" >&2
    exit 2
}

# Whether the variable $1 has a value like the extended regular expression $2; $3 says it in words.
check() {
    eval "value=\${$1:-}"
    # shellcheck disable=SC2154  # assigned by eval
    printf '%s' "$value" | tr '\n' ' ' | grep -Eqx -- "$2" || fail "$1 must be $3, got '$value'"
}

digest='sha256:[0-9a-f]{64}'
check API_DIGEST "$digest" 'the digest of an image (sha256:…)'
check BATCH_DIGEST "$digest" 'the digest of an image (sha256:…)'
overlay=${1:-}
case $overlay in
    dev) ;;
    prod)
        check PROJECT_ID '[a-z][-a-z0-9]{4,28}[a-z0-9]' 'the id of a Google Cloud project'
        check API_HOST '[a-z0-9]([-a-z0-9.]*[a-z0-9])?' 'the host name of the API'
        check STORE_CIDR '[0-9.]+/[0-9]+' 'the addresses of Memorystore, such as 10.20.0.0/16'
        ;;
    *) fail "which overlay: dev or prod?" ;;
esac

folder=$(dirname "$0")/overlays/$overlay
manifests=$(kubectl kustomize "$folder")
printf '%s\n' "$manifests" | sed \
    -e "s#anirec-api@sha256:0\{64\}#anirec-api@$API_DIGEST#" \
    -e "s#anirec-batch@sha256:0\{64\}#anirec-batch@$BATCH_DIGEST#" \
    -e "s#PROJECT_ID#${PROJECT_ID:-}#g" \
    -e "s#API_HOST#${API_HOST:-}#g" \
    -e "s#STORE_CIDR#${STORE_CIDR:-}#g"
