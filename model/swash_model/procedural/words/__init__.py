"""How words are understood: from a sentence to effects, parameters and a length. English lies in lexicon/."""
