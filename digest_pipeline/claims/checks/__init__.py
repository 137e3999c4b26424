"""What a language model's wording of a claim is held against: the words that were said. English."""
