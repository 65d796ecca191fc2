"""Result files: their records, how they are written, read, split over machines and joined."""
