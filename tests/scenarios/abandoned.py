"""A process that breaks a small live system with one fault and then only waits to be killed.

``python -m tests.scenarios.abandoned FAULT`` prints ``active`` once the fault has taken effect, or why it is not tried.
"""

from __future__ import annotations

import random
import sys
import time

from chaos.fault import await_evidence
from chaos.registry import FAULTS
from cluster.platform.docker_platform import DockerPlatform
from scenarios.selftest.plan import SETTINGS, rows
from scenarios.selftest.system import running
from scenarios.selftest.trial import BITE_TIMEOUT_S, aimed

WAIT_S = 300.0


def main(name: str) -> None:
    smallest_first = sorted(SETTINGS, key=lambda setting: setting.pods)
    row = rows([FAULTS[name]], unmet_needs={}, settings=smallest_first)[0]
    if row.setting is None:
        print(f"not tried: {row.unsupported}", flush=True)
        return
    with running(row.setting, DockerPlatform(), extras=row.fault.extras) as system:
        injections = aimed(row.planned(), system, random.Random(7))
        for injection in injections:
            injection.inject()
        for injection in injections:
            bite = await_evidence("it shows", injection.effect, timeout_s=BITE_TIMEOUT_S)
            if not bite.ok:
                print(f"no effect: {bite.seen}", flush=True)
                return
        print("active", flush=True)
        time.sleep(WAIT_S)


if __name__ == "__main__":
    main(sys.argv[1])
