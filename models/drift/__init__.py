"""The statistical model of drift: marks in, levels and findings out; refuses to know SQL and the dashboard."""
