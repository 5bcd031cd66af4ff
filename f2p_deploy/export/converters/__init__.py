"""Converters that may live in another Python, since their packages clash with others: LiteRT's and ExecuTorch's."""
