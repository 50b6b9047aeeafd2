"""Record types, settings, errors and statistical models; imports nothing else of ours."""
