"""The practice cluster: a small Kubernetes API server of our own with controllers, where the same buttons can break nothing.

It behaves like a cluster where the product and its stories look, and it is not a second Kubernetes: no server-side apply, no schemas, no
admission webhooks, no containers. The contract tests (`tests/contract`) run against it and against a real cluster, and the real one is right.

A request goes `routing → answering → writing → store`; what the store notes goes to the watches (`streaming`) and to the `controllers`,
which answer with more writes.
"""
