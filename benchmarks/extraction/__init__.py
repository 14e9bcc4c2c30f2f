"""What the benchmarks of `canzona extract` share: options, songs, figures, and our own training by time."""
