"""The only writers of fairs: `steps` (the states), and one module for each part of the work.

Locks are taken in one order everywhere: the fair, its applications in id order, booths, then stock.
"""
