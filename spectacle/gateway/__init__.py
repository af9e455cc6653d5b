"""The HTTP gateway: serves the HTTP interfaces that image clients already speak, as one more client of the spool."""
