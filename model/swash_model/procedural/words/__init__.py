"""How words are understood: from a sentence to effects, their parameters and a length. English lies in lexicon/."""
