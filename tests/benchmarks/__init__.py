"""Comparisons with other packages; run by hand, never by pytest."""
