"""A plan and a certificate as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator

from reports.certificate.certificate_types import Certificate
from reports.certificate.decide import operating
from reports.certificate.plan import Plan
from reports.certificate.sequential import error_rate
from reports.certificate.words import percent


def plan_lines(plan: Plan, *, trial_s: float) -> Iterator[str]:
    """What would be done, and what it can show. trial_s: about how long a trial takes."""
    yield f"plan {plan.name}, digest {plan.digest}"
    for claim in plan.claims:
        yield f"  claim   {claim.text}"
        if not claim.never:
            bad, rate = percent(1 - claim.share), percent(error_rate(plan.looks, claim.share))
            yield f"          a system of which {bad} of trials are bad is certified in {rate} of cases"
    for cell in plan.cells:
        yield f"  system  {cell.name}"
    for number, look in enumerate(plan.looks):
        allowed = "none was bad" if not look.failures else f"at most {look.failures} bad"
        yield f"  {'look' if not number else 'else':7} after {look.trials} trials: certified if {allowed}"
    yield f"  voids   at most {plan.voids_at_most} (void, broken or cut off); with more there is no certificate"
    yield "  bad trials   certified   expected trials   minutes"
    for point in operating(plan):
        minutes = point["trials"] * trial_s / 60
        yield (
            f"  {percent(point['bad_share']):>10}{percent(point['certified']):>12}{point['trials']:>18.1f}"
            f"{minutes:>10.0f}"
        )


def certificate_lines(content: Certificate) -> Iterator[str]:
    """Verdict first, then each claim, then what did not count."""
    yield f"{content['verdict'].upper()} {content['name']}: {content['why']}"
    for claim in content["claims"]:
        yield f"  {claim['verdict']:11} {claim['text']}"
        yield f"  {'':11} {claim['bound_words']}"
    trials = content["trials"]
    yield (
        f"  {trials['counted']} trials count of {trials['attempts']} begun: {trials['void']} void, {trials['broken']} "
        f"broken, {trials['cut']} cut off (at most {trials['voids_at_most']} in all)"
    )
    if len(content["cells"]) > 1:
        for cell in content["cells"]:
            failed = ", ".join(map(str, cell["failures"]))
            yield f"  {cell['name']}: {cell['n']} trials, failures by claim: {failed}"
