"""How much the page weighs, and how fast it draws much."""

import gzip
import re

from fake_server import PAGE
from playwright.sync_api import expect
from spans import call, span, turn

MOST = 150_000
LINES = 400


def many(number, parallel=10):
    """A turn with a tree of spans: a model turn, then calls side by side, again and again."""
    spans, at = [span("s-0", None, "agent", "Supervisor", 0, number * 2.0)], 1.0
    while len(spans) < number:
        spans.append(span(f"s-{len(spans)}", "s-0", "model", "script:large.yaml", at, 8.0, summary="calls tools"))
        at += 8.5
        for side in range(min(parallel, number - len(spans))):
            spans.append(span(f"s-{len(spans)}", "s-0", "call", f"tool_{side}", at + side / 10, 5.0 + side, summary="a short line about it"))
        at += 6.0 + parallel
    return turn("t-5", f"{number} spans", "2026-11-30T08:00:00.000Z", spans, {one["id"]: call("f", one["name"], {}) for one in spans[:60]})


def test_the_page_is_small():
    files = [path for path in PAGE.rglob("*") if path.is_file()]
    packed = sum(len(gzip.compress(path.read_bytes(), 6)) for path in files)
    print(f"\nthe page: {len(files)} files, {sum(path.stat().st_size for path in files):,} bytes, {packed:,} in gzip")
    assert packed <= MOST


def test_the_page_has_no_code_of_others_and_loads_nothing_from_elsewhere():
    for path in PAGE.rglob("*.js"):
        text = path.read_text()
        assert text.count("\n") <= LINES, path
        assert text.startswith("// "), f"{path}: the first line says what the file is for"
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|setAttribute\(\"on|cssText", text), path
        assert all(target.startswith(("./", "../")) for target in re.findall(r'\bfrom "([^"]+)"', text)), path
    for path in PAGE.rglob("*.css"):
        assert not re.search(r"url\(|@import", path.read_text()), path
        assert path.read_text().count("\n") <= LINES, path


def test_a_thousand_spans_are_drawn_at_once(console, fake):
    fake.data["turns"].append(many(1000))
    page = console("#/turns")
    expect(page.locator(".turns .turn")).to_have_count(4)
    page.evaluate("""() => {
      const start = performance.now();
      window.drawn = new Promise((done) => new MutationObserver((_, own) => {
        const rows = document.querySelectorAll('.waterfall [data-id]').length;
        if (rows && window.first === undefined) requestAnimationFrame(() => requestAnimationFrame(() => (window.first = performance.now() - start)));
        if (rows < 1000) return;
        own.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
      }).observe(document.body, {childList: true, subtree: true}));
      location.hash = '#/turns/t-5';
    }""")
    all_drawn = page.evaluate("window.drawn")
    first = page.evaluate("window.first")
    assert page.locator(".waterfall [data-id]").count() == 1000
    begin = page.evaluate("performance.now()")
    page.locator("[data-id=s-1]").focus()
    page.keyboard.press("End")
    expect(page.locator("[data-id=s-999]")).to_be_focused()
    jump = page.evaluate("performance.now()") - begin
    print(f"\n1,000 spans: first rows after {first:.0f} ms, all rows after {all_drawn:.0f} ms, to the last row in {jump:.0f} ms")
    assert all_drawn < 10_000, "loose, for busy machines"


def test_a_change_of_a_thousand_spans_touches_what_changed(console, fake):
    whole = many(1000)
    fake.data["turns"].append(whole)
    page = console("#/turns/t-5")
    expect(page.locator(".waterfall [data-id]")).to_have_count(1000)
    page.evaluate("""() => {
      window.touched = new Set();
      new MutationObserver((all) => all.forEach((one) => window.touched.add(one.target.closest?.('[data-id]')?.dataset.id))).observe(document.querySelector('.waterfall'), {childList: true, subtree: true, attributes: true});
    }""")
    whole["spanList"][500]["summary"] = "changed"
    fake.change(whole)
    expect(page.locator("[data-id=s-500]")).to_contain_text("changed")
    assert set(page.evaluate("[...window.touched].filter(Boolean)")) <= {"s-500"}


def test_fifty_calls_side_by_side_are_seen_side_by_side(console, fake):
    fake.data["turns"].append(many(52, parallel=50))
    page = console("#/turns/t-5")
    bars = page.locator(".waterfall .k-call rect")
    expect(bars).to_have_count(50)
    boxes = [bar.bounding_box() for bar in (bars.first, bars.last)]
    assert boxes[1]["x"] < boxes[0]["x"] + boxes[0]["width"], "the last one begins before the first one ends"


def test_opening_the_page_takes_a_moment(console):
    page = console("#/turns")
    expect(page.locator(".turns .turn").first).to_be_visible()
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    files = page.evaluate("performance.getEntriesByType('resource').filter(one => one.name.includes('/console/') && !one.name.includes('/api/')).length")
    print(f"\nfirst paint after {paint:.0f} ms, {files} files")
