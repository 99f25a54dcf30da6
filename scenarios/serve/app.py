"""The pages of `meshbench serve`, for a browser on this machine: what is asked for, and what is answered.

``/`` the console (``index.html`` of the runs folder) · ``/<scenario>/<run>/…`` the files of the runs folder · ``/live``
what is under way · ``/api/live`` the same as JSON (schema in reports/live.schema.json) · ``/trace?run=…&key=…`` what
became of one operation of a run.
Everything is only read. A name that this machine does not have for itself is refused, so that a page from elsewhere
cannot have its own name lead here (DNS rebinding).
"""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, redirect, request, send_file
from werkzeug.exceptions import HTTPException

from scenarios.live.reader import reader
from scenarios.live.state import SCHEMA_ID
from scenarios.serve import pages
from scenarios.serve.clusters import ClustersSeen

#: The names of this machine for itself; werkzeug leaves the port aside.
HOSTS = ["127.0.0.1", "localhost"]
INDEX = "index.html"
#: What a folder shows of itself, the first that is there.
FRONT_PAGES = (INDEX, "report.html", "certificate.html", "compare.html")
#: Text whose name browsers do not know, and would save instead of showing it.
TEXTS = {".jsonl", ".log", ".md", ".prom", ".hlog", ".csv", ".yaml", ".yml", ""}
#: A page of a run may show what is in it and nothing from elsewhere, whatever was written into a log.
POLICY = "default-src 'self' data: 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"


def create_app(runs: Path, *, clusters: Callable[[], ClustersSeen]) -> Flask:
    """runs: the runs folder. clusters: what is known of those that are up."""
    app = Flask("meshbench", static_folder=None)
    app.config["TRUSTED_HOSTS"] = HOSTS
    app.json.sort_keys = False  # type: ignore[attr-defined]

    @app.before_request
    def known_host() -> None:
        _ = request.host  # raises a SecurityError, which is answered with 400, unless it is one of HOSTS

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def told(error: HTTPException) -> Response:
        return Response(f"{error.code}: {error.description}\n", status=error.code, mimetype="text/plain")

    @app.errorhandler(OSError)
    def unreadable(error: OSError) -> Response:
        return Response(f"403: {error.filename}: {error.strerror}\n", status=403, mimetype="text/plain")

    @app.get("/")
    def console() -> Response:
        if (runs / INDEX).is_file():
            return _file(runs / INDEX)
        return Response(pages.without_console(runs), mimetype="text/html")

    @app.get("/live")
    def live() -> Response:
        return Response(pages.live(), mimetype="text/html")

    @app.get("/api/live")
    def api_live() -> dict[str, Any]:
        return live_content(runs, clusters())

    @app.get("/trace")
    def one_transfer() -> Response:
        run, key = request.args.get("run", "latest"), request.args.get("key", "")
        return Response(pages.one_transfer(inside(runs, run), run=run, key=key), mimetype="text/html")

    @app.get("/<path:name>")
    def file(name: str) -> Any:
        found = inside(runs, name)
        if found is None:
            abort(404, description=f"there is no {name} in the runs folder")
        if not found.is_dir():
            return _file(found)
        if not name.endswith("/"):
            return redirect(f"/{name}/")
        front = next((found / page for page in FRONT_PAGES if (found / page).is_file()), None)
        return _file(front) if front else Response(pages.listing(found, name), mimetype="text/html")

    return app


def live_content(runs: Path, clusters: ClustersSeen) -> dict[str, Any]:
    """What ``/api/live`` answers. now_ns: CLOCK_MONOTONIC, which every time in it is of."""
    return {
        "schema": SCHEMA_ID,
        "now_ns": time.monotonic_ns(),
        "runs": [snapshot.as_json() for snapshot in reader(runs)],
        **asdict(clusters),
    }


def inside(runs: Path, name: str) -> Path | None:
    """A file or folder of the runs folder; None where there is none, where it is hidden, or where it or a link leads
    out of there."""
    if any(part.startswith(".") for part in name.split("/")):
        return None
    try:
        found = (runs / name).resolve()
        return found if found.exists() and found.is_relative_to(runs.resolve()) else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def _file(file: Path) -> Response:
    kind = "text/plain" if file.suffix in TEXTS else mimetypes.guess_type(file.name)[0]
    return send_file(file.resolve(), mimetype=kind or "application/octet-stream", conditional=True)
