"""A search as a run: its folder, its configuration, its artifacts."""
