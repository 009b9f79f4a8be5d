//! Templates over tool results: minijinja, and filters that format a tool's figures.

use std::sync::LazyLock;

use jiff::civil::Date;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, value::Value as Any};
use serde_json::Value;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // A misspelt field is an error, but `{% if order.shippedAt %}` is allowed.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.add_filter("money", money);
    environment.add_filter("amount", amount);
    environment.add_filter("date", date);
    environment.add_filter("plural", plural);
    environment.add_function("quarter_start", |year: i16, quarter: i8| quarter_day(year, quarter, false));
    environment.add_function("quarter_end", |year: i16, quarter: i8| quarter_day(year, quarter, true));
    environment
});

/// Renders a template of a scenario file.
///
/// # Errors
/// The problem in the template, or the missing value that it uses.
pub fn render(template: &str, values: &Value) -> Result<String, String> {
    ENVIRONMENT
        .render_str(template, values)
        .map(|text| text.trim().to_owned())
        .map_err(|error| error_text(template, &error))
}

/// Evaluates an expression of a scenario file.
///
/// # Errors
/// The problem in the expression.
pub fn holds(expression: &str, values: &Value) -> Result<bool, String> {
    evaluate(expression, values).map(|value| value.is_true())
}

/// An argument. Text that is a single `{{ … }}` keeps the type of its value; other text is rendered. `None` means that
/// the argument is absent.
pub(super) fn argument(given: &Value, values: &Value) -> Result<Option<Value>, String> {
    let Value::String(text) = given else { return Ok(Some(given.clone())) };
    let whole =
        text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).filter(|inner| !inner.contains("{{"));
    let Some(expression) = whole else { return render(text, values).map(|text| Some(Value::String(text))) };
    let value = evaluate(expression, values)?;
    if value.is_undefined() || value.is_none() {
        return Ok(None);
    }
    serde_json::to_value(value).map(Some).map_err(|error| error.to_string())
}

pub(super) fn check_template(template: &str) -> Result<(), String> {
    ENVIRONMENT.template_from_str(template).map(|_| ()).map_err(|error| error_text(template, &error))
}

pub(super) fn check_expression(expression: &str) -> Result<(), String> {
    ENVIRONMENT.compile_expression(expression).map(|_| ()).map_err(|error| error_text(expression, &error))
}

fn evaluate(expression: &str, values: &Value) -> Result<Any, String> {
    ENVIRONMENT
        .compile_expression(expression)
        .and_then(|compiled| compiled.eval(values))
        .map_err(|error| error_text(expression, &error))
}

fn error_text(template: &str, error: &Error) -> String {
    let start: String = template.trim().chars().take(60).collect();
    format!("template `{start}`: {error}")
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// `12500.00` → `$12,500`, `129.95` → `$129.95`: thousands separators, and cents only if they are not zero.
fn money(value: &Any) -> Result<String, Error> {
    let plain = plain_amount(&value.to_string())?;
    let (whole, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if cents.chars().all(|digit| digit == '0') {
        return Ok(format!("{sign}${grouped}"));
    }
    Ok(format!("{sign}${grouped}.{cents:0<2}"))
}

/// Converts an amount in a user's spelling to a plain decimal: `$10K` → `10000`, `12,500.00` → `12500.00`.
fn amount(value: &Any) -> Result<String, Error> {
    plain_amount(&value.to_string())
}

fn plain_amount(text: &str) -> Result<String, Error> {
    let bare: String = text.chars().filter(|c| !matches!(c, '$' | ',' | ' ')).collect();
    let bare = bare.to_ascii_lowercase();
    let (digits, shift) = match bare.strip_suffix('k') {
        Some(rest) => (rest, 3),
        None => bare.strip_suffix('m').map_or((bare.as_str(), 0), |rest| (rest, 6)),
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(fraction) {
        return Err(refuse(format!("`{text}` is not an amount")));
    }
    if shift == 0 {
        return Ok(digits.to_owned());
    }
    let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(shift).collect();
    let rest: String = fraction.chars().skip(shift).collect();
    let sign = if digits.starts_with('-') { "-" } else { "" };
    Ok(if rest.is_empty() { format!("{sign}{whole}{moved}") } else { format!("{sign}{whole}{moved}.{rest}") })
}

/// `2026-01-05` or a timestamp → `January 5, 2026`.
fn date(value: &str) -> Result<String, Error> {
    let day = value.get(..10).unwrap_or(value);
    let day: Date = day.parse().map_err(|_| refuse(format!("`{value}` is not a date")))?;
    Ok(day.strftime("%B %-d, %Y").to_string())
}

/// `3|plural("invoice")` → `3 invoices`.
fn plural(count: u64, one: &str, many: Option<&str>) -> String {
    match (count, many) {
        (1, _) => format!("1 {one}"),
        (_, Some(many)) => format!("{count} {many}"),
        (_, None) => format!("{count} {one}s"),
    }
}

/// The first or the last day of a quarter, in the form that a tool accepts.
fn quarter_day(year: i16, quarter: i8, last: bool) -> Result<String, Error> {
    let month = quarter.checked_sub(1).filter(|q| (0..4).contains(q)).map(|q| q * 3 + 1 + if last { 2 } else { 0 });
    let first = month
        .and_then(|month| Date::new(year, month, 1).ok())
        .ok_or_else(|| refuse(format!("`Q{quarter} {year}` is not a quarter")))?;
    Ok(if last { first.last_of_month() } else { first }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(template: &str) -> String {
        render(template, &json!({"n": 3})).unwrap()
    }

    #[test]
    fn money_has_thousands_separators_and_cents_only_where_there_are_any() {
        assert_eq!(shown("{{ '12500.00'|money }}"), "$12,500");
        assert_eq!(shown("{{ '129.95'|money }}"), "$129.95");
        assert_eq!(shown("{{ '1234567.5'|money }}"), "$1,234,567.50");
        assert_eq!(shown("{{ 999|money }}"), "$999");
        assert_eq!(shown("{{ '-1000.00'|money }}"), "-$1,000");
    }

    #[test]
    fn what_a_person_writes_as_an_amount_becomes_a_decimal() {
        for (written, plain) in
            [("$10K", "10000"), ("1.5k", "1500"), ("12,500.00", "12500.00"), ("$2M", "2000000"), ("1.2345k", "1234.5")]
        {
            assert_eq!(plain_amount(written).unwrap(), plain);
        }
        assert!(plain_amount("ten").is_err());
        assert!(plain_amount("").is_err());
    }

    #[test]
    fn dates_and_quarters_are_read_and_written() {
        assert_eq!(shown("{{ '2026-01-05T10:00:00Z'|date }}"), "January 5, 2026");
        assert_eq!(shown("{{ quarter_start(2026, 1) }} {{ quarter_end(2024, 1) }}"), "2026-01-01 2024-03-31");
        assert!(render("{{ quarter_end(2026, 5) }}", &json!({})).is_err());
        assert_eq!(shown("{{ n|plural('invoice') }}"), "3 invoices");
    }

    #[test]
    fn a_misspelt_field_is_an_error_and_a_missing_one_can_be_asked_for() {
        assert!(render("{{ order.statsu }}", &json!({"order": {}})).is_err());
        assert_eq!(render("{% if order.shippedAt %}x{% else %}y{% endif %}", &json!({"order": {}})).unwrap(), "y");
    }
}
