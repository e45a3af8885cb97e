"""The only door to a Kubernetes API: connections, listing, watching, patching, errors. Whatever we read from or do to a cluster is here."""
