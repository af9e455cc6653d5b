"""What `benchmarks/spool.py` is made of."""
