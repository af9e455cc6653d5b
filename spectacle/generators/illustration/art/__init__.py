"""The art library: the artworks that images are composed of, and their licences."""
