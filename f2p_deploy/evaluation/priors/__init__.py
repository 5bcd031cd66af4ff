"""The priors' subspaces: how much of the variance they hold, and random characters with and without them."""
