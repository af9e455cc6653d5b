"""The art library: the drawings that pictures are composed of, and their licences."""
