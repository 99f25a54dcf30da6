"""``python3 -m mesh.control`` with MESHBENCH_CONTROL_PLAN, a `mesh.control.plan.Plan` as JSON."""

from __future__ import annotations

import json
import os
import threading

from mesh.control.api import serve
from mesh.control.loop import ControlPlane
from mesh.control.plan import Plan


def main() -> None:
    control = ControlPlane(Plan(**json.loads(os.environ["MESHBENCH_CONTROL_PLAN"])))
    threading.Thread(target=serve(control).serve_forever, daemon=True).start()
    control.run()


if __name__ == "__main__":
    main()
