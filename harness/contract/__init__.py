"""The contract: what a World must do, as data and as an executable model."""
