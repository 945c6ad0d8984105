"""The only writers of the programme, by part."""
