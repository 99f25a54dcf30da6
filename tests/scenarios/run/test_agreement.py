"""No load begins on pods that do not agree."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.errors import ConfigurationError, HarnessError
from scenarios.run.agreement import require_agreement


class Pods:
    """A cluster whose pods agree or not, and keep some of them in quarantine."""

    def __init__(self, *, agree: bool, aside: dict[str, str]) -> None:
        self._agree = agree
        self._aside = aside
        self.membership = self

    def wait_converged(self, *, timeout_s: float) -> bool:
        return self._agree

    def quarantined(self) -> dict[str, str]:
        return self._aside

    def disagreement(self) -> str:
        return "node1 ONLINE as primary, executed a:1-9; node2 does not answer"


def after_set_up(*options: tuple[str, str], **pods: Any) -> None:
    asked = [{"option": name, "from": "mysql.config", "asked": value} for name, value in options]
    require_agreement(Pods(**pods), {"options": asked})  # type: ignore[arg-type]


def test_pods_that_agree_may_be_loaded() -> None:
    after_set_up(agree=True, aside={})


@pytest.mark.parametrize(("agree", "aside"), [(False, {}), (True, {"node2": "has what nobody else has"})])
def test_pods_that_do_not_agree_end_the_run_in_one_line(agree: bool, aside: dict[str, str]) -> None:
    with pytest.raises(HarnessError, match=r"did not agree.*no load was started: .*node2 does not answer") as ended:
        after_set_up(agree=agree, aside=aside)
    assert "\n" not in str(ended.value)


def test_an_option_that_keeps_changes_from_pods_is_named_and_is_the_user_s() -> None:
    with pytest.raises(ConfigurationError, match=r"no load was started.*replicate_do_table=shop\.a \(mysql\.config\)"):
        after_set_up(("max_connections", "9"), ("replicate_do_table", "shop.a"), agree=False, aside={})
    after_set_up(("replicate_do_table", "shop.a"), agree=True, aside={})  # what it loses is for the run to show
