"""What is made of profile text: the text itself, keyword labels, and what LLMs say about it.

Pure functions and small services around them. Nothing here knows Dagster, and no text leaves in
a message or a log.
"""
