"""What a run did: its record, its events and its report, wherever it ran."""
