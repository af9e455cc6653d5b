"""Where the parts of a model are kept and in which precision: measured, planned and applied, for every model."""
