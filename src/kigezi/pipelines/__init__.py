"""The pipelines: wiring and nodes, nothing else."""
