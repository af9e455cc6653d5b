"""Control maps of ordinary images: edges and lines without a model, depth with one."""
