"""What things cost: each file measures one topic and prints a table; ``python -m bench.run`` runs all."""
