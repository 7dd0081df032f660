"""A search as a run: folder, configuration, artifacts; see README.md."""
