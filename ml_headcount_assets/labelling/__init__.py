"""Who labels a study and from where: LLMs, asked or imported, and filters that are accepted."""
