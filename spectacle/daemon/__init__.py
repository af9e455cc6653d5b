"""What one instance of the daemon does: notices requests, chooses the next one, and brings each to its answer."""
