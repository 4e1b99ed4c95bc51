"""``flask doctor``: each check says in a sentence what is wrong with a server, and the remedy."""
