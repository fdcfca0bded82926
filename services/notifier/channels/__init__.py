"""One module a channel: a letter becomes the provider's call, its answer becomes an outcome."""
