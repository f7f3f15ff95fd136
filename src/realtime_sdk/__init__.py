"""Event-sourced SDK for realtime voice sessions."""
