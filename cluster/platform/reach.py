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
from cluster.operations.boot_steps import BootSteps
from cluster.plain_http import open_url
from cluster.platform.docker_engine import OWN_ENGINE, address
from cluster.platform.docker_platform import RANGE, DockerPlatform
from cluster.platform.platform import RUNNING, Pod, last_words

TIMEOUT_S = 1.0
POLL_S = 0.1
#: How often a server that starts is asked from inside its pod: usually it has answered before the first time.
LOOK_INSIDE_EVERY_S = 2.0
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
    outlook, began_s = Outlook(pod, port=port), time.monotonic()
    while (why := _unanswered(pod.address, port)) is not None:
        lasted_s = time.monotonic() - began_s
        late = not outlook.listens and lasted_s > LOOK_INSIDE_EVERY_S
        if late and (lasted_s > GIVE_UP_S or pod.containers[role].state() != RUNNING):
            return
        outlook.unanswered(why)
        time.sleep(POLL_S)


class Outlook:
    """Of a server that does not answer from here: it may not have begun to listen, or be out of reach."""

    def __init__(self, pod: Pod, *, port: int) -> None:
        self.listens = False
        self._pod, self._port = pod, port
        self._looked_s = self._listens_since_s = time.monotonic()

    def unanswered(self, why: str) -> None:
        """To be called whenever it did not answer, with the reason, for as long as its process runs.

        Raises ConfigurationError when it listens and cannot be reached from here.
        """
        now_s = time.monotonic()
        if not self.listens and now_s - self._looked_s > LOOK_INSIDE_EVERY_S:
            self._looked_s = self._listens_since_s = now_s
            self.listens = _listens(self._pod, self._port)
        if self.listens and now_s - self._listens_since_s > PATIENCE_S:
            raise ConfigurationError(
                f"pods cannot be reached from here: {self._pod.name} listens at {self._pod.address}:{self._port}, and "
                f"a connection from this process fails ({why}); {OWN_ENGINE}, and a firewall must let it reach "
                f"{RANGE}. The engine is {address().host} (from {address().configured}); `meshbench doctor` tries it"
            )


def try_once(run_id: str) -> str:
    """Start a small pod in a network of its own and ask it; returns its address. `ownership.remove` removes it.

    Raises ConfigurationError when it cannot be reached, HarnessError and what the engine raises when it cannot be made.
    """
    platform = DockerPlatform()
    network = platform.open_network(run_id)
    pod = platform.pod(run_id=run_id, name="trial", address=network.address("client"), steps=BootSteps())
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
