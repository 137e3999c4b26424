"""Claims found or worded by a language model: what it is asked, how replies are read, and what stands in for them."""
