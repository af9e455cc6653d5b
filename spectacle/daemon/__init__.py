"""What one instance of the daemon does: notices requests, chooses the next one, and takes each to its result."""
