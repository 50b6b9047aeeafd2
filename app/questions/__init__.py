"""What pages ask of a published build, one module per subject: rows and counts, judged by nobody but the models."""
