"""The topology: what is on top of what on the host, as a tree for people."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from agent.cli.terminal import Screen
from agent.printable import printable

STATE_WIDTH = max(map(len, ("no carrier", "unplugged", "missing")))
MAC_WIDTH = len("00:00:00:00:00:00")
MTU_WIDTH = len("65535")
GAP = "  "
COLUMNS_WIDTH = STATE_WIDTH + MAC_WIDTH + MTU_WIDTH + 3 * len(GAP)
TITLES = f"{GAP}{'state':{STATE_WIDTH}}{GAP}{'MAC':{MAC_WIDTH}}{GAP}{'MTU':>{MTU_WIDTH}}"
MANAGEMENT = "management"

COLOURS = {"up": "32", "no carrier": "31", "missing": "31", "down": "33", "unplugged": "33"}
BOLD = "1"
CYAN = "36"
BOLD_CYAN = "1;36"


class Strokes(NamedTuple):
    """What the tree is drawn with."""

    branch: str
    last: str
    pipe: str
    mark: str
    cut: str


BOXES = Strokes("├─ ", "└─ ", "│  ", "●", "…")
ASCII = Strokes("|- ", "`- ", "|  ", "*", "~")
NOTHING = "   "


class Line(NamedTuple):
    """A node's line: the strokes before its name, those before its details, and the node."""

    lead: str
    below: str
    node: dict[str, Any]


def drawn(host: dict[str, Any], trees: Sequence[dict[str, Any]], screen: Screen) -> str:
    """The whole drawing."""
    strokes = BOXES if screen.has_boxes else ASCII
    lines = lines_of(trees, "", strokes)
    top = printable(f"host {host['name_label'] or host['uuid']}")
    names = [top, *(line.lead + name_of(line.node) for line in lines)]
    width = min(max(map(len, names)), screen.width - COLUMNS_WIDTH)
    drawing = [painted(fitted(top, width, strokes) + TITLES, BOLD, screen)]
    for line in lines:
        drawing += [node_line(line, width, strokes, screen), *detail_lines(line, strokes, screen)]
    return "\n".join(drawing) + "\n"


def lines_of(nodes: Sequence[dict[str, Any]], lead: str, strokes: Strokes) -> list[Line]:
    """A line for every node, parents before their children."""
    lines = []
    for number, node in enumerate(nodes, 1):
        is_last = number == len(nodes)
        inner = lead + (NOTHING if is_last else strokes.pipe)
        below = inner + (strokes.pipe if node["children"] else NOTHING)
        lines.append(Line(lead + (strokes.last if is_last else strokes.branch), below, node))
        lines += lines_of(node["children"], inner, strokes)
    return lines


def node_line(line: Line, width: int, strokes: Strokes, screen: Screen) -> str:
    """A node: strokes and name, link state, MAC address, MTU."""
    node = line.node
    name = fitted(line.lead + name_of(node), width, strokes)
    state = painted(f"{node['state']:{STATE_WIDTH}}", COLOURS.get(node["state"], ""), screen)
    MTU = node["MTU"] if node["MTU"] > 0 else ""
    return f"{name}{GAP}{state}{GAP}{node['MAC']:{MAC_WIDTH}}{GAP}{MTU:>{MTU_WIDTH}}".rstrip()


def detail_lines(line: Line, strokes: Strokes, screen: Screen) -> list[str]:
    """Below a node: management and addresses, then the notes."""
    notes = [printable(note) for note in line.node["notes"] if note != MANAGEMENT]
    addresses = list(line.node["addresses"])
    marked = [f"{strokes.mark} {MANAGEMENT}"] if MANAGEMENT in line.node["notes"] else []
    room = screen.width - len(line.below)
    bright = BOLD_CYAN if marked else CYAN
    rows = [painted(row, bright, screen) for row in wrapped(marked + addresses, room)]
    return [line.below + row for row in rows + wrapped(notes, room)]


def wrapped(items: Sequence[str], room: int) -> list[str]:
    """Items side by side, in as many rows as they need."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(GAP) + len(item) <= room:
            rows[-1] += GAP + item
        else:
            rows.append(item)
    return rows


def name_of(node: dict[str, Any]) -> str:
    """A node's kind and name."""
    return printable(f"{node['kind']} {node['name']}")


def fitted(text: str, width: int, strokes: Strokes) -> str:
    """A text that is exactly this wide, cut off if it must be."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + strokes.cut


def painted(text: str, colour: str, screen: Screen) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if screen.has_colour and colour else text
