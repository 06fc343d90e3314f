"""What an operator sees: metrics, the board, logs and traces."""
