"""Reading, checking, splitting and changing photographs: Pillow, NumPy and pandas."""
