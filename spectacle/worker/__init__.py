"""Running jobs: the process that loads generators, and the daemon's side of it."""
