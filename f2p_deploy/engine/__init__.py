"""The renderer of the game: its contract, rendered pairs, and the reference engine on MakeHuman."""
