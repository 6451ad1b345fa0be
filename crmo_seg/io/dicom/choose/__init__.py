"""Which series of an examination are analysed, by rules that a site can change (`rules.yaml`)."""
