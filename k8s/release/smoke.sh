#!/bin/sh
# Ask the API as a client would: SERVICE_URL=https://api.example.org smoke.sh, or the Service in the cluster by a tunnel.
. "$(dirname "$0")/common.sh"
url=${SERVICE_URL:-}
if [ -z "$url" ]; then
    url=http://127.0.0.1:18080
    if [ "${DRY_RUN:-}" != 1 ]; then
        kubectl --namespace anirec port-forward service/api 18080:80 >/dev/null &
        tunnel=$!
        trap 'kill "$tunnel"' EXIT
    fi
fi
for path in /healthz /readyz /v1/generation /v1/users/1/recommendations?limit=3; do
    # /healthz and /readyz are not routed from outside.
    case ${SERVICE_URL:+$path} in /healthz | /readyz) continue ;; esac
    run curl --fail --silent --show-error --max-time 10 --retry 5 --retry-delay 2 --retry-all-errors --output /dev/null "$url$path"
done
