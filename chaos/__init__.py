"""Kill -9 of any process at any moment, and an oracle over what is left: ``make chaos``."""
