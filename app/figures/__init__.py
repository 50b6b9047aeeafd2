"""Figures and their colours: what is drawn where. Nothing in here asks a build for anything."""
