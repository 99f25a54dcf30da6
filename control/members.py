"""Pods that come and go: registered, drained, removed. By the loop's thread only."""

from __future__ import annotations

from dataclasses import replace

from cluster.topologies.replication import CanPromote
from cluster.topology import MAX_PODS
from control.agents import Agents
from control.settings import Plan
from control.state import State, Store
from control.switchover import RefusedError

TIMEOUT_S = 1.0


class Members:
    def __init__(self, plan: Plan, store: Store, agents: Agents) -> None:
        self._plan = plan
        self._store = store
        self._agents = agents

    def add(self, name: str, address: str) -> None:
        """Take in a pod that has its data already (cloned, say): it is then made to follow, and read from."""
        state = self._settled()
        if len(state.assignment.pods) >= MAX_PODS and name not in state.assignment.pods:
            raise RefusedError(f"there are {MAX_PODS} nodes already")
        self._change(state, {**state.assignment.pods, name: address})
        self._store.log("pod_added", name, address=address)

    def drain(self, name: str) -> None:
        """Take a pod out of the read pool: the last step before it is removed."""
        state = self._replica(name)
        if name not in state.assignment.draining:
            self._store.save(state.assign(draining=(*state.assignment.draining, name)))
            self._store.log("pod_draining", name)
            self._agents.spread(self._store.state.assignment)

    def remove(self, name: str) -> None:
        """Forget a pod."""
        state = self._replica(name)
        assignment = state.assignment
        quarantined = {pod: why for pod, why in assignment.quarantined.items() if pod != name}
        draining = tuple(pod for pod in assignment.draining if pod != name)
        pods = {pod: address for pod, address in assignment.pods.items() if pod != name}
        self._change(replace(state, assignment=replace(assignment, quarantined=quarantined, draining=draining)), pods)
        self._store.log("pod_removed", name)

    def _change(self, state: State, pods: dict[str, str]) -> None:
        """Change who counts. Until the primary knows, it may still count by the old list, and so do we (`before`)."""
        before = tuple(state.assignment.pods)
        changed = state.assign(pods=pods)
        leads = isinstance(self._plan.replication, CanPromote)
        self._store.save(replace(changed, before=before if leads else None))
        self.confirm()
        self._agents.spread(self._store.state.assignment)

    def confirm(self) -> None:
        """Ask the primary's agent whether it counts by the new list; once it does, the old list is done with."""
        state = self._store.state
        primary = state.assignment.primary
        if state.before is None or primary is None:
            return
        one = {primary: state.assignment.pods[primary]}
        if primary in self._agents.tell(state.assignment, one, enough=bool, timeout_s=TIMEOUT_S):
            self._store.save(replace(state, before=None))

    def _settled(self) -> State:
        self.confirm()
        state = self._store.state
        if state.move is not None or state.before is not None:
            raise RefusedError(
                "the primary is being changed, or does not know yet of the last change of pods; try again"
            )
        return state

    def _replica(self, name: str) -> State:
        state = self._settled()
        if name not in state.assignment.pods:
            raise RefusedError(f"{name} is not a pod of this cluster; pods: {', '.join(state.assignment.pods)}")
        if name == state.assignment.primary:
            raise RefusedError(f"{name} is the primary: switch over first")
        return state
