"""What the mysqld of an image is and knows, asked before anything starts: its version, and how it reads options.

One short container of the image, without a network, runs ``mysqld --version``, ``--print-defaults`` (which reads an
option file exactly as that server does, groups and includes too) and ``--verbose --help``, which loads plugins, parses
everything that was asked for and prints what came of it, and touches no data.
"""

from __future__ import annotations

import re
import secrets
import shlex
from dataclasses import dataclass, field
from functools import cache

from cluster.errors import ConfigurationError, EngineRefusedError
from cluster.mysqld import mysqld
from cluster.mysqld.options import Known
from cluster.platform import images, one_off
from cluster.platform.docker_engine import engine_memory_bytes

TIMEOUT_S = 60
#: Begins the run id of a container that is asked, which is no run: it is gone within a second or two.
ASKED = "ask-"
#: Every plugin that a topology may load: so that a misspelt option is told from one that this topology has no use for.
PLUGINS = ("group_replication.so", "semisync_source.so", "semisync_replica.so", "mysql_clone.so")
#: A Docker image reference: [host[:port]/]path[:tag][@digest], or an image's id.
_PATH = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REFERENCE = (
    rf"(?:[A-Za-z0-9.-]+(?::\d+)?/)?{_PATH}(?:/{_PATH})*(?::\w[\w.-]{{0,127}})?(?:@[a-z0-9+.-]+:[0-9a-f]{{32,}})?"
)
REFERENCE_EXPECTED = (
    "expected 'default' or an image reference such as mysql:9.7 or registry.example:5000/my/mysql@sha256:…"
)
_MARK = "@@meshbench"
_FIND = "mysqld=$(PATH=$PATH:/usr/sbin:/usr/libexec:/usr/local/mysql/bin command -v mysqld || command -v mariadbd)"
_PART = re.compile(rf"^{_MARK} (\w+)\n", re.MULTILINE)
#: mysqld's own words for an option it cannot use; the rest of its log is no matter of options.
_REFUSED = re.compile(r"Error while setting value|[Uu]nknown suffix|[Uu]nknown option|rejected as command line option")
#: Said after every error that ends mysqld, and says nothing.
_EMPTY = re.compile(r"\] Aborting\s*$")


def is_reference(text: str) -> bool:
    """Whether it may name an image; whether there is such an image only an engine knows."""
    return re.fullmatch(_REFERENCE, text, re.ASCII) is not None and len(text) <= 255


@dataclass(frozen=True, kw_only=True)
class ServerAnswer:
    """version: what ``mysqld --version`` printed. file_printed: what ``--print-defaults`` made of an option file, one
    line; all_printed: the same of the image's own files, too. refused: mysqld's words for what it cannot use.
    memory_bytes: of the machine that the pods will share, 0 where the engine does not say."""

    version: str
    file_printed: str = ""
    all_printed: str = ""
    known: Known = field(default_factory=Known)
    refused: tuple[str, ...] = ()
    memory_bytes: int = 0


def ask(image: str, *, my_cnf: bytes | None, arguments: tuple[str, ...]) -> ServerAnswer:
    """Ask an image that is on the engine. my_cnf: an option file's content. arguments: as on its command line.

    Raises ConfigurationError when it has no mysqld that could answer.
    """
    identity = images.identity(image)
    return _ask(identity, image, my_cnf, arguments)


@cache
def _ask(identity: str, image: str, content: bytes | None, arguments: tuple[str, ...]) -> ServerAnswer:
    """identity: of the image, because one that is built again keeps its name."""
    plugins = [f"--plugin-load-add={one}" for one in PLUGINS]
    script = [_FIND, f"echo {_MARK} version", '"$mysqld" --version || exit 1']
    if content is not None:
        script += [f"echo {_MARK} file", f'"$mysqld" --defaults-file={mysqld.USER_CNF} --print-defaults']
        arguments = (f"--defaults-extra-file={mysqld.USER_CNF}", *arguments)
    script += [f"echo {_MARK} all", f'"$mysqld" {shlex.join(arguments[: content is not None])} --print-defaults']
    for part, words in (("defaults", plugins), ("values", [*arguments, *plugins])):
        script += [f"echo {_MARK} {part}", f'"$mysqld" {shlex.join(words)} --verbose --help 2>/tmp/said; code=$?']
        script += [f"echo {_MARK} {part}_code; echo $code; echo {_MARK} {part}_said; cat /tmp/said"]
    parts = _parts(_run(identity, "\n".join(script), content, name=image))
    if "defaults" not in parts:
        answered = " ".join(parts.get("version", "").split()) or "nothing"
        raise ConfigurationError(f"image {image}: no mysqld in it answers --version; it said: {answered[:200]}")
    known = Known(
        values=help_values(parts["values"]),
        defaults=help_values(parts["defaults"]),
        unshown=help_names(parts["defaults"]),
    )
    usable = parts["defaults_code"].strip() == "0" and bool(known.defaults)  # else only a running server can tell
    said = errors(parts["values_said"].splitlines())
    refused = [line for line in said if _REFUSED.search(line)]
    if usable and parts["values_code"].strip() != "0":
        refused = refused or said[:2] or ["mysqld ended at once"]
    return ServerAnswer(
        version=parts["version"].strip(),
        file_printed=parts.get("file", "").partition("arguments:")[2].strip(),
        all_printed=parts.get("all", "").partition("arguments:")[2].strip(),
        known=known if usable else Known(),
        refused=tuple(refused) if usable else (),
        memory_bytes=engine_memory_bytes(),
    )


def _run(identity: str, script: str, content: bytes | None, *, name: str) -> str:
    """Both outputs of a script in a container of the image, which is removed whatever happens."""
    files = {} if content is None else {mysqld.USER_CNF: content}
    own_id = f"{ASKED}{secrets.token_hex(4)}"
    try:
        with one_off.started(identity, ["/bin/sh", "-c", script], own_id, files=files, user="0") as process:
            if process.wait(timeout_s=TIMEOUT_S) is None:
                raise ConfigurationError(f"image {name}: its mysqld did not answer --version in {TIMEOUT_S} s")
            return process.logs(stdout_only=True).decode(errors="replace")
    except EngineRefusedError as error:
        raise ConfigurationError(f"image {name}: cannot be asked for its MySQL version: {error}") from None


def _parts(printed: str) -> dict[str, str]:
    """What stands below each mark."""
    pieces = _PART.split(printed)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def split_defaults(printed: str) -> list[tuple[str, str | None]]:
    """(name, value) of every option in a line of ``mysqld --print-defaults``, in which each stands after ``--``; the
    value is None where there is no ``=``."""
    words = [word.strip() for word in re.split(r"(?:^|\s)--(?=[A-Za-z])", printed)[1:]]
    return [(name, value if equals else None) for name, equals, value in (word.partition("=") for word in words)]


def errors(lines: list[str]) -> list[str]:
    """mysqld's errors, without time and thread; what it printed outside of its log counts too."""
    telling = [line for line in lines if not _EMPTY.search(line)]
    found = [line for line in telling if "[ERROR]" in line or re.match(r"\S*mysqld: ", line)]
    return [re.sub(r"^\d{4}-\S+ \d+ ", "", line).strip() for line in found]


def help_names(printed: str) -> frozenset[str]:
    """Every option (with underscores) that the text of ``mysqld --verbose --help`` describes above its table."""
    return frozenset(
        name.replace("-", "_") for name in re.findall(r"^  (?:-\S, )?--([a-z][\w-]*)", printed, re.MULTILINE)
    )


def help_values(printed: str) -> dict[str, str]:
    """Option (with underscores) -> value, from the table at the end of ``mysqld --verbose --help``."""
    _, line, table = printed.partition("\n----")
    if not line:
        return {}
    found: dict[str, str] = {}
    for row in table.splitlines()[1:]:
        if not row.strip():
            break
        name, _, value = row.partition(" ")
        found[name.replace("-", "_")] = value.strip()
    return found
