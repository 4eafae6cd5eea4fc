#!/bin/sh
# Look for secrets in every commit. A finding that is none goes into .gitleaksignore, by its fingerprint.
. "$(dirname "$0")/common.sh"
if command -v gitleaks >/dev/null; then
    run gitleaks git --no-banner --redact .
else
    run go run github.com/zricethezav/gitleaks/v8@v8.30.1 git --no-banner --redact .
fi
