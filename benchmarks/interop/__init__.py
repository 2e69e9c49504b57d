"""NIR files between frameworks: each writes in its own environment, everybody reads."""
