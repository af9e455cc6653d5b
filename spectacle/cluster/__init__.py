"""Workers on the nodes of a Ray cluster. Only the processes `helper` and `probe` and the nodes import ray."""
