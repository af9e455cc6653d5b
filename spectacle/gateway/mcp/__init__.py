"""MCP: tools with which language models generate, edit and vectorize images through the spool."""
