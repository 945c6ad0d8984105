"""The only writers of pre-orders: `windows` (what may be ordered), `places` (claims), `deposits` (money), `running` (who gets
what), `carrying` (deposits that wait for the next window).

Locks are taken in one order everywhere: the order of a deposit, its window, the pre-order. What must lock a deposit's order
after a window (giving money back) is a job of its own.
"""
