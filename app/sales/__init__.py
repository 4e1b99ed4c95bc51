"""Holds, quotations and subscriptions (销售：预留、试算、认购)."""
