//! `Rules`: assertions of a template over its parameters, checked before anything of it is read.
//!
//! What asks an account (`Fn::RefAll`, `Fn::ValueOf`, `Fn::ValueOfAll`) cannot be known on a laptop, and a rule with it
//! is refused like one that fails.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-rules.html>

use serde_json::Value;

use super::scope::{Scope, text};

/// What stops a rule from being evaluated has been noted as a problem.
struct Noted;

impl Scope<'_> {
    /// Notes every assertion that does not hold, and every rule that cannot be evaluated.
    pub(super) fn check_rules(&self) {
        let Some(rules) = self.document.get(&["Rules"]) else { return };
        let Some(rules) = rules.as_object() else {
            self.problem("Rules", "rules have names, with `RuleCondition` and `Assertions` under each");
            return;
        };
        for (name, rule) in rules {
            // what could not be evaluated has been noted
            let _ = self.check_rule(rule, &format!("Rules.{name}"));
        }
    }

    fn check_rule(&self, rule: &Value, at: &str) -> Result<(), Noted> {
        if let Some(condition) = rule.get("RuleCondition")
            && !self.is_met(condition, &format!("{at}.RuleCondition"))?
        {
            return Ok(());
        }
        let Some(assertions) = rule.get("Assertions").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
            return self.refuse(&format!("{at}.Assertions"), "a rule needs a list of assertions");
        };
        for (index, assertion) in assertions.iter().enumerate() {
            let at = format!("{at}.Assertions[{index}]");
            let Some(assert) = assertion.get("Assert") else {
                self.problem(&at, "an assertion needs `Assert`");
                continue;
            };
            if let Ok(false) = self.is_met(assert, &format!("{at}.Assert")) {
                let said = assertion.get("AssertDescription").and_then(text);
                let said = said.unwrap_or_else(|| "an assertion of the template does not hold".to_owned());
                let values = self.values_in(rule);
                self.problem(&at, if values.is_empty() { said } else { format!("{said} ({})", values.join(", ")) });
            }
        }
        Ok(())
    }

    fn is_met(&self, expression: &Value, at: &str) -> Result<bool, Noted> {
        let Some((name, argument)) = call(expression) else {
            return match text(expression).as_deref() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => self.refuse(at, "this must be a rule function, such as `Fn::Equals`"),
            };
        };
        let parts = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        match (name, parts) {
            ("Fn::And", parts) if parts.len() > 1 => self.all(parts, at, true),
            ("Fn::Or", parts) if parts.len() > 1 => Ok(!self.all(parts, at, false)?),
            ("Fn::Not", [inner]) => Ok(!self.is_met(inner, at)?),
            ("Fn::If", [condition, yes, no]) => {
                let branch = if self.is_met(condition, at)? { yes } else { no };
                self.is_met(branch, at)
            }
            ("Fn::Equals", [left, right]) => Ok(self.operand(left, at)? == self.operand(right, at)?),
            ("Fn::Contains", [list, value]) => {
                let value = self.one(value, at)?;
                Ok(self.operand(list, at)?.contains(&value))
            }
            ("Fn::EachMemberEquals", [list, value]) => {
                let value = self.one(value, at)?;
                Ok(self.operand(list, at)?.iter().all(|member| *member == value))
            }
            ("Fn::EachMemberIn", [members, list]) => {
                let list = self.operand(list, at)?;
                Ok(self.operand(members, at)?.iter().all(|member| list.contains(member)))
            }
            ("Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll", _) => self.needs_account(name, at),
            _ => self.refuse(at, &format!("`{name}` cannot be evaluated in a rule in this form")),
        }
    }

    /// Whether all parts are `wanted`. Every part is looked at, so that all problems are found at once.
    fn all(&self, parts: &[Value], at: &str, wanted: bool) -> Result<bool, Noted> {
        let met: Vec<Result<bool, Noted>> = parts.iter().map(|part| self.is_met(part, at)).collect();
        met.into_iter().try_fold(true, |all, met| Ok(all & (met? == wanted)))
    }

    /// A value to compare: one text, or the members of a list.
    fn operand(&self, value: &Value, at: &str) -> Result<Vec<String>, Noted> {
        let resolved = match call(value) {
            Some(("Ref", name)) => {
                let name = name.as_str().unwrap_or_default();
                let is_known = self.document.get(&["Parameters", name]).is_some() || name.starts_with("AWS::");
                if !is_known {
                    return self.refuse(at, &format!("`{name}` is not a parameter; a rule can refer to nothing else"));
                }
                self.reference(name, at).ok_or(Noted)?
            }
            Some((name @ ("Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll"), _)) => return self.needs_account(name, at),
            Some((name, _)) => return self.refuse(at, &format!("`{name}` cannot be used in a rule")),
            None => value.clone(),
        };
        let texts = match &resolved {
            Value::Array(members) => members.iter().map(text).collect(),
            one => text(one).map(|one| vec![one]),
        };
        match texts {
            Some(texts) => Ok(texts),
            None => self.refuse(at, "a rule compares texts and lists of texts"),
        }
    }

    fn one(&self, value: &Value, at: &str) -> Result<String, Noted> {
        let mut texts = self.operand(value, at)?;
        match (texts.pop(), texts.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => self.refuse(at, "this must be one text"),
        }
    }

    fn needs_account<T>(&self, name: &str, at: &str) -> Result<T, Noted> {
        self.refuse(at, &format!("`{name}` asks an AWS account, so this rule cannot be checked on a laptop"))
    }

    fn refuse<T>(&self, at: &str, message: &str) -> Result<T, Noted> {
        self.problem(at, message);
        Err(Noted)
    }

    /// The values of the parameters that a rule refers to, but for hidden ones.
    fn values_in(&self, rule: &Value) -> Vec<String> {
        let mut names = Vec::new();
        collect(rule, &mut names);
        names.sort_unstable();
        names.dedup();
        let hidden = |name: &&str| {
            let declared = self.document.get(&["Parameters", name, "NoEcho"]);
            declared.is_some_and(super::scope::is_true)
        };
        let values = names.into_iter().filter(|name| !hidden(name)).filter_map(|name| {
            let value = match self.parameter(name, "Rules")? {
                Value::Array(items) => items.iter().filter_map(text).collect::<Vec<_>>().join(","),
                one => text(&one)?,
            };
            Some(format!("{name} is `{value}`"))
        });
        values.collect()
    }
}

/// The one function in an expression, with its argument.
fn call(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(name, argument)| (name.as_str(), argument))
}

fn collect<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (key, member) in object {
                match member.as_str() {
                    Some(name) if key == "Ref" => names.push(name),
                    _ => collect(member, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}
