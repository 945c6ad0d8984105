"""Receipts, tax-invoice data and credit notes: numbered without gaps, frozen, written for what was handed over and paid."""
