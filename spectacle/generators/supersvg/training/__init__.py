"""Training the coarse network, and the data sets that it is trained on."""
