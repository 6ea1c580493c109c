"""The comparison of roles with what functions have used of them, and the plugin that makes it after a run."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.roles import comparison, plugin
from tests.roles.comparison import ALL_PARAMETERS, PARAMETERS, unused
from tests.roles.enforcement import Gate, NotGranted
from tests.roles.evaluation import Grant, Need, Roles, written_template
from tests.roles.plugin import WatchOfGrants, all_files

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES = Roles(PARAMETERS, {})
EVERYTHING = {
    function: {grant for parameters in ALL_PARAMETERS for grant in Roles(parameters, {}).grants(function)}
    for function in ROLES.functions()
}


def roles_with(change: Callable[[dict[str, Any]], None], *, function: str, sid: str) -> Roles:
    """The roles of a template in which a statement is another one."""
    # Functions share statements by YAML's anchors: only a copy by text changes that of one function alone.
    template = json.loads(json.dumps(written_template()))
    (policy,) = template["Resources"][f"{function.capitalize()}Role"]["Properties"]["Policies"]
    (statement,) = (each for each in policy["PolicyDocument"]["Statement"] if each.get("Sid") == sid)
    change(statement)
    return Roles(PARAMETERS, {}, template=template)


# The comparison -----------------------------------------------------------------------------------------


def test_roles_of_which_all_is_used_are_as_they_should_be() -> None:
    assert unused(EVERYTHING) == []


def test_what_lambda_does_itself_is_not_missed() -> None:
    used = {
        function: {
            grant for grant in grants if grant.action not in {"logs:PutLogEvents", "sqs:ReceiveMessage"}
        }
        for function, grants in EVERYTHING.items()
    }

    assert unused(used) == []


def test_a_grant_that_is_added_and_that_nothing_uses_is_named() -> None:
    def widen(statement: dict[str, Any]) -> None:
        statement["Action"].append("dynamodb:PutItem")

    roles = roles_with(widen, function="list", sid="Table")

    assert unused(EVERYTHING, roles) == ["list Table dynamodb:PutItem"]


def test_a_value_that_a_condition_allows_besides_is_named() -> None:
    def widen(statement: dict[str, Any]) -> None:
        statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"] = ["image", "provider-key"]

    used = EVERYTHING | {
        "retrieve": {*EVERYTHING["retrieve"], Grant("OpenSensitiveFields", "kms:Decrypt", "image")}
    }
    roles = roles_with(widen, function="retrieve", sid="OpenSensitiveFields")

    assert unused(used, roles) == ["retrieve OpenSensitiveFields kms:Decrypt provider-key"]


def test_a_resource_that_is_added_is_named() -> None:
    def widen(statement: dict[str, Any]) -> None:
        statement["Resource"] = [statement["Resource"], {"Fn::GetAtt": ["WorkQueue", "Arn"]}]

    roles = roles_with(widen, function="generations", sid="GenerationQueue")

    assert [line.rpartition(":")[2] for line in unused(EVERYTHING, roles)] == ["GenerationQueue", "WorkQueue"]


def test_a_grant_that_is_taken_away_ends_the_call_that_needs_it() -> None:
    need = Need("dynamodb:Query", ROLES.arn("Table"))
    roles = roles_with(lambda each: each["Action"].remove(need.action), function="render", sid="Table")
    gate = Gate(roles)

    with gate.at_work("render"), pytest.raises(NotGranted, match=r"render may not dynamodb:Query"):
        gate.check(need)


def test_the_ledger_excuses_what_nothing_reaches_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    grant = Grant("Table", "dynamodb:Query")
    used = EVERYTHING | {"render": EVERYTHING["render"] - {grant}}
    monkeypatch.setattr(comparison, "NOT_REACHED", {f"render {grant}": "for the test", "site Table": "gone"})

    assert unused(used) == ["site Table (in the ledger, yet used or not granted)"]


# The plugin ---------------------------------------------------------------------------------------------


class Terminal:
    """Where a run tells how it ended."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, **_: Any) -> None:
        self.lines.append(title)

    def line(self, text: str) -> None:
        self.lines.append(text.strip())


@pytest.fixture
def nothing_used_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process may have run functions of other tests."""
    monkeypatch.setattr(plugin, "USED", {})


def run_of(
    files: set[str],
    *workers: dict[str, set[Grant]],
    exitstatus: int = 0,
    args: tuple[str, ...] = ("tests",),
    option: dict[str, Any] | None = None,
) -> tuple[int, list[str]]:
    """A run of test files on workers that have used something: its exit status, and what it says."""
    config: Any = SimpleNamespace(option=SimpleNamespace(**option or {}), args=args)
    watch: Any = WatchOfGrants(config)
    for file in sorted(files):
        watch.pytest_runtest_logreport(SimpleNamespace(nodeid=f"{file}::test_it[a]", when="call"))
    for used in workers:
        watch.pytest_testnodedown(SimpleNamespace(workeroutput=output_of(used)), None)
    session = SimpleNamespace(exitstatus=exitstatus)
    watch.pytest_sessionfinish(session, exitstatus)
    terminal = Terminal()
    watch.pytest_terminal_summary(terminal)
    return session.exitstatus, terminal.lines


def output_of(used: dict[str, set[Grant]]) -> dict[str, Any]:
    """What a worker hands over that has used this."""
    config: Any = SimpleNamespace(workeroutput={})
    worker: Any = WatchOfGrants(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "USED", used)
        worker.pytest_sessionfinish(SimpleNamespace(exitstatus=0), 0)
    output: dict[str, Any] = config.workeroutput
    return output


def halves() -> tuple[dict[str, set[Grant]], dict[str, set[Grant]]]:
    """All that roles allow, divided between two workers; each knows of the same functions."""
    first = {function: set(sorted(grants, key=str)[::2]) for function, grants in EVERYTHING.items()}
    second = {function: grants - first[function] for function, grants in EVERYTHING.items()}
    return first, second


@pytest.mark.usefixtures("nothing_used_here")
def test_what_workers_have_used_is_added_up() -> None:
    assert run_of(all_files(), *halves()) == (0, [])


@pytest.mark.usefixtures("nothing_used_here")
def test_a_run_fails_that_leaves_a_grant_unused() -> None:
    grant = Grant("Table", "dynamodb:Query")
    first, second = halves()
    for used in (first, second):
        used["render"].discard(grant)

    status, lines = run_of(all_files(), first, second)

    assert status == pytest.ExitCode.TESTS_FAILED
    assert lines[-1] == "render Table dynamodb:Query"


@pytest.mark.usefixtures("nothing_used_here")
@pytest.mark.parametrize(
    "partial",
    [
        {"option": {"keyword": "upload"}},
        {"option": {"markexpr": "not loopback"}},
        {"option": {"lf": True}},
        {"option": {"deselect": ["tests/functions/test_list.py::test_it"]}},
        {"args": ["tests/functions", "tests/faults/test_sealed.py::test_it"]},
        {"exitstatus": pytest.ExitCode.TESTS_FAILED},
    ],
    ids=str,
)
def test_a_run_of_some_tests_and_one_that_failed_compare_nothing(partial: dict[str, Any]) -> None:
    status, lines = run_of(all_files(), **partial)

    assert (status, lines) == (partial.get("exitstatus", 0), [])


@pytest.mark.usefixtures("nothing_used_here")
def test_a_run_without_one_of_the_files_compares_nothing() -> None:
    files = all_files()

    assert run_of(files)[0] == pytest.ExitCode.TESTS_FAILED
    assert run_of(files - {min(files)}) == (0, [])


def test_function_tests_and_fault_tests_are_what_has_to_have_run() -> None:
    assert {"tests/functions/test_roles.py", "tests/faults/test_every_call.py"} <= all_files()
