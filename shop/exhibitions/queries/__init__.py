"""What is read of fairs, by part."""
