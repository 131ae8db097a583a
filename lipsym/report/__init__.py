"""What people read: decimals with a direction, tables on a terminal, and the HTML report.

Invariant: a report shows certificates and adds nothing to them. A decimal printed for an upper bound is at least the
bound, one printed for a lower bound at most; "verified" is no word of a search that found nothing.
"""
