"""Untrusted addresses asked politely: never private hosts, bounded in size and time, rested when they fail."""
