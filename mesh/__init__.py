"""PROXY: what stands between the clients and the pods. Imports `cluster` and nothing else of ours."""
