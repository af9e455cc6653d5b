"""Generators: plug-ins that turn a request into pictures."""
