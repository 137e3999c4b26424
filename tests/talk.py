"""Sentences of one talk, for tests of how it is cut and chosen from."""

SAID = (
    "So the operator asked everybody in the queue for a deposit of ten thousand dollars.",
    "I think that was the right thing to do.",
    "And within a month forty percent of the requests were gone.",
    "What we found was that most of those projects never had any land.",
    "But the other thing is that nobody had ever looked at the list.",
    "They just kept it in a spreadsheet.",
    "It turns out that a fee works better than a rule.",
)
