"""``python3 -m control`` with MESHBENCH_CONTROL_PLAN, a `control.settings.Plan` as JSON."""

from __future__ import annotations

import json
import os
import threading

from control.api import serve
from control.loop import ControlPlane
from control.settings import Plan


def main() -> None:
    control = ControlPlane(Plan(**json.loads(os.environ["MESHBENCH_CONTROL_PLAN"])))
    threading.Thread(target=serve(control).serve_forever, daemon=True).start()
    control.run()


if __name__ == "__main__":
    main()
