"""SQL models and the runner that builds, checks and publishes them."""
