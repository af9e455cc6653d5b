"""Many requests out of a directory of images, or a file of prompts, with their results in another directory."""
