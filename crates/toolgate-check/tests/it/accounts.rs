//! Names that a second stack in the same account would also use.

use crate::kit::{Copy, TEMPLATE};

#[test]
fn a_name_without_the_project_or_the_environment() {
    for name in ["!Sub shop_look_up_${Environment}", "!Sub ${Project}_look_up", "look_up"] {
        Copy::new().edit(TEMPLATE, "!Sub ${Project}_look_up_${Environment}", &format!("{name} # here")).finds(&[(
            TEMPLATE,
            "# here",
            "account-name",
        )]);
    }
    Copy::new()
        .edit(TEMPLATE, "!Sub ${Project}-${Environment}-guardrail", "!Sub ${AWS::StackName}-guardrail")
        .finds(&[]);
    let name = "!Sub [\"${Prefix}_look_up_${Environment}\", {Prefix: !Join [\"_\", !Split [\"-\", !Ref Project]]}]";
    Copy::new().edit(TEMPLATE, "!Sub ${Project}_look_up_${Environment}", name).finds(&[]);
    Copy::new().edit(TEMPLATE, "      KeySchema: [{", "      TableName: ledger\n      KeySchema: [{").finds(&[(
        TEMPLATE,
        "TableName: ledger",
        "account-name",
    )]);
}

#[test]
fn two_resources_of_one_name() {
    Copy::new()
        .edit(TEMPLATE, "!Sub ${Project}_cancel_${Environment}", "!Sub ${Project}_look_up_${Environment} # again")
        .finds(&[(TEMPLATE, "# again", "account-name")]);
}

#[test]
fn a_name_that_agentcore_does_not_take() {
    let found = Copy::new()
        .edit(TEMPLATE, "!Sub ${Project}_look_up_${Environment}", "!Sub ${Project}-look_up_${Environment} # here")
        .finds(&[(TEMPLATE, "# here", "agentcore-name"), (TEMPLATE, "# here", "agentcore-name")]);
    assert!(found[0].message.contains("shop-look_up_"), "{found:#?}");
    let long = format!("!Sub ${{Project}}_{}_${{Environment}} # here", "x".repeat(40));
    Copy::new()
        .edit(TEMPLATE, "!Sub ${Project}_${Environment}_engine", &long)
        .finds(&[(TEMPLATE, "# here", "agentcore-name"), (TEMPLATE, "# here", "agentcore-name")]);
}
