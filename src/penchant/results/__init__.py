"""Results as plain records: figures, findings, comparisons, studies and tunings."""
