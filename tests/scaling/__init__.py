"""What more servers bring: throughput and cost of one, two and three of them, and one killed under load."""
