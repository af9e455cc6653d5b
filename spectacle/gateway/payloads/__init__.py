"""Inputs and outputs that more than one dialect carries: what a server's own JSON asks for, and what it responds."""
