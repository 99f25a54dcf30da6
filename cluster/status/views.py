"""How the members of a group see it: pod -> "STATE/ROLE", as `cluster.status.status.Status.view`.

Who is a member, and in which role, is the group's decision and the same for all of them. That a member is UNREACHABLE
is the opinion of one, by its own failure detector (MySQL 9.7 manual, "Server States and Network Partitions"): two
members that both work may differ for seconds about a third that was killed and is starting again.
"""

from __future__ import annotations

from collections.abc import Mapping

View = Mapping[str, str]


def roles(view: View) -> dict[str, str]:
    """Member -> PRIMARY or SECONDARY, whatever state it is seen in."""
    return {name: part.partition("/")[2] for name, part in view.items()}


def unreachable(part: str) -> bool:
    """Whether "STATE/ROLE" is of a member that is not heard."""
    return part.startswith("UNREACHABLE")


def see_alike(own: str, view: View, peer: str, other: View) -> bool:
    """Whether two members are in one group: the same members in the same roles, and each reaches the other."""
    reach = not unreachable(view.get(peer, "")) and not unreachable(other.get(own, ""))
    return reach and roles(view) == roles(other)
