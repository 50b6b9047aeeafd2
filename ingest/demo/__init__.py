"""The invented organisation: its people, its stories, and its payloads in the shapes of the sources."""
