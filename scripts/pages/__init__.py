"""Builds the pages of the documentation that are generated from code; `scripts/build_docs.py` writes them."""
