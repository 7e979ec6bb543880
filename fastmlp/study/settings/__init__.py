"""The settings of a study: what they are, how they are read and written, and how they are refused.

Its business is everything between a TOML file or a dict and a checked `Settings`, the user's own problems and
strategies included. Not its business: what a problem or a strategy does, and which trials follow from the settings.
"""
