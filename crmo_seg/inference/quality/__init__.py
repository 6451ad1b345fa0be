"""What a reader should know before trusting the masks: each check is a pure function, ``flags`` runs them all."""
