"""Machines as users have them, each in an environment of its own: proxies, credential stores, networks."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
import pytest

from cluster.platform import images, ownership

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parent.parent.parent
DEAD = "http://127.0.0.1:9"
Env = Mapping[str, str]
PROXIES = {name: DEAD for low in ("http_proxy", "https_proxy", "all_proxy") for name in (low, low.upper())}

#: Starts the two containers of a pod, prints the environment of each, and removes them.
TRIAL = """
import json
from cluster.platform import ownership, reach
from cluster.platform.docker_engine import client
try:
    reach.try_once("trial-of-a-machine")
    made = client().containers.list(filters={"label": f"{ownership.RUN}=trial-of-a-machine"})
    print(json.dumps([one.attrs["Config"]["Env"] or [] for one in made]))
finally:
    ownership.remove("trial-of-a-machine")
"""


def run_python(home: Path, *words: str, before: Sequence[str] = (), environment: Env | None = None) -> tuple[int, str]:
    """Exit code and all that was printed, in a process whose home and environment are a user's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "TESTCONTAINERS_"))}
    own = {name: value for name, value in own.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [*before, sys.executable, *words],
        env=own | {"HOME": str(home), "PYTHONPATH": str(ROOT)} | dict(environment or {}),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def meshbench(home: Path, *words: str, before: Sequence[str] = (), environment: Env | None = None) -> tuple[int, str]:
    return run_python(home, "-m", "scenarios", *words, before=before, environment=environment)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of a user whose company has a proxy, and who logs in to its registry: none of the helpers is installed."""
    (tmp_path / ".docker").mkdir()
    proxies = {"httpProxy": DEAD, "httpsProxy": DEAD, "noProxy": "localhost,198.18.0.0/15"}
    configuration = {"proxies": {"default": proxies}, "credsStore": "nowhere", "credHelpers": {"gcr.io": "nowhere"}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(configuration))
    return tmp_path


@pytest.fixture
def beside() -> tuple[str, ...]:
    """Begins a command that runs in a network namespace of its own: it sees the engine's socket, and no pod."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    return ("unshare", "--net")


def test_a_run_whose_pods_cannot_be_reached_is_told_so(tmp_path: Path, beside: tuple[str, ...]) -> None:
    code, said = meshbench(tmp_path, "run", "steady", "--set", "topology=single", before=beside)
    assert code == 2, said
    last = said.splitlines()[-1]
    assert last.startswith("meshbench: pods cannot be reached from here: ")
    assert "must run on the Linux host of the Docker Engine" in last


def test_doctor_tries_a_pod_and_leaves_nothing(
    engine: docker.DockerClient, tmp_path: Path, beside: tuple[str, ...]
) -> None:
    code, said = meshbench(tmp_path, "doctor")
    assert "ok        pods            one was started, reached at 198.1" in said
    code, said = meshbench(tmp_path, "doctor", before=beside)
    assert code == 2
    assert "missing   pods            one was started and cannot be reached" in said
    left = [one.labels.get(ownership.RUN, "") for one in engine.containers.list(all=True)]
    assert not [run_id for run_id in left if run_id.startswith("doctor-")]


def test_an_image_is_built_without_asking_for_anybodys_credentials(engine: docker.DockerClient, home: Path) -> None:
    tag = f"meshbench/trial:{secrets.token_hex(4)}"
    (home / "context").mkdir()
    (home / "context" / "Dockerfile").write_text('ARG BASE\nFROM ${BASE}\nARG http_proxy\nRUN test -n "$http_proxy"\n')
    build = (
        f"from pathlib import Path; from cluster.platform import images; images._docker_build({tag!r}, Path('context'))"
    )
    try:
        code, said = run_python(home, "-c", build)
        assert code == 0, said
        environment = engine.images.get(tag).attrs["Config"]["Env"] or []
        assert not [one for one in environment if "proxy" in one.lower()]
    finally:
        if images.exists(tag):
            engine.images.remove(tag, force=True)


def test_a_run_passes_no_proxy_and_gives_its_pods_none(engine: docker.DockerClient, home: Path, tmp_path: Path) -> None:
    """One pod behind Envoy, from boot to the judged folder, where every proxy that is named would be a dead end."""
    run = ["run", "steady", "--set", "topology=single", "--set", "load.duration=6s", "--set", "load.rate=20"]
    gates = ["--set", "gates.min_acked=20", "--runs", str(tmp_path / "runs")]
    code, said = meshbench(home, *run, *gates, environment=PROXIES)
    assert code == 0, said
    folder = (tmp_path / "runs" / "latest").resolve()
    assert json.loads((folder / "summary.json").read_text())["unseen"] == []


def test_pods_get_no_proxies_of_dockers_client(home: Path) -> None:
    code, said = run_python(home, "-c", TRIAL, environment=PROXIES)
    assert code == 0, said
    made = json.loads(said)
    assert len(made) == 2
    assert not [line for environment in made for line in environment if "proxy" in line.lower()]


@pytest.mark.parametrize("verb", [("gc",), ("run", "steady"), ("doctor",)])
def test_an_engine_that_testcontainers_is_told_of_is_the_only_one(tmp_path: Path, verb: tuple[str, ...]) -> None:
    file = tmp_path / ".testcontainers.properties"
    file.write_text("tc.host=tcp://127.0.0.1:9\n")
    code, said = meshbench(tmp_path, *verb)
    assert code == 2
    assert f"no Docker Engine answers at tcp://127.0.0.1:9 (from tc.host in {file})" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"DOCKER_HOST": "ssh://me@there"}, "ssh://me@there (from DOCKER_HOST) is an engine on another machine"),
        ({"DOCKER_HOST": "nonsense"}, "no Docker Engine answers at nonsense (from DOCKER_HOST)"),
        ({"DOCKER_HOST": "tcp://here:there"}, "no Docker Engine answers at tcp://here:there (from DOCKER_HOST)"),
        ({"DOCKER_TLS_VERIFY": "1"}, "certificate"),
        ({"DOCKER_CONTEXT": "gone"}, "there is no Docker context 'gone'"),
        ({"TESTCONTAINERS_CONNECTION_MODE": "nonsense"}, "TESTCONTAINERS_CONNECTION_MODE"),
        ({"TC_MAX_TRIES": "many"}, "'many'"),
    ],
)
def test_a_setting_that_names_no_engine_is_one_line(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    with ThreadPoolExecutor() as pool:
        needs_one, needs_none = pool.map(
            lambda verb: meshbench(tmp_path, verb, environment=environment), ("gc", "list")
        )
    code, said = needs_one
    assert code == 2
    assert len(said.splitlines()) == 1
    assert says in said
    code, said = needs_none
    assert code == 0, said


@pytest.mark.parametrize(
    "environment",
    [
        {"TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX": "registry.example/"},
        {"DOCKER_AUTH_CONFIG": '{"auths": {"registry.example": {"auth": "bWU6c2VjcmV0"}}}'},
        {"TESTCONTAINERS_RYUK_DISABLED": "false", "TESTCONTAINERS_HOST_OVERRIDE": "elsewhere"},
        {"TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE": "/nowhere.sock"},
    ],
)
def test_what_testcontainers_is_told_for_others_does_not_reach_pods(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    code, said = run_python(tmp_path, "-c", TRIAL, environment=environment)
    assert code == 0, said
    assert len(json.loads(said)) == 2
