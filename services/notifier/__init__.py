"""The notifier: who must hear, by when, until they answer."""
