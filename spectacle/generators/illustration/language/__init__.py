"""Understanding prompts: from a text in one of several languages to the scene it asks for."""
