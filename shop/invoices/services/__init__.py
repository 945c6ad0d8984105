"""The only writers of documents: `issuing` numbers and freezes, `following` keeps an order's documents in step with its goods
and money, `changing` is what people ask for."""
