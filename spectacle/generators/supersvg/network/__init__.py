"""The published networks: their checkpoints, what they are shown, and vectorizing with them."""
