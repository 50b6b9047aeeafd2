"""What `twotrack doctor` examines, where a topic is more than a few lines."""
