"""What happens to be in a practice cluster: nodes, and the manifests of a story, read from the files beside this one."""
