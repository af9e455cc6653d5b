"""Where the parts of a model live in memory and in which form: measured, planned and applied, for every model."""
