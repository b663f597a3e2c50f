"""Kedro datasets and stores: all input and output. Nothing is imported here."""
