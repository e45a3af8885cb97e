"""The cluster's own clients: each looks at what is and says what to do, as pure functions of the store and the time; `managing` does it."""
