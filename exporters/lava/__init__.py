"""A program as a folder that runs on Lava without this package."""
