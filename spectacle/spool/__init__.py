"""Everything that is persisted: the spool directory, the names in it, claims, commits, and tidying up."""
