"""Approvals: engine, policies, pages and REST."""
