"""What the product and its stories rely on, asked of the practice cluster and of a real one. The real one is right by definition.

Each test is one behaviour; where the two differ and may, it stands in `differences.py` with the reason.
"""
