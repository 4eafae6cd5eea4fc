# What up.sh and down.sh share: the project, its names, and how a command is run or only shown.
# shellcheck shell=sh disable=SC2034  # used by those who read this file

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

DRY=
WITH_DATA=
for argument; do
    case $argument in
        --dry-run) DRY=1 ;;
        --with-data) WITH_DATA=1 ;;
        *) fail "unknown argument $argument" ;;
    esac
done

[ -n "${PROJECT_ID:-}" ] || fail "PROJECT_ID must be the id of a Google Cloud project"
REGION=${REGION:-europe-west1}
BUCKET=gs://$PROJECT_ID-anirec
NETWORK=projects/$PROJECT_ID/global/networks/anirec
BATCH=anirec-batch@$PROJECT_ID.iam.gserviceaccount.com
POOL=$PROJECT_ID.svc.id.goog
SECRETS='anirec-store anirec-ratings-store anirec-store-ca anirec-comet'
export CLOUDSDK_CORE_PROJECT="$PROJECT_ID" CLOUDSDK_CORE_DISABLE_PROMPTS=1

# Show a command, and run it but in a dry run.
run() {
    printf '+ %s\n' "$*"
    [ -n "$DRY" ] || "$@"
}

# Whether a command finds what it looks for; in a dry run nothing is asked, and nothing is there.
exists() {
    [ -z "$DRY" ] && "$@" >/dev/null 2>&1
}

# The same for a command that lists: whether it prints anything.
any() {
    [ -z "$DRY" ] && [ -n "$("$@" 2>/dev/null)" ]
}
