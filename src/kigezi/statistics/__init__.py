"""How sure one may be: intervals, paired tests and calibration, by libraries."""
