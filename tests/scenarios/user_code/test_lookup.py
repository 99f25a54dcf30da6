"""What a user's own file may need: looked at before anything starts, where it would run, and one line a mistake."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.scenarios.looking import look_here

MINIMAL = "name: mine\nteaches: something\ntopology: single\nmesh: haproxy\n"
USER = """
from locust import User, task
class Visitor(User):
    @task
    def look(self): pass
"""
CLASS = """
class Probe:
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): pass
    def run(self, session, op): pass
    def final_queries(self): return {"keys": "SELECT 1"}
"""
SHAPE = "from locust import LoadTestShape\nclass S(LoadTestShape):\n    def tick(self): pass\n{}"
NEEDS_BANK = """
from locust import events
@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--bank", required=True)
    parser.add_argument("--level", type=int, default=3, env_var="LEVEL")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def read(folder: Path, text: str, keys: str = "", *, kind: str = "locustfile: own.py") -> Scenario:
    (folder / "own.py").write_text(text)
    (folder / "mine.yaml").write_text(f"{MINIMAL}workload: {{{kind}}}\n{keys}")
    return read_scenario(str(folder / "mine.yaml"), look=look_here)


def refusal(folder: Path, text: str, keys: str = "", *, kind: str = "locustfile: own.py") -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text, keys, kind=kind)
    said = str(caught.value)
    assert "\n" not in said
    assert "meshbench-own" not in said, "the user's own name of the file, not the pod's"
    return said


def test_the_environment_of_the_look_is_that_of_the_pod(folder: Path) -> None:
    text = "import os\n"
    for name in ("HOST", "PORT", "TCP_PORT", "USER", "PASSWORD", "PWD", "DATABASE", "READ_HOST", "READ_PORT"):
        text += f"assert os.environ['MYSQL_{name}']\n"
    text += "int(os.environ['MYSQL_PORT'])\nassert os.environ['BANK'] == 'acme'\n"
    read(folder, text + USER, "load: {environment: {BANK: acme}}\n")
    read(folder, text + CLASS, "load: {environment: {BANK: acme}}\n", kind='name: "own.py:Probe"')


def test_no_variable_of_this_machine_is_seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK", "acme")
    said = refusal(folder, f"import os\nos.environ['BANK']\n{USER}")
    own = folder / "own.py"
    assert said.endswith(
        f"workload: {own}:2: reads the environment variable BANK, which is not set; set it in load.environment"
    )


@pytest.mark.parametrize("kind", ["locustfile: own.py", 'name: "own.py:Probe"'])
def test_modules_and_data_beside_the_file_come_along(folder: Path, kind: str) -> None:
    (folder / "bank").mkdir()
    (folder / "bank" / "__init__.py").write_text("from bank.rates import RATE\n")
    (folder / "bank" / "rates.py").write_text("RATE = 7\n")
    (folder / "accounts.csv").write_text("1,2\n")
    text = "from pathlib import Path\nimport bank\nassert bank.RATE == 7\n"
    text += "assert (Path(__file__).parent / 'accounts.csv').read_text() == open('accounts.csv').read() == '1,2\\n'\n"
    scenario = read(folder, text + USER + CLASS, kind=kind)
    assert scenario.workload.folder is not None
    listing = scenario.workload.folder.listing()
    assert set(listing) == {"own.py", "bank/__init__.py", "bank/rates.py", "accounts.csv", "mine.yaml"}
    assert all(len(digest) == 64 for digest in listing.values())


def test_a_user_s_module_is_never_imported_on_the_host(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w')\nimport nothing_like_this\n{CLASS}")
    (folder / "mine.yaml").write_text(f"{MINIMAL}workload: own.py:Probe\ngates: {{lost: 0}}\n")
    scenario = read_scenario(str(folder / "mine.yaml"))
    assert not mark.exists()
    assert scenario.workload.told is None, "nobody has looked"


def test_a_module_beside_a_locustfile_that_takes_the_place_of_python_s_is_named(folder: Path) -> None:
    (folder / "colorsys.py").write_text("rgb = 1\n")
    said = refusal(folder, f"from colorsys import rgb_to_hsv\n{USER}")
    assert "; colorsys.py beside it can take the place of Python's own module of that name: rename it" in said
    assert "take the place" not in refusal(folder, "def f(:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "import numpy_of_nobody",
            ":1: imports numpy_of_nobody, which is neither beside the file nor in the load image",
        ),
        ("def f(:", ":1: not valid Python: "),
        ("x = '", ":1: not valid Python: unterminated string"),
        ("# -*- coding: klingon -*-\n", ": not valid Python: "),
        ("x = 1\x00", ": not valid Python"),
        ("x = (" + "(" * 3000, "not valid Python"),
        ("", "own.py has no class of users, a subclass of locust.User"),
        ("import locust", "own.py has no class of users"),
        (USER.replace("    @task", "    abstract = True\n    @task"), "classes of users (Visitor) are all abstract"),
        (USER.replace("    @task\n", ""), "own.py:3: Visitor has no task; decorate one with @task"),
        (USER.replace("User", "HttpUser"), "own.py:3: Visitor is an HttpUser, and there is no HTTP server in a run"),
        (USER.replace("User", "FastHttpUser"), "own.py:3: Visitor is an FastHttpUser, and there is no HTTP server"),
        (f"{USER}\n1 / 0", ":7: ZeroDivisionError: division by zero"),
        (f"{USER}\nraise SystemExit(0)", ":7: ends the process (0)"),
        (f"{USER}\nimport os; os._exit(5)", "importing it ended the process with 5; its last words: "),
        (f"{USER}\nopen('nowhere.csv')", ":7: FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.csv'"),
        (f"{USER}\nimport socket; socket.create_connection(('127.0.0.1', 1))", "no database yet: connect in on_start"),
        (f"{USER}\nimport pymysql; pymysql.connect(host='127.0.0.1', port=1)", "no database yet: connect in on_start"),
        (f"{USER}\nraise KeyError", ":7: KeyError"),
        (SHAPE.format("    def __init__(self): 1 / 0\n") + USER, "own.py:4: ZeroDivisionError"),
        (
            f"{SHAPE.format('')}{USER}\nclass Other(LoadTestShape):\n    tick = None\n",
            "a load has one shape, and here are 2",
        ),
    ],
)
def test_a_locustfile_that_cannot_run_is_told_before_anything_starts(folder: Path, text: str, says: str) -> None:
    said = refusal(folder, text)
    assert said.startswith(f"{folder / 'mine.yaml'}:5: workload: {folder / 'own.py'}"), said
    assert says in said


@pytest.mark.parametrize(
    "text",
    [
        USER,
        USER.replace("class Visitor", "class Base(User):\n    abstract = True\nclass Visitor"),
        USER + USER.replace("Visitor", "Buyer"),
        USER.replace("@task", "host = 'required'\n    @task"),
        "# -*- coding: latin-1 -*-\n# " + USER,
        "\ufeff" + USER,
        'print(\'{"refused": "not an answer"}\')' + USER,
    ],
)
def test_an_ordinary_locustfile_is_taken(folder: Path, text: str) -> None:
    assert read(folder, text).workload.is_locustfile


@pytest.mark.parametrize(
    ("load", "says"),
    [
        ("{}", "load.arguments: {own} needs its own argument --bank: load.arguments: {{bank: …}}"),
        ("{arguments: [--bank]}", "load.arguments: {own}: argument --bank: expected one argument"),
        ("{arguments: [--bank, a, --bnk, b]}", "load.arguments: {own}: unrecognized arguments: --bnk"),
        ("{arguments: {bank: a, level: high}}", "argument --level: invalid int value: 'high'"),
        ("{arguments: {bank: a}, environment: {LEVEL: high}}", "argument --level: invalid int value: 'high'"),
        (
            "{arguments: {bank: a, users: '5'}}",
            "load.arguments: -u/--users is an option of Locust's or of meshbench's own",
        ),
        ("{arguments: [--bank, a, -t5m]}", "-t/--run-time is an option of Locust's"),
        ("{arguments: [--bank, a, --headl]}", "--headless is an option of Locust's"),
        ("{arguments: [--bank, a, --load-config, x]}", "--load-config is an option of Locust's or of meshbench's own"),
        ("{arguments: [--bank, a, --help]}", "-h/--help is an option of Locust's"),
        ("{arguments: [--bank, a, Nobody]}", "has no class of users 'Nobody'; it has Visitor"),
    ],
)
def test_arguments_that_do_not_fit_are_told_with_their_name(folder: Path, load: str, says: str) -> None:
    said = refusal(folder, NEEDS_BANK + USER, f"load: {load}\n")
    assert says.format(own=folder / "own.py") in said
    assert said.startswith(f"{folder / 'mine.yaml'}:")


@pytest.mark.parametrize(
    "load",
    [
        "{arguments: [--bank, a]}",
        "{arguments: {bank: a, level: '5'}}",
        "{arguments: {bank: '-1'}, environment: {LEVEL: '5'}}",
        "{arguments: [--bank=a, --tags, slow, --host, somewhere]}",
        "{arguments: [--bank, a, Visitor]}",
    ],
)
def test_a_locustfile_gets_its_arguments(folder: Path, load: str) -> None:
    scenario = read(folder, NEEDS_BANK + USER, f"load: {load}\n")
    assert Scenario.model_validate(scenario.model_dump(mode="json")).load.arguments == scenario.load.arguments


@pytest.mark.parametrize("name", ["--users", "--run-time", "--headless", "--load-config", "-u"])
def test_an_argument_named_as_one_of_ours_is_told_with_its_line(folder: Path, name: str) -> None:
    said = refusal(folder, NEEDS_BANK.replace("--level", name) + USER, "load: {arguments: {bank: a}}\n")
    assert f"own.py:6: its own argument {name} is one of Locust's or of meshbench's; give it another name" in said


def test_an_argument_stored_as_one_of_ours_is_told(folder: Path) -> None:
    said = refusal(folder, NEEDS_BANK.replace('"--level"', '"--how-many", dest="num_users"') + USER)
    assert "its own argument --how-many is stored as 'num_users', which is one of Locust's or of meshbench's" in said


def test_a_listener_that_raises_is_told_and_not_swallowed(folder: Path) -> None:
    said = refusal(folder, NEEDS_BANK + "    raise ValueError('no such bank')\n" + USER)
    assert "own.py:7: ValueError: no such bank" in said


def test_a_class_without_a_constructor_is_looked_at_and_its_keys_filled_in(folder: Path) -> None:
    scenario = read(folder, CLASS, kind='name: "own.py:Probe"')
    assert scenario.workload.facts.keyed
    assert scenario.workload.facts.reads >= {"read", "balance"}, "as of any class that does not say"
    assert "durability" in (scenario.gates.require or [])
    assert scenario.workload.options == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ('{"keys": "SELECT 1"}', ""),
        ('["keys"]', "final_queries must return a dict: name of the table -> SQL that reads it, got ['keys']"),
        ('{"keys": None}', "final_queries must return a dict"),
        ("{1: 'SELECT 1'}", "final_queries must return a dict"),
        ("None", "final_queries must return a dict"),
        ("{'../x': 'SELECT 1'}", "final_queries must name its tables with letters, digits and _, got '../x'"),
        ("{}['keys']", "final_queries failed: KeyError: 'keys'"),
    ],
)
def test_final_queries_are_asked_for_before_anything_starts(folder: Path, change: str, says: str) -> None:
    text = CLASS.replace('{"keys": "SELECT 1"}', change)
    if not says:
        read(folder, text, kind='name: "own.py:Probe"')
        return
    said = refusal(folder, text, kind='name: "own.py:Probe"')
    assert says in said
    assert f"({folder / 'own.py'}:7" in said, "the user's line"


def test_a_key_of_the_class_is_blamed_on_its_own_line(folder: Path) -> None:
    (folder / "own.py").write_text(CLASS)
    (folder / "mine.yaml").write_text(f"{MINIMAL}workload:\n  name: own.py:Probe\n  rows: 5\n")
    with pytest.raises(ConfigurationError, match=r"mine.yaml:7: workload.rows: unknown key of workload .*own.py:Probe"):
        read_scenario(str(folder / "mine.yaml"), look=look_here)


@pytest.mark.parametrize(
    ("keys", "kind", "says"),
    [
        (
            "load: {environment: {BANK: 5}}",
            "locustfile: own.py",
            "load.environment.BANK: expected text, got 5; quote it",
        ),
        ("load: {environment: {BANK: yes}}", "locustfile: own.py", "load.environment.BANK: expected text, got true"),
        ("load: {environment: [BANK]}", "locustfile: own.py", "load.environment: expected a mapping of variables"),
        ("load: {environment: {'B K': x}}", "locustfile: own.py", "is not a variable name"),
        ("load: {environment: {MYSQL_HOST: x}}", "locustfile: own.py", "MYSQL_HOST: is set by meshbench itself"),
        ("load: {environment: {PYTHONPATH: x}}", "locustfile: own.py", "PYTHONPATH: is set by meshbench itself"),
        ("load: {environment: {LOCUST_USERS: x}}", "locustfile: own.py", "go into load.arguments"),
        (
            "load: {environment: {BANK: x}}",
            "name: transfer",
            "load.environment: is for a locustfile or a class of your",
        ),
        ("load: {arguments: [--x]}", "name: transfer", "load.arguments: is for a locustfile"),
        ("load: {arguments: [--x]}", 'name: "own.py:Probe"', "load.arguments: is for a locustfile"),
        ("load: {arguments: --x}", "locustfile: own.py", "load.arguments: expected a list of words"),
        ("load: {arguments: [5]}", "locustfile: own.py", "load.arguments.0: expected a word, got 5; quote it"),
        ("load: {arguments: {--bank: x}}", "locustfile: own.py", "write it without leading dashes"),
        (
            "load: {arguments: {bank: 5}}",
            "locustfile: own.py",
            "load.arguments.bank: expected text, or true for a flag",
        ),
        ("", "locustfile: own.py, requirements: no.txt", "workload.requirements: no file "),
        ("", "locustfile: own.py, requirements: 5", "workload.requirements: "),
        ("", "name: transfer, requirements: no.txt", "workload.requirements: unknown key of workload transfer"),
    ],
)
def test_a_mistake_in_what_is_brought_is_one_line(folder: Path, keys: str, kind: str, says: str) -> None:
    said = refusal(folder, USER + CLASS, f"{keys}\n", kind=kind)
    assert says in said
    assert said.startswith(f"{folder / 'mine.yaml'}:"), said


def test_values_of_the_environment_are_in_no_manifest(folder: Path) -> None:
    scenario = read(folder, USER, "load: {environment: {BANK_TOKEN: hush}}\n")
    assert scenario.load.environment == {"BANK_TOKEN": "hush"}
    assert "hush" not in scenario.model_dump_json()
    assert "BANK_TOKEN" in scenario.model_dump_json()


def test_a_setting_of_another_key_leaves_the_file_where_the_scenario_says(folder: Path) -> None:
    read(folder, CLASS, kind='name: "own.py:Probe"')
    assert Path.cwd() != folder
    with pytest.raises(ConfigurationError, match=r"--set workload.rows=5: workload.rows: unknown key of workload"):
        read_scenario(str(folder / "mine.yaml"), settings=["workload.rows=5"], look=look_here)


def test_a_name_with_a_comma_is_refused(folder: Path) -> None:
    (folder / "a,b.py").write_text(USER)
    with pytest.raises(ConfigurationError, match="Locust takes a comma in a name for two files; rename it"):
        read_scenario("steady", settings=[f"workload={folder / 'a,b.py'}"])
    with pytest.raises(ConfigurationError, match="no file"):
        read_scenario("steady", settings=[f"workload={'x' * (os.pathconf('/', 'PC_NAME_MAX') + 9)}.py"])
