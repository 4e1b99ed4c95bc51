"""核心 core: what every area stands on; it knows no area and no request."""
