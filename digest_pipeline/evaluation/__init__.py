"""How good an extractor is on episodes whose windows people have judged, beside plain baselines."""
