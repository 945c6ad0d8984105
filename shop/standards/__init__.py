"""Marks, geographical indications, labels and tests of products: what is filed, what ends next, who lacks what."""
