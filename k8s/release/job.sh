#!/bin/sh
# Run a batch job in the cluster from a CronJob that is there, and wait for its end:
#   job.sh backfill [USER,USER...]    lists of these users, or of everybody, by the live model
#   job.sh retrain                    the nightly, training in any case
. "$(dirname "$0")/common.sh"
case ${1:-} in
    retrain) cronjob=nightly arguments='["refresh","--train","always","--json"]' ;;
    backfill)
        cronjob=backfill arguments='["backfill","--all","--wait","--json"]'
        if [ -n "${2:-}" ]; then
            printf '%s' "$2" | grep -Eqx '[0-9]+(,[0-9]+)*' || fail "users must be ids with commas between them, got '$2'"
            arguments="[\"backfill\",\"--users\",\"$2\",\"--wait\",\"--json\"]"
        fi
        ;;
    *) fail "which job: backfill or retrain?" ;;
esac

name=$1-$(date -u +%Y%m%d-%H%M%S)
if [ "${DRY_RUN:-}" = 1 ]; then
    echo "+ kubectl create job $name --from=cronjob/$cronjob, with $arguments" >&2
    exit 0
fi
kubectl --namespace anirec create job "$name" --from="cronjob/$cronjob" --dry-run=client -o json |
    kubectl patch --local --type=json -f - -o json \
        --patch "[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/args\",\"value\":$arguments}]" |
    kubectl create -f -
while :; do
    state=$(kubectl --namespace anirec get job "$name" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
    case $state in *Complete*) break ;; *Failed*) break ;; esac
    sleep 10
done
kubectl --namespace anirec logs "job/$name" --tail=50
case $state in *Failed*) exit 1 ;; esac
