"""Supernets and children of cells: NAS-Bench-201 and DARTS."""
