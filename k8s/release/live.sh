#!/bin/sh
# Print what is live: commit, digest of api, digest of batch. Nothing where nothing was deployed.
set -eu
kubectl --namespace anirec get deployment api --ignore-not-found -o 'jsonpath={.metadata.annotations.anirec/release}'
