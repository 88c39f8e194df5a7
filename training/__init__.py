"""Everything that learns: data, training, evaluation, export."""
