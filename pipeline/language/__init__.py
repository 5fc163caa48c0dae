"""Facts about one language each: what its characters are, where its sentences end."""
