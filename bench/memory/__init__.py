"""The memory of the digest measured: cluster quality, same claims, identity of themes over days, growth with size."""
