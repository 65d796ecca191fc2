"""What a benchmark found: times, winners, costs, growth, and how stable they are."""
