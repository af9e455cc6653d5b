"""Generators: plug-ins that turn a request into images."""
