"""From a feed's bytes to its episodes: RSS, Atom, JSON Feed, Podcasting 2.0 elements, in a process of its own."""
