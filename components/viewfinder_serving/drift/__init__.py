"""Count photos and answers in the bins of the version's drift reference."""
