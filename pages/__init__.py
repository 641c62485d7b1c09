"""The screen: one file per page, drawn from the desk's Snapshot and nothing else."""
