"""The control plane: a pod that watches all MySQL pods, fails over those that cannot elect, and publishes who serves.

`decide` holds the rules, pure; `state` what survives a crash; `act` the deeds; `loop` runs them, `api` answers;
`handle` is the host's side. Groups elect by themselves. Start: ``python3 -m control``.
"""
