"""What the generators on diffusers share: where their models live, how they are loaded, and how they run."""
