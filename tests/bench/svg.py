"""Writes a drawing as SVG: shapes and text in pixels, from the upper left corner."""

from xml.sax.saxutils import escape, quoteattr

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


class Drawing:
    def __init__(self, width):
        self.width = width
        self.height = 0
        self._shapes = []

    def _add(self, name, content=None, **attributes):
        self._add_nested(name, "" if content is None else escape(content), **attributes)

    def _add_nested(self, name, content, **attributes):
        said = "".join(f" {key.rstrip('_').replace('_', '-')}={quoteattr(self._text(value))}"
                       for key, value in attributes.items() if value is not None)
        self._shapes.append(f"<{name}{said}>{content}</{name}>" if content
                            else f"<{name}{said}/>")

    @staticmethod
    def _text(value):
        return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

    def _reach(self, y):
        self.height = max(self.height, y)

    def text(self, x, y, text, size=12, colour="#333333", anchor="start", bold=False):
        """Text that stands on y."""
        self._reach(y)
        self._add("text", text, x=x, y=y, font_size=size, fill=colour, text_anchor=anchor,
                  font_weight="bold" if bold else None)

    def line(self, x1, y1, x2, y2, colour, width=1, dashes=None):
        self._reach(max(y1, y2))
        self._add("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, stroke_width=width,
                  stroke_dasharray=dashes)

    def bar(self, x, y, width, height, colour, hint):
        """A rectangle, with what a reader sees who points at it."""
        self._reach(y + height)
        self._add_nested("rect", f"<title>{escape(hint)}</title>", x=x, y=y, width=width,
                         height=height, fill=colour, rx=1.5)

    def dot(self, x, y, radius, colour, fill=None):
        self._reach(y + radius)
        self._add("circle", cx=x, cy=y, r=radius, fill=fill or colour, stroke=colour,
                  stroke_width=1.5)

    def finish(self, margin):
        """The whole file."""
        height = round(self.height + margin)
        return "\n".join((
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height}" '
            f'viewBox="0 0 {self.width} {height}" font-family={quoteattr(FONT)}>',
            f'<rect width="{self.width}" height="{height}" fill="#ffffff"/>',
            *self._shapes, "</svg>", ""))
