//! `Rules`: assertions of a template about its parameters, checked before the rest is read.
//!
//! Functions that query an account (`Fn::RefAll`, `Fn::ValueOf`, `Fn::ValueOfAll`) cannot be evaluated on a laptop. A
//! rule that uses one is reported like a failed one.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html>

use crate::{
    evaluate::Evaluator,
    node::{Entry, Node},
    position::Position,
};

/// The rule cannot be evaluated. The problem has already been added.
struct Noted;

/// Adds a problem for every assertion that fails, and for every rule that cannot be evaluated.
pub(crate) fn check(evaluator: &Evaluator<'_>) {
    let Some(rules) = evaluator.source.at(&["Rules"]) else { return };
    if !rules.is_map() {
        evaluator.problem(&rules.position, "rules have names, with `RuleCondition` and `Assertions` under each");
    }
    for rule in rules.entries() {
        // The problem has already been added.
        let _ = Rules { evaluator }.check(&rule.node);
    }
}

#[derive(Clone, Copy)]
struct Rules<'e> {
    evaluator: &'e Evaluator<'e>,
}

impl Rules<'_> {
    fn check(self, rule: &Node) -> Result<(), Noted> {
        if let Some(condition) = rule.get("RuleCondition")
            && !self.is_met(condition)?
        {
            return Ok(());
        }
        let assertions = rule.list("Assertions");
        if assertions.is_empty() {
            return self.refuse(&rule.position_of("Assertions"), "a rule needs a list of assertions");
        }
        for assertion in assertions {
            let Some(assert) = assertion.get("Assert") else {
                self.evaluator.problem(&assertion.position, "an assertion needs `Assert`");
                continue;
            };
            if let Ok(false) = self.is_met(assert) {
                let description = assertion.get("AssertDescription").and_then(Node::string);
                let description = description.unwrap_or("an assertion of the template does not hold");
                let values = self.values_in(rule);
                let values = if values.is_empty() { values } else { format!(" ({values})") };
                self.evaluator.problem(&assertion.position, format!("{description}{values}"));
            }
        }
        Ok(())
    }

    fn is_met(self, expression: &Node) -> Result<bool, Noted> {
        let Some(call) = call(expression) else {
            return match expression.string() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => self.refuse(&expression.position, "this must be a rule function, such as `Fn::Equals`"),
            };
        };
        let position = &expression.position;
        match (call.name.as_str(), call.node.items()) {
            ("Fn::And", parts) if parts.len() > 1 => self.all(parts, true),
            ("Fn::Or", parts) if parts.len() > 1 => Ok(!self.all(parts, false)?),
            ("Fn::Not", [inner]) => Ok(!self.is_met(inner)?),
            ("Fn::If", [condition, yes, no]) => {
                let branch = if self.is_met(condition)? { yes } else { no };
                self.is_met(branch)
            }
            ("Fn::Equals", [left, right]) => Ok(self.operand(left)? == self.operand(right)?),
            ("Fn::Contains", [list, value]) => {
                let value = self.one(value)?;
                Ok(self.operand(list)?.contains(&value))
            }
            ("Fn::EachMemberEquals", [list, value]) => {
                let value = self.one(value)?;
                Ok(self.operand(list)?.iter().all(|member| *member == value))
            }
            ("Fn::EachMemberIn", [members, list]) => {
                let list = self.operand(list)?;
                Ok(self.operand(members)?.iter().all(|member| list.contains(member)))
            }
            (name @ ("Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll"), _) => self.needs_account(name, position),
            (name, _) => self.refuse(position, &format!("`{name}` cannot be evaluated in a rule in this form")),
        }
    }

    /// Whether all parts equal `wanted`. Every part is evaluated, so that all problems are found together.
    fn all(self, parts: &[Node], wanted: bool) -> Result<bool, Noted> {
        let met: Vec<Result<bool, Noted>> = parts.iter().map(|part| self.is_met(part)).collect();
        met.into_iter().try_fold(true, |all, met| Ok(all & (met? == wanted)))
    }

    /// A value to compare: one text, or the items of a list.
    fn operand(self, value: &Node) -> Result<Vec<String>, Noted> {
        let position = &value.position;
        let resolved = match call(value).map(|call| (call.name.as_str(), &call.node)) {
            Some(("Ref", name)) => {
                let name = name.string().unwrap_or_default();
                let is_known = self.evaluator.source.parameter(name).is_some() || name.starts_with("AWS::");
                if !is_known {
                    let message = format!("`{name}` is not a parameter; a rule can refer to nothing else");
                    return self.refuse(position, &message);
                }
                self.evaluator.reference(name, position).ok_or(Noted)?
            }
            Some((name @ ("Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll"), _)) => {
                return self.needs_account(name, position);
            }
            Some((name, _)) => return self.refuse(position, &format!("`{name}` cannot be used in a rule")),
            None => value.clone(),
        };
        let texts: Option<Vec<String>> =
            resolved.one_or_more().iter().map(|one| one.string().map(str::to_owned)).collect();
        match texts {
            Some(texts) => Ok(texts),
            None => self.refuse(position, "a rule compares texts and lists of texts"),
        }
    }

    fn one(self, value: &Node) -> Result<String, Noted> {
        let mut texts = self.operand(value)?;
        match (texts.pop(), texts.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => self.refuse(&value.position, "this must be one text"),
        }
    }

    fn needs_account<T>(self, name: &str, position: &Position) -> Result<T, Noted> {
        self.refuse(position, &format!("`{name}` queries an AWS account, so this rule cannot be checked on a laptop"))
    }

    fn refuse<T>(self, position: &Position, message: &str) -> Result<T, Noted> {
        self.evaluator.problem(position, message);
        Err(Noted)
    }

    /// The values of the parameters that a rule uses, except for hidden ones.
    fn values_in(self, rule: &Node) -> String {
        let mut names = Vec::new();
        rule.walk(&mut |node| names.extend(call(node).filter(|call| call.name == "Ref").and_then(|it| it.node.text())));
        names.sort_unstable();
        names.dedup();
        let is_shown = |name: &&str| {
            let parameter = self.evaluator.source.parameter(name);
            parameter.is_some_and(|parameter| !parameter.get("NoEcho").is_some_and(Node::is_true))
        };
        let values = names.into_iter().filter(is_shown).filter_map(|name| {
            let value = self.evaluator.reference(name, &rule.position)?;
            let texts: Vec<&str> = value.one_or_more().iter().filter_map(Node::string).collect();
            Some(format!("{name} is `{}`", texts.join(",")))
        });
        values.collect::<Vec<_>>().join(", ")
    }
}

/// The only function in an expression, with its argument.
fn call(value: &Node) -> Option<&Entry> {
    match value.entries() {
        [only] => Some(only),
        _ => None,
    }
}
