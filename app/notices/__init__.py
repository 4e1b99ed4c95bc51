"""通知 Notices: what concerns one person, told in the transaction of its cause."""
