"""Whether pods can be reached from where meshbench runs, told within seconds.

Everything that a run does from outside goes to the pods' own addresses. Where those lead nowhere (Docker Desktop,
rootless Docker, an engine elsewhere, a container or network namespace beside the pods, a firewall), every later wait
would blame something else: the pod is healthy, and listens.
"""

from __future__ import annotations

import time
import urllib.error
from http.client import HTTPException

from cluster.errors import ConfigurationError, HarnessError
from cluster.plain_http import open_url
from cluster.platform.docker_engine import OWN_ENGINE, address
from cluster.platform.docker_platform import RANGE, DockerPlatform
from cluster.platform.platform import RUNNING, Pod, last_words

TIMEOUT_S = 1.0
POLL_S = 0.1
#: A server that starts is not asked from inside its pod before that: usually it has answered by then.
LOOK_INSIDE_AFTER_S = 2.0
#: How long a pod may listen without being reached.
PATIENCE_S = 4.0
#: What does not even listen by then has another trouble, which whoever waits for it will tell.
GIVE_UP_S = 20.0
#: Where the pod that `try_once` starts listens.
TRIAL_PORT = 8080


def require(pod: Pod, role: str, *, port: int) -> None:
    """Return when the HTTP server in a pod's container has answered, or will not: that is not for us to tell.

    Raises ConfigurationError when it listens and cannot be reached from here.
    """
    began_s, listens_since_s = time.monotonic(), None
    while (why := _unanswered(pod.address, port)) is not None:
        now_s = time.monotonic()
        if listens_since_s is None and now_s - began_s > LOOK_INSIDE_AFTER_S:
            if pod.containers[role].state() != RUNNING or now_s - began_s > GIVE_UP_S:
                return
            listens_since_s = now_s if _listens(pod, port) else None
        if listens_since_s is not None and now_s - listens_since_s > PATIENCE_S:
            raise ConfigurationError(
                f"pods cannot be reached from here: {pod.name} listens at {pod.address}:{port}, and a connection from "
                f"this process fails ({why}); {OWN_ENGINE}, and a firewall must let it reach {RANGE}. "
                f"The engine is {address().host} (from {address().configured}); `meshbench doctor` tries it"
            )
        time.sleep(POLL_S)


def try_once(run_id: str) -> str:
    """Start a small pod in a network of its own and ask it; returns its address. `ownership.remove` removes it.

    Raises ConfigurationError when it cannot be reached, HarnessError and what the engine raises when it cannot be made.
    """
    platform = DockerPlatform()
    network = platform.open_network(run_id)
    pod = platform.pod(run_id=run_id, name="trial", address=network.address("client"))
    pod.open_namespace(network, {})
    pod.add("server", platform.image("base"), ["python3", "-m", "http.server", str(TRIAL_PORT), "-d", "/mnt"])
    require(pod, "server", port=TRIAL_PORT)
    if (why := _unanswered(pod.address, TRIAL_PORT)) is not None:
        said = last_words(pod.containers["server"]) or "nothing"
        raise HarnessError(f"a trial pod was started and does not serve ({why}); it said: {said}")
    return f"{pod.address}:{TRIAL_PORT}"


def _unanswered(host: str, port: int) -> str | None:
    """None when an HTTP server answers, whatever it says; else why not."""
    try:
        open_url(f"http://{host}:{port}/health", timeout_s=TIMEOUT_S).close()
    except urllib.error.HTTPError as refused:
        refused.close()
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    return None


def _listens(pod: Pod, port: int) -> bool:
    """Whether something takes connections at the pod's own address, as seen from within."""
    knock = f": < /dev/tcp/{pod.address}/{port}"
    return pod.probe_in_namespace("timeout", str(TIMEOUT_S), "bash", "-c", knock)[0] == 0
