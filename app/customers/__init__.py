"""Customers and whose they are (客户：档案、归属、查重)."""
