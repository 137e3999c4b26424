"""What is materialized: one asset a module, each of them read, call one domain function, write, report."""
