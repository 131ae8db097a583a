"""Certified maxima and roots."""
