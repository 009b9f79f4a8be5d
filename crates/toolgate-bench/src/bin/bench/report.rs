//! The tables: one row per metric, the baseline first, and the others with their ratio to it.

use std::fmt::Write;

use crate::{
    figures::Figures,
    rounds::{Measured, Metric},
    subject::Subject,
};

const MB: f64 = 1024.0 * 1024.0;

impl Metric {
    /// The name, the unit, the units per base unit, and the goal for the real handler.
    const fn describe(self) -> (&'static str, &'static str, f64, &'static str) {
        match self {
            Self::Init => ("process start → first poll", "ms", 1e3, "≤ 1.15"),
            Self::InitCpu => ("CPU until the first poll", "ms", 1e3, ""),
            Self::FirstCall => ("first call", "ms", 1e3, ""),
            Self::WarmCall => ("warm round trip", "µs", 1e6, "≤ 1.10"),
            Self::WarmCpu => ("CPU of a warm call", "µs", 1e6, ""),
            Self::Resident => ("resident memory", "MB", 1.0 / MB, "≤ 1.30"),
            Self::Own => ("of that, heap and stacks", "MB", 1.0 / MB, ""),
            Self::Peak => ("peak memory", "MB", 1.0 / MB, ""),
        }
    }
}

pub(crate) fn render(subjects: &[Subject], measured: &Measured, markdown: bool) -> String {
    let Some(base) = subjects.first() else { return String::new() };
    // The goals are those of the real handler beside the baseline.
    let goals = base.name == "floor";
    let mut head = vec!["median (p10–p90)".to_owned()];
    head.extend(subjects.iter().map(|subject| subject.name.to_owned()));
    head.extend(subjects.iter().skip(1).map(|subject| format!("{} / {}", subject.name, base.name)));
    if goals {
        head.push("goal for orders".to_owned());
    }
    let mut rows = vec![head];
    for metric in Metric::ALL {
        let (name, unit, scale, goal) = metric.describe();
        let of = |at: usize| measured.get(at).and_then(|figures| figures.get(&metric)).cloned().unwrap_or_default();
        let mut row = vec![format!("{name}, {unit}")];
        row.extend((0..subjects.len()).map(|at| cell(&of(at), scale, 1)));
        row.extend((1..subjects.len()).map(|at| cell(&of(at).over(&of(0)), 1.0, 2)));
        if goals {
            row.push(goal.to_owned());
        }
        rows.push(row);
    }
    let sizes: Vec<Option<f64>> = subjects.iter().map(|subject| subject.size().map(|size| size as f64 / MB)).collect();
    let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let size = sizes.first().copied().flatten();
    let mut row = vec!["binary, MB".to_owned()];
    row.extend(sizes.iter().map(|size| text(*size)));
    row.extend(sizes.iter().skip(1).map(|each| text(each.zip(size).map(|(each, base)| each / base))));
    if goals {
        row.push(String::new());
    }
    rows.push(row);
    if markdown { as_markdown(&rows) } else { as_columns(&rows) }
}

fn cell(figures: &Figures, scale: f64, digits: usize) -> String {
    let figures = figures.known();
    if figures.is_empty() {
        return "–".to_owned();
    }
    let at = |part| figures.percentile(part) * scale;
    format!("{:.digits$} ({:.digits$}–{:.digits$})", at(0.5), at(0.1), at(0.9))
}

fn as_markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if at == 0 {
            let _ = writeln!(text, "| --- |{}", " ---: |".repeat(row.len() - 1));
        }
    }
    text
}

fn as_columns(rows: &[Vec<String>]) -> String {
    let length = |cell: &String| cell.chars().count();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at).map(length)).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - length(cell))))
            .collect();
        let _ = writeln!(text, "{}", cells.join("   ").trim_end());
    }
    text
}
