"""Between Kani, the 2024 reference and GA: messages ↔ items (`items`), what was then ↔ what is now (`seed`). Pure."""
