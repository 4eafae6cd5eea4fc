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

# Whether the variable $1 holds IPv4 addresses in CIDR notation; if not, what is wrong with them.
check_cidr() {
    check "$1" '[0-9]+(\.[0-9]+){3}/[0-9]+' 'four numbers and a length, such as 10.20.0.0/16'
    bits=${value#*/}
    for number in $(printf '%s' "${value%/*}" | tr . ' '); do
        in_range "$number" 255 || fail "$1: $number is no number from 0 to 255, in '$value'"
    done
    in_range "$bits" 32 || fail "$1: the length $bits is no number from 0 to 32, in '$value'"
}

# Digits without a leading zero (others read that as octal), up to $2.
in_range() {
    case $1 in 0?* | ????*) return 1 ;; esac
    [ "$1" -le "$2" ]
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
        check_cidr STORE_CIDR # the addresses of Memorystore
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
