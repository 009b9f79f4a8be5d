//! Defaults that follow from a project: its template, its only scenario, its entry agent.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Checks that the template exists.
///
/// # Errors
/// It does not; the error says what to do.
pub(crate) fn require_template(template: &Path) -> Result<(), Failure> {
    if template.exists() {
        return Ok(());
    }
    let folder = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
    let shown = template.display();
    Err(match template.parent().is_none_or(|parent| parent.as_os_str().is_empty()) {
        true => format!(
            "there is no `{shown}` in `{folder}`: run this in the folder of a project, or name its SAM template with --template FILE"
        ),
        false => format!("there is no file `{shown}`: name the SAM template of a project with --template FILE"),
    }
    .into())
}

/// The only scenario in the folder `scenarios` beside the template.
///
/// # Errors
/// The folder has none, or several.
pub(crate) fn only_scenario(template: &Path) -> Result<PathBuf, Failure> {
    match toolgate_local::scenarios(template).as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            let folder = toolgate_local::scenario_folder(template);
            Err(format!("there is no scenario in `{}`: name one with --scenario FILE", folder.display()).into())
        }
        several => {
            let names: Vec<String> = several.iter().map(|path| format!("`{}`", path.display())).collect();
            Err(format!("there are several scenarios: choose one with --scenario ({})", names.join(", ")).into())
        }
    }
}

/// The agent that a person talks to: the only one that is not a collaborator of another. `agents` are ids with the ids of
/// their collaborators.
pub(crate) fn entry_agent(agents: &[(String, Vec<String>)]) -> Option<&str> {
    let is_asked = |id: &String| agents.iter().any(|(_, others)| others.contains(id));
    let mut first = agents.iter().map(|(id, _)| id).filter(|id| !is_asked(id));
    match (first.next(), first.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents<'a>(given: &[(&'a str, &[&'a str])]) -> Vec<(String, Vec<String>)> {
        given
            .iter()
            .map(|(id, others)| ((*id).to_owned(), others.iter().map(|it| (*it).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn the_entry_agent_is_not_a_collaborator() {
        let of = |given: &[(&str, &[&str])]| entry_agent(&agents(given)).map(str::to_owned);
        assert_eq!(of(&[("Shop", &[])]).as_deref(), Some("Shop"));
        assert_eq!(of(&[("A", &[]), ("Boss", &["A", "B"]), ("B", &[])]).as_deref(), Some("Boss"));
        assert_eq!(of(&[("A", &[]), ("B", &[])]), None);
        assert_eq!(of(&[("A", &["B"]), ("B", &["A"])]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn the_scenario_is_the_only_one_beside_the_template() {
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template.yaml");
        let none = require_template(&template).unwrap_err().to_string();
        assert!(none.contains("--template FILE"), "{none}");
        let none = only_scenario(&template).unwrap_err().to_string();
        assert!(none.contains("there is no scenario in") && none.contains("--scenario"), "{none}");
        std::fs::create_dir(folder.path().join("scenarios")).unwrap();
        let put = |name: &str| std::fs::write(folder.path().join("scenarios").join(name), "").unwrap();
        put("shop.yaml");
        put("notes.txt");
        assert_eq!(only_scenario(&template).unwrap(), folder.path().join("scenarios/shop.yaml"));
        put("other.yaml");
        assert!(only_scenario(&template).unwrap_err().to_string().contains("several"));
    }
}
