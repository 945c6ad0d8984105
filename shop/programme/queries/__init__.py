"""What is read of the programme, by part."""
