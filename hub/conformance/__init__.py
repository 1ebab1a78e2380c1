"""`hub conform`: the hub as an agency's developer may try it, asking their system, or hearing their sender.

Each check says what it wants, why it matters and how to mend it (report.Check); what it saw is its Verdict.
"""
