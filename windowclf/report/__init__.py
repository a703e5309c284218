"""What people read: metrics and histories as tables."""
