"""Drawing a scene: layout, backgrounds, light, colours and styles, written as SVG."""
