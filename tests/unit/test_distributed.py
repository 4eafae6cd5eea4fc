"""Manifests and scripts that start a refresh on Flink and Dataflow: they fit us and one another."""

import os
import re
import shlex
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from apache_beam.options.pipeline_options import GoogleCloudOptions, WorkerOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

from batch.engine import Engine, unknown_options
from batch.params import ListParams
from batch.pipeline import Job, write_lists
from schemas.errors import SettingsError
from tests.unit.test_graphs import MADE, dataset

K8S = Path(__file__).parents[2] / "k8s"
SETTINGS = {
    "PROJECT": "anirec", "REGION": "europe-west1", "BUCKET": "anirec-bucket",
    "IMAGE": "eu.gcr.io/anirec/anirec-batch@sha256:0123", "ANIREC_DATA": "/artifacts/data",
    "ANIREC_ARTIFACTS": "/artifacts", "ANIREC_STORE": "redis://10.0.0.3:6379",
}  # fmt: skip


@pytest.fixture(scope="module")
def flink():
    """Documents of the manifests by kind; no kind comes twice."""
    paths = sorted((K8S / "flink").glob("*.yaml"))
    return {one["kind"]: one for path in paths for one in yaml.safe_load_all(path.read_text())}


def containers(flink):
    pods = [flink["Deployment"]["spec"]["template"], flink["Job"]["spec"]["template"],
            flink["FlinkDeployment"]["spec"]["taskManager"]["podTemplate"]]  # fmt: skip
    return {one["name"]: one for pod in pods for one in pod["spec"]["containers"]}


def runner_options(arguments):
    return arguments[arguments.index("--") + 1 :]


def value(options, name):
    (found,) = (one.partition("=")[2] for one in options if one.startswith(f"--{name}="))
    return found


def test_the_refresh_on_flink_asks_the_job_server_for_what_it_offers(flink):
    options = runner_options(containers(flink)["refresh"]["args"])
    service = flink["Service"]
    offered = {f"{service['metadata']['name']}:{one['port']}" for one in service["spec"]["ports"]}

    assert {value(options, "job_endpoint"), value(options, "artifact_endpoint")} == offered
    listening = {one["containerPort"] for one in containers(flink)["job-server"]["ports"]}
    assert {one["port"] for one in service["spec"]["ports"]} == listening
    (master,) = (one for one in containers(flink)["job-server"]["args"] if "flink-master" in one)
    assert master.endswith(f"{flink['FlinkDeployment']['metadata']['name']}-rest:8081")


def test_the_worker_pool_listens_where_flink_looks_for_it(flink):
    options = runner_options(containers(flink)["refresh"]["args"])
    pool = containers(flink)["worker-pool"]

    (port,) = (one["containerPort"] for one in pool["ports"])
    assert value(options, "environment_config") == f"localhost:{port}"
    assert pool["args"] == [f"--service_port={port}"]
    assert (
        int(value(options, "parallelism"))
        == flink["FlinkDeployment"]["spec"]["taskManager"]["replicas"]
    )


def test_all_see_the_artifacts_under_the_path_that_the_refresh_is_given(flink):
    refresh = containers(flink)["refresh"]
    mounts = {
        name: {mount["name"]: mount["mountPath"] for mount in one.get("volumeMounts", [])}
        for name, one in containers(flink).items()
    }

    assert f"--artifacts={mounts['refresh']['artifacts']}" in refresh["args"]
    assert mounts["worker-pool"]["artifacts"] == mounts["refresh"]["artifacts"]
    assert flink["PersistentVolumeClaim"]["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_job_server_is_of_our_beam_and_of_the_clusters_flink(flink):
    image = containers(flink)["job-server"]["image"]
    cluster = flink["FlinkDeployment"]["spec"]

    found = re.fullmatch(r"apache/beam_flink(.+)_job_server:(.+)", image)
    assert found
    assert found[2] == metadata.version("apache-beam")
    assert cluster["image"].startswith(f"flink:{found[1]}-")
    assert cluster["flinkVersion"] == f"v{found[1].replace('.', '_')}"


def test_every_container_of_ours_has_limits_and_few_rights(flink):
    for name, one in containers(flink).items():
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        if name != "flink-main-container":  # the operator sets its limits
            assert set(one["resources"]["limits"]) == {"cpu", "memory"}, name


def launch(**settings):
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        [K8S / "dataflow" / "refresh.sh"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def dataflow():
    """Runner options that the script gives."""
    done = launch(DRY_RUN="1", **SETTINGS)
    assert done.returncode == 0, done.stderr
    command = shlex.split(done.stdout)
    assert command[command.index("--runner") + 1] == "DataflowRunner"
    return runner_options(command)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_script_names_the_setting_that_is_missing(name):
    done = launch(**{one: value for one, value in SETTINGS.items() if one != name})

    assert done.returncode != 0
    assert f"{name}:" in done.stderr


def test_beam_knows_every_option_of_the_script(dataflow):
    assert unknown_options(dataflow) == []
    with pytest.raises(SettingsError):
        unknown_options(["--max_num_workers=many"])


def test_dataflow_would_be_given_the_very_graph_and_nothing_is_submitted(
    tmp_path, monkeypatch, dataflow
):
    """Dataflow's own dry run: the job is built to the end and not sent."""
    jobs = []
    run = DataflowRunner.run_pipeline

    def recorded(*arguments, **named):
        result = run(*arguments, **named)
        jobs.append(result.job)
        return result

    monkeypatch.setattr(DataflowRunner, "run_pipeline", recorded)
    pool = tmp_path / "pool.npz"
    job = Job(MADE, dataset(tmp_path / "d", 3), tmp_path / "m", "redis://h", ListParams(), pool)

    write_lists(Engine("DataflowRunner", (*dataflow, "--dry_run=True")), job, 20, tmp_path / "w")

    names = {one.unique_name for job in jobs for one in
             job.proto_pipeline.components.transforms.values()}  # fmt: skip
    assert {"Place users", "Rank users", "Rank titles", "Sum up"} <= names
    (image,) = {one.payload.split(b"\x0a")[1][1:].decode() for one in
                jobs[-1].proto_pipeline.components.environments.values()}  # fmt: skip
    assert image == SETTINGS["IMAGE"]
    assert jobs[-1].options.view_as(WorkerOptions).max_num_workers == 20
    assert jobs[-1].options.view_as(GoogleCloudOptions).project == "anirec"
    assert max(one.proto_pipeline.ByteSize() for one in jobs) < 128 * 1024
