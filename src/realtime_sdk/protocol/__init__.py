"""What can be said: frames ↔ events. Knows no session, no state and no clock."""
