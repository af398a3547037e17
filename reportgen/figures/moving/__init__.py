"""Scenes, one a file: a class that draws its figure once and then moves a few artists, frame by frame."""
