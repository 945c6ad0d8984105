"""One file for each way of moving money (`shop.payments.gateway` tells what such a file must have)."""
