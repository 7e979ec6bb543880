"""What a study has found, for others to read: `Results`, exported tables, and the status of a study.

Its business is to hand out what the store holds. Not its business: statistics and the report, which are rooms of their
own, and how records are stored.
"""
