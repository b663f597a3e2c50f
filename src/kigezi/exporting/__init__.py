"""From the study's final model to files that answer elsewhere."""
