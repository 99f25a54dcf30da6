"""A workload of one's own: messages are sent to inboxes, and inboxes are counted. Run it with

meshbench run steady --set workload=docs/examples/inbox.py:Inbox --set workload.inboxes=50
"""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.options import Options, bounded
from loadgen.workload import Op, count_problem, fill, recreate

TABLES = {
    "inboxes": "id INT NOT NULL PRIMARY KEY, unread INT NOT NULL",
    "messages": "id VARCHAR(40) NOT NULL PRIMARY KEY, inbox INT NOT NULL",
}


@dataclass(frozen=True, kw_only=True)
class InboxOptions(Options):
    inboxes: int = bounded(1_000, at_least=1)  # a key of the scenario, with its default and its bounds


class Inbox:
    Options = InboxOptions

    def __init__(self, options: InboxOptions) -> None:
        self.inboxes = options.inboxes

    def setup(self, connection, *, seed):
        del seed  # nothing here is random
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)
            fill(cursor, "inboxes", ((number, 0) for number in range(1, self.inboxes + 1)))

    def check(self, session):
        return count_problem(session, "inboxes", self.inboxes)  # in one line, why the load cannot begin; or None

    def next(self, rng, key):
        return Op(f=rng.choice(("send", "read")), key=key, value={"inbox": rng.randint(1, self.inboxes)})

    def run(self, session, op):
        inbox = op.value["inbox"]
        if op.f == "read":  # an operation that writes nothing is called read, and never commits
            return {"inbox": inbox, "unread": session.fetch("SELECT unread FROM inboxes WHERE id = %s", (inbox,))[0][0]}
        session.begin()
        session.execute("INSERT INTO messages (id, inbox) VALUES (%s, %s)", (op.key, inbox))
        session.execute("UPDATE inboxes SET unread = unread + 1 WHERE id = %s", (inbox,))
        session.commit()  # the one call that may leave the outcome unknown
        return op.value

    def final_queries(self):
        return {"keys": "SELECT id AS `key` FROM messages ORDER BY id"}  # judged by durability and duplicates
