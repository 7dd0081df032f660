"""Supernets and children of chains, single-path and multi-branch."""
