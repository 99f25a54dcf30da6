"""``load`` of manifest.json: the load generator's own account, and of a user's locustfile what it did beside."""

from __future__ import annotations

from dataclasses import dataclass, field

from history.fields import Count, Flag, Number, Object, Text, Time, Whole, Words


@dataclass(frozen=True, kw_only=True)
class UsersAccount:
    """The users of a locustfile. broke: of those that ended, by an exception. why: what the last of them said."""

    started: Count = 0
    ended: Count = 0
    broke: Count = 0
    why: Text | None = None
    last_s: Number = 0.0


@dataclass(frozen=True, kw_only=True)
class LocustfileAccount:
    """What a user's locustfile did beside its requests."""

    exit_code: Whole | None = None
    exit_said: Text | None = None
    ended_by: Text | None = None
    lasted_s: Number = 0.0
    asked_s: Number = 0.0
    listener_errors: Count = 0
    listener_error: Text | None = None
    renamed_requests: Count = 0
    users: UsersAccount = UsersAccount()
    refused_requests: dict[str, Count] = field(default_factory=dict)
    shape: Object | None = None


@dataclass(frozen=True, kw_only=True)
class LoadAccount:
    """The load generator's own account. zero_ns: when the load began, CLOCK_MONOTONIC. complete: whether every load pod
    came to its end. unrecorded: load pods of which not every operation could be recorded. rows: load pod -> rows in its
    file."""

    zero_ns: Time | None = None
    complete: Flag | None = None
    dead: Words = ()
    unrecorded: Words = ()
    exit_codes: dict[str, Whole] = field(default_factory=dict)
    offered: Count | None = None
    ok: Count | None = None
    fail: Count | None = None
    unknown: Count | None = None
    refused: Count | None = None
    overflow: Count | None = None
    expired: Count | None = None
    in_flight: Count | None = None
    retries: Count | None = None
    cpu_s: Number | None = None
    connections_opened: Number | None = None
    lateness_ms: dict[str, Number] = field(default_factory=dict)
    rows: dict[str, Count] | None = None
    pods: Object = field(default_factory=dict)
    task_errors: Count = 0
    task_error: Text | None = None
    locustfile: LocustfileAccount | None = None

    @property
    def is_cut(self) -> bool:
        """Whether a load pod ended before its time, so that what it recorded last is lost."""
        return self.complete is False or bool(self.dead)
