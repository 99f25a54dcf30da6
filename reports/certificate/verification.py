"""What `meshbench verify` found: its content, as ``verification.schema.json`` promises it, and its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypedDict

from reports.certificate.certificate_types import Certificate
from reports.certificate.environment import Environment
from reports.certificate.plan import earlier_words
from reports.text.units import count, plain

VERIFICATION_ID = "meshbench/verification/1"
#: What a reader asks first of an environment; the rest is in environment.json.
_FACTS = ("versions.mysqld", "versions.envoy", "versions.haproxy", "versions.commit", "host.cores", "host.memory_gib")
_TOLD = 40


class ProblemRow(TypedDict):
    """of: a member, a trial, the plan, the key. what: what is wrong with it."""

    of: str
    what: str


class SignatureRow(TypedDict):
    """fingerprint: of the key whose signature holds, None: nobody's does. by_given_key: None where none was given."""

    fingerprint: str | None
    by_given_key: bool | None


class PlanRow(TypedDict):
    """earlier_attempts: certificates of the same plan that had been begun before in the same runs folder, whatever
    became of them; None: from before this was counted."""

    digest: str
    frozen_at: str
    earlier_attempts: int | None


class Checked(TypedDict):
    """members: files in the bundle. judged_again: runs. not_judged: attempts that broke or were cut off, of which
    nobody can say more."""

    members: int
    judged_again: int
    not_judged: int


class Verification(TypedDict):
    """sha256: of the bundle. notes: what was not checked. certificate: computed anew from plan and trials; None where
    the bundle does not even hold these, as plan and environment are. checked_by, made_by: commits of meshbench, with
    ``+`` where the tree was changed; None: not known."""

    schema: str
    bundle: str
    sha256: str
    verdict: Literal["sound", "not sound"]
    problems: list[ProblemRow]
    notes: list[str]
    signature: SignatureRow
    checked: Checked
    checked_by: str | None
    made_by: str | None
    plan: PlanRow | None
    certificate: Certificate | None
    environment: Environment | None


def lines(found: Verification) -> Iterator[str]:
    """What is printed: what was claimed, by how many trials, who signed, and last whether the document is sound."""
    certificate, plan = found["certificate"], found["plan"]
    if certificate is not None and plan is not None:
        yield from _certificate(certificate, plan)
    if found["environment"] is not None:
        yield from _environment(found["environment"])
    yield f"{'signed by':13}{_signer(found['signature'])}"
    checked = found["checked"]
    yield (
        f"{'checked':13}{count(checked['members'])} members, {count(checked['judged_again'])} runs judged again"
        + (f"; {count(checked['not_judged'])} attempts left nothing to judge" if checked["not_judged"] else "")
    )
    yield from (f"{'note':13}{note}" for note in found["notes"])
    if found["verdict"] == "sound":
        said = certificate["verdict"] if certificate is not None else ""
        yield f"SOUND: every byte, trial and number is as its plan and its evidence give it. It says: {said.upper()}"
        return
    problems = found["problems"]
    yield f"NOT SOUND: {count(len(problems))} problem{'' if len(problems) == 1 else 's'}"
    yield from (f"  {one['of']} {one['what']}" for one in problems[:_TOLD])
    if len(problems) > _TOLD:
        yield f"  and {count(len(problems) - _TOLD)} more"
    if found["made_by"] != found["checked_by"] and found["certificate"] is not None:
        yield f"  (made by meshbench {found['made_by']}, checked by {found['checked_by']}: numbers may differ by that)"


def _certificate(certificate: Certificate, plan: PlanRow) -> Iterator[str]:
    yield f"{'certificate':13}{certificate['name']}: {certificate['verdict'].upper()}. {certificate['why']}"
    for claim in certificate["claims"]:
        yield f"{'claim':13}{claim['text']}: {claim['verdict']}"
        yield (
            f"{'':13}n {count(claim['n'])}, failures {count(claim['failures'])}, void {count(claim['void'])}; "
            f"{claim['bound_words']}"
        )
    trials = certificate["trials"]
    yield (
        f"{'trials':13}{count(trials['counted'])} of {count(trials['attempts'])} attempts count: "
        f"{count(trials['void'])} void, {count(trials['broken'])} broken, {count(trials['cut'])} cut off, "
        f"at most {count(trials['voids_at_most'])} may be"
    )
    yield f"{'plan':13}sha256:{plan['digest']}, frozen {plan['frozen_at']}; {earlier_words(plan['earlier_attempts'])}"


def _environment(environment: Environment) -> Iterator[str]:
    known = {fact["name"]: fact["values"] for fact in environment["facts"]}
    told = [
        f"{name.partition('.')[2]} {' or '.join(plain(one['value']) for one in known[name])}"
        for name in _FACTS
        if name in known and known[name][0]["value"] is not None
    ]
    changed = any(one["value"] is True for one in known.get("versions.dirty", []))
    yield f"{'environment':13}{', '.join(told)}{' with changes that are in no commit' if changed else ''}"


def _signer(signature: SignatureRow) -> str:
    if signature["fingerprint"] is None:
        return "nobody: it is not signed, so that anybody may have made it"
    if signature["by_given_key"]:
        return f"the key given, sha256:{signature['fingerprint']}"
    told = "not the key given" if signature["by_given_key"] is False else "whose key that is only --key can show"
    return f"sha256:{signature['fingerprint']}, {told}"
