"""Any pipeline of diffusers that makes images, as a table `[models.NAME]` of the settings describes its model."""
