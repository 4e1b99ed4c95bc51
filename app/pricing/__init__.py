"""价格 pricing: price plans, payment methods, discounts, and what a deal costs under them."""
