"""From an order to a tape: admitted, given its turns, mastered and checked."""
