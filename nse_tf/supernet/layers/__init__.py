"""Layers and weight layouts that every family of supernets builds on."""
