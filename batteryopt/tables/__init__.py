"""Input and output as tables and TOML: what pydantic and spreadsheets find wrong, in words for people."""
