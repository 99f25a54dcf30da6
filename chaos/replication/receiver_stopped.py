"""receiver-stopped: a replica receives nothing any more, though it and its source are well.

STOP REPLICA IO_THREAD alone would be no fault that lasts: the control plane starts a receiver that has stopped. So the
receiver is told to connect from an address that the pod does not have (SOURCE_BIND), and tries again and again, as
after a wrong route or a password that has run out. Bites when it does not receive and MySQL says why. Heals by taking
that back. Not for a group, whose members receive by its own protocol: cut the network between them instead.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.replication import channel
from chaos.topologies import PROMOTED

#: Of the range for documents (RFC 5737), which no pod has.
NOT_OURS = "192.0.2.1"


@dataclass(frozen=True, kw_only=True)
class ReceiverStopped(Fault):
    name = "receiver-stopped"
    does = "a replica that receives nothing: it stays readable, and shows older and older data"
    bites = "the receiver cannot connect, and MySQL has an error of it"
    heals = "the receiver connects from its own address again"
    good = "under semi-sync the other replica acknowledges; a failover takes whoever has more"
    known_as = "STOP REPLICA IO_THREAD"
    targets = ("one_replica", "replicas", "candidate")
    topologies = PROMOTED
    least_pods = 2
    refuted_by = Refutations(bitten={"receives": (True,), "error": (0,)}, clean={"receives": (False,)})

    def on(self, victim: Victim, context: Context) -> Deaf:
        return Deaf(fault=self, victim=victim, context=context)


class Deaf(Injection[ReceiverStopped]):
    def inject(self) -> None:
        option = f"SOURCE_BIND = '{NOT_OURS}'"
        sql.attempt(f"receiver-stopped on {self.pod}", lambda: channel.change_receiver(self.cluster, self.pod, option))

    def effect(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            if here is None:
                return Evidence(ok=False, seen={"follows": False})
            receives = here.bound_to != NOT_OURS or here.receiver == "ON"
            behind = channel.behind(self.cluster, self.pod)
            seen = {"receives": receives, "error": here.receiver_error, "transactions_behind": behind}
            return Evidence(ok=not receives and here.receiver_error != 0, seen=seen)

        return sql.told(look)

    def heal(self) -> None:
        def mend(here: channel.Channel) -> None:
            if here.bound_to == NOT_OURS:
                channel.change_receiver(self.cluster, self.pod, "SOURCE_BIND = ''")

        channel.restored(self.cluster, self.pod, "receiver-stopped", mend)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            receives = here is None or (here.bound_to is None and here.receiver == "ON")
            return Evidence(ok=receives, seen={"receives": receives})

        return sql.told(look)
