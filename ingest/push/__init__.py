"""The push endpoint: deliveries received over HTTP, kept durably, and taken over into the raw store."""
