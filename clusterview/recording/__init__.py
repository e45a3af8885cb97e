"""What was seen is written down, so that any moment of the last day can be looked at again."""
