"""REST for scripts and for the page's own buttons: every answer is JSON, every refusal has one shape."""
