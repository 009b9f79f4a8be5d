"""The output on a terminal while a model writes arbitrary text, and the input that a user can type."""

import re
import signal

import pytest
from conftest import TOOLGATE, local_agent
from model_server import ModelServer, calls, says
from terminal import Terminal

# Text that made the prompt of a refund look like that of a look-up: it moves to the line's start and up, clears, writes
# another question, hides the rest (SGR 8), sets the title and the clipboard (OSC), reverses text, and hides text in
# zero-width characters.
TRICKS = (
    "\r\x1b[1A\x1b[2K\x1b[2J\x1b[HOrders wants to run get_order_status with 1 argument:\n"
    "  orderId: \"ORD-123\"\nAllow get_order_status? [y/n] \x1b[8m"
    "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x9d0;owned\x9c\x9b8m\x90+q\x9c\x1b(0\x1bc\x08\x08\x7f\x0b\x0c"
    "\u202etfel\u202c\u2066\u200b\u200d\ufeff\u2060\u180e\u2800\u3164\ufe01\U000e0101\U000e0041\u00ad\u2028\u2029"
)
# Sequences that the line editor and the command itself send: moves within the line, clearing it, bracketed paste,
# colours.
OWN = re.compile(rb"\x1b\[\?(?:2004|2026|25)[hl]|\x1b\[\d*[ABCDGJK]|\x1b\[\d*;?\d*H|\r")
HIDDEN = re.compile("[\u00ad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u2800\u3164\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff\x80-\x9f]")


@pytest.fixture(scope="module")
def model():
    server = ModelServer()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def desk(tmp_path_factory, model):
    with local_agent(tmp_path_factory.mktemp("desk"), "--model", f"Orders={model.choice}") as desk:
        yield desk


@pytest.fixture
def chat(desk):
    """Starts `toolgate chat` with an agent whose model is the test."""
    started = []

    def start(*options, **size):
        terminal = Terminal([TOOLGATE, "chat", "--agent", "Orders", "--endpoint-url", desk.url, *options], NO_COLOR="1", **size)
        started.append(terminal)
        terminal.expect("you> ")
        return terminal

    yield start
    for terminal in started:
        terminal.__exit__()


def assert_untouched(terminal):
    """Asserts that no text of the model changed the terminal's state."""
    assert terminal.screen.title == "" and terminal.screen.icon_name == ""
    rest = OWN.sub(b"", terminal.raw)
    assert b"\x1b" not in rest, rest[rest.index(b"\x1b") - 40 :][:80]
    assert not set(rest) & (set(range(32)) - {9, 10}) and 127 not in rest
    assert not HIDDEN.search(rest.decode())


def test_a_model_cannot_replace_the_question(chat, model):
    terminal = chat()
    model.will(calls("orders__initiate_return", orderId="ORD-12345", reason=f"broken{TRICKS}end"), says("All right."))
    terminal.type("return it\r")
    terminal.expect(r"Allow initiate_return\? \[y/n\] ")
    terminal.settle()
    rows = terminal.rows
    first = rows.index("Orders wants to run initiate_return with 2 arguments:")
    last = max(index for index, row in enumerate(rows) if row)
    assert rows[last] == "Allow initiate_return? [y/n]"
    arguments = rows[first + 1 : last]
    # Each row belongs to an argument; a continued value starts with a bar.
    assert [row for row in arguments if not row.startswith("    | ")][0] == '  orderId: "ORD-12345"'
    assert sum(not row.startswith("    | ") for row in arguments) == 2
    shown = "".join(row[6:] if row.startswith("    | ") else row for row in arguments[1:])
    assert shown.startswith('  reason: "broken\\u000d\\u001b[1A\\u001b[2K') and shown.endswith('end"'), shown
    for part in ["\\u001b]0;owned\\u0007", "\\u009b8m", "\\u202etfel", "\\ufe01", "\\udb40\\udd01", 'orderId: \\"ORD-123\\"', "\\u2028"]:
        assert part in shown, part
    assert not any(row.startswith(("Orders wants to run get_order_status", "Allow get_order_status")) for row in terminal.everything)
    assert_untouched(terminal)
    terminal.type("n\r")
    terminal.expect("All right")
    # Screen and answer both show the real values.
    assert [message["content"] for message in model.heard[-1] if message["role"] == "tool"]


def test_an_answer_is_text(chat, model):
    terminal = chat()
    model.will(says(f"First{TRICKS}last."))
    terminal.type("hello\r")
    terminal.expect(r"last\.")
    terminal.settle()
    assert_untouched(terminal)
    # Only the command itself writes at the left edge.
    assert not any(row.startswith(("Allow", "Orders wants")) for row in terminal.everything)
    assert any(row.startswith("  Allow get_order_status? [y/n] ") for row in terminal.rows), terminal.rows


@pytest.mark.parametrize("options", [("--trace",), ("--stream",), ("--trace", "--stream"), ("--trace=json",)])
def test_nor_does_a_trace_or_a_stream_act_on_it(chat, model, options):
    terminal = chat(*options)
    model.will(calls("orders__get_order_status", orderId=f"ORD-12345{TRICKS}"), says(f"<answer>First{TRICKS}", f"{TRICKS}last.</answer>"))
    terminal.type("hello\r")
    terminal.expect(r"last\.")
    terminal.expect("you> ")
    assert_untouched(terminal)


def test_lines_are_edited(chat, model):
    terminal = chat()
    for typed, heard in [
        ("Order 12\x1b[D\x1b[D9\r", "Order 912"),  # Left.
        ("one three\x1bbtwo \r", "one two three"),  # Back by a word.
        ("\x1b[A\x1b[A\r", "Order 912"),  # Up, to the line before the last.
        ("wrong\x15right\r", "right"),  # Deletes the whole line.
    ]:
        model.will(says("Heard."))
        terminal.type(typed)
        terminal.expect("Heard")
        terminal.expect("you> ")
        assert model.last_words == heard


def test_what_is_pasted_arrives_whole(chat, model):
    terminal = chat()
    long = "".join(f"{number:04} " for number in range(1000))
    lines = "the first line\nthe second\n\n\tthe last"
    for typed, heard in [
        (f"\x1b[200~{long}\x1b[201~\r", long),
        (f"{long}\r", long),
        (f"\x1b[200~{lines}\x1b[201~\r", lines),
    ]:
        model.will(says("Heard."))
        terminal.type(typed)
        terminal.expect("Heard")
        terminal.expect("you> ")
        assert model.last_words.strip() == heard.strip()


def test_lines_that_come_at_once_are_all_taken(chat, model):
    """Input of a terminal without bracketed paste."""
    terminal = chat()
    model.will(says("One."), says("Two."), says("Three."))
    terminal.type("first\rsecond\rthird\r")
    terminal.expect("Three")
    assert [message["content"] for message in model.heard[-1] if message["role"] == "user"][-3:] == ["first", "second", "third"]


def test_what_was_typed_before_the_question_is_no_answer_to_it(chat, model, desk):
    terminal = chat()
    model.will(calls("orders__initiate_return", orderId="ORD-12345"), says("Did", None, " nothing."))
    terminal.type("return it\ry\ry\r")
    terminal.expect(r"Allow initiate_return\? \[y/n\] ")
    terminal.settle()
    assert terminal.rows[max(index for index, row in enumerate(terminal.rows) if row)] == "Allow initiate_return? [y/n]"
    model.go_on.set()
    terminal.type("\x04")
    terminal.expect("you did not decide; nothing was done")
    assert desk.order("ORD-12345")["status"] == "shipped"


def test_commands(chat, model):
    terminal = chat()
    model.will(says("Heard."))
    terminal.type("/help\r")
    terminal.expect("/session new")
    terminal.type("exit\r")
    terminal.expect("Did you mean /quit")
    terminal.type("/sesion\r")
    terminal.expect("There is no command /sesion")
    terminal.type("/session\r")
    session = terminal.expect(r"--session (chat-[0-9a-f-]+)")[1]
    terminal.type("/session new\r")
    assert terminal.expect(r"New session (chat-[0-9a-f-]+)")[1] != session
    assert model.heard == []
    terminal.type("/trace\r")
    terminal.expect("The trace is on")
    terminal.type("hello\r")
    terminal.expect(r"s +Orders")
    terminal.expect("you> ")
    terminal.type("/quit\r")
    assert terminal.end() == 0


def test_words_are_not_cut_at_the_end_of_a_line(chat, model):
    terminal = chat()
    words = [f"word{number}" for number in range(60)]
    model.will(says(" ".join(words)))
    terminal.type("hello\r")
    terminal.expect("word59")
    terminal.settle()
    rows = [row for row in terminal.rows if row.startswith("  word")]
    assert [word for row in rows for word in row.split()] == words
    assert all(70 < len(row) <= 80 for row in rows[:-1])


def test_whoever_waits_sees_for_how_long_and_may_stop(chat, model, desk):
    terminal = chat()
    model.will(says(None, "At last."), says("Again."))
    terminal.type("hello\r")
    terminal.expect("waiting for the answer, 2 s")
    terminal.type("\x03")
    terminal.expect("stopped waiting; the turn continues")
    again = terminal.expect(r"To continue this session: (toolgate chat .* --session chat-[0-9a-f-]+)")[1]
    assert f"--endpoint-url {desk.url}" in again and "--agent Orders" in again
    terminal.expect("you> ")
    terminal.settle()
    assert not any("waiting for the answer" in row for row in terminal.rows)
    model.go_on.set()
    terminal.type("\x04")
    assert terminal.end() == 0
    # The session still exists, and contains the answer whose reader had gone.
    with Terminal([TOOLGATE, *again.split()[1:]]) as resumed:
        resumed.expect("you> ")
        resumed.type("and?\r")
        resumed.expect("Again")
        assert any("At last." in str(message["content"]) for message in model.heard[-1])


def test_a_sign_of_life_is_taken_back(chat, model):
    terminal = chat("--stream")
    model.will(says(None, "<answer>Here it is.</answer>"))
    terminal.type("hello\r")
    terminal.expect("waiting for the answer, 1 s")
    model.go_on.set()
    terminal.expect("Here it is")
    terminal.expect("you> ")
    assert not any("waiting" in row for row in terminal.rows)


def test_a_stream_and_a_trace_keep_apart(chat, model):
    terminal = chat("--stream", "--trace")
    model.will(calls("orders__get_order_status", orderId="ORD-12345"), says("<answer>One two three, and some more words ", "that come later.</answer>"))
    terminal.type("hello\r")
    terminal.expect(r"later\.")
    terminal.expect("you> ")
    rows = [row for row in terminal.everything if row]
    assert "  One two three, and some more words that come later." in rows


def test_a_killed_chat_leaves_the_terminal_as_it_was(chat):
    terminal = chat()
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 143
    assert terminal.raw.rstrip().endswith(b"\x1b[?2004l")


def test_an_address_that_is_none_is_one_clear_line():
    for command in (["chat"], ["invoke", "x", "--event", "-"], ["play"], ["mcp"], ["approvals", "list"]):
        with Terminal([TOOLGATE, *command, "--endpoint-url", "foo"], columns=200) as terminal:
            assert terminal.end() != 0
            [line] = filter(None, terminal.everything)
            assert line.startswith("error: `foo` is")
