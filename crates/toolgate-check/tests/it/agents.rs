//! Agents, aliases, guardrails and versions.

use crate::kit::{Copy, TEMPLATE};

#[test]
fn an_agent_that_is_not_prepared() {
    Copy::new().edit(TEMPLATE, "      AutoPrepare: true # of the clerk\n", "").finds(&[(
        TEMPLATE,
        "  Clerk:",
        "auto-prepare",
    )]);
    Copy::new().edit(TEMPLATE, "AutoPrepare: true # of the clerk", "AutoPrepare: false # of the clerk").finds(&[(
        TEMPLATE,
        "AutoPrepare: false",
        "auto-prepare",
    )]);
}

#[test]
fn a_role_that_may_not_write_metrics() {
    Copy::new().edit(TEMPLATE, "      ManagedPolicyArns: [!Ref AgentPolicy] # of the clerk\n", "").finds(&[(
        TEMPLATE,
        "  ClerkRole:",
        "agent-metrics",
    )]);
    Copy::new()
        .edit(TEMPLATE, "Allow, Action: cloudwatch:PutMetricData", "Deny, Action: cloudwatch:PutMetricData")
        .finds(&[(TEMPLATE, "  ClerkRole:", "agent-metrics"), (TEMPLATE, "  LeadRole:", "agent-metrics")]);
}

#[test]
fn a_session_that_lasts_too_long() {
    Copy::new().edit(TEMPLATE, "IdleSessionTTLInSeconds: 600", "IdleSessionTTLInSeconds: 7200").finds(&[(
        TEMPLATE,
        "IdleSessionTTLInSeconds",
        "idle-session",
    )]);
}

#[test]
fn more_than_ten_collaborators() {
    let one = "        - CollaboratorName: Clerk\n";
    let descriptor = "          AgentDescriptor: {AliasArn: !GetAtt ClerkAlias.AgentAliasArn}\n";
    let more: String = (0..10).map(|n| format!("        - CollaboratorName: C{n}\n{descriptor}")).collect();
    Copy::new().edit(TEMPLATE, one, &format!("{more}{one}")).finds(&[(
        TEMPLATE,
        "AgentCollaborators:",
        "collaborator-count",
    )]);
}

#[test]
fn agents_that_are_each_others_collaborators() {
    let back = "      AgentCollaboration: SUPERVISOR_ROUTER
      AgentCollaborators: # of the clerk
        - CollaboratorName: Lead
          AgentDescriptor: {AliasArn: !GetAtt LeadAlias.AgentAliasArn}
          CollaborationInstruction: Ask the lead.
      AutoPrepare: true # of the clerk";
    Copy::new()
        .edit(TEMPLATE, "      AutoPrepare: true # of the clerk", back)
        .edit(TEMPLATE, "      AgentCollaborators:\n", "      AgentCollaborators: # of the lead\n")
        .finds(&[
            (TEMPLATE, "AgentCollaborators: # of the lead", "collaborator-cycle"),
            (TEMPLATE, "AgentCollaborators: # of the clerk", "collaborator-cycle"),
            (TEMPLATE, "  ClerkRole:", "supervisor-invoke"),
            (TEMPLATE, "  ClerkRole:", "supervisor-invoke"),
        ]);
}

#[test]
fn collaborators_of_an_agent_that_is_no_supervisor() {
    Copy::new().edit(TEMPLATE, "AgentCollaboration: SUPERVISOR", "AgentCollaboration: DISABLED").finds(&[(
        TEMPLATE,
        "AgentCollaboration: DISABLED",
        "supervisor-mode",
    )]);
}

#[test]
fn a_denied_topic_defined_in_more_than_200_characters() {
    let long = format!("Definition: {}", "a".repeat(201));
    Copy::new().edit(TEMPLATE, "Definition: Advice on what to do with money.", &long).finds(&[(
        TEMPLATE,
        &long,
        "topic-definition",
    )]);
    let longest = format!("Definition: {}", "a".repeat(200));
    Copy::new().edit(TEMPLATE, "Definition: Advice on what to do with money.", &longest).finds(&[]);
}

#[test]
fn prompt_attacks_in_outputs() {
    Copy::new().edit(TEMPLATE, "OutputStrength: NONE", "OutputStrength: HIGH").finds(&[(
        TEMPLATE,
        "OutputStrength: HIGH",
        "prompt-attack-input",
    )]);
}

#[test]
fn an_alias_that_gets_no_new_version() {
    Copy::new().edit(TEMPLATE, "release ${Release} of the clerk", "for ${Environment} of the clerk").finds(&[(
        TEMPLATE,
        "for ${Environment} of the clerk",
        "alias-version",
    )]);
    Copy::new().edit(TEMPLATE, "      Description: !Sub release ${Release} of the clerk\n", "").finds(&[(
        TEMPLATE,
        "  ClerkAlias:",
        "alias-version",
    )]);
    let bound = "AgentAliasName: !Ref Environment # of the clerk\n      RoutingConfiguration: [{AgentVersion: \"3\"}]";
    Copy::new().edit(TEMPLATE, "AgentAliasName: !Ref Environment # of the clerk", bound).finds(&[(
        TEMPLATE,
        "RoutingConfiguration",
        "alias-version",
    )]);
}

#[test]
fn an_alias_that_is_replaced_by_each_release() {
    Copy::new().edit(TEMPLATE, "!Ref Environment # of the clerk", "!Sub release-${Release}").finds(&[(
        TEMPLATE,
        "release-${Release}",
        "alias-kept",
    )]);
}

#[test]
fn a_guardrail_that_keeps_its_version() {
    Copy::new()
        .edit(TEMPLATE, "      Description: !Sub release ${Release} of the guardrail\n", "")
        .edit(TEMPLATE, "  GuardrailVersion:\n    Type", "  GuardrailVersion: # kept\n    Type")
        .finds(&[(TEMPLATE, "# kept", "guardrail-version")]);
    Copy::new()
        .edit(TEMPLATE, "GuardrailVersion: !GetAtt GuardrailVersion.Version", "GuardrailVersion: \"1\"")
        .finds(&[(TEMPLATE, "GuardrailVersion: \"1\"", "guardrail-version")]);
}

#[test]
fn a_version_of_a_guardrail_that_is_deleted() {
    Copy::new()
        .edit(TEMPLATE, "    UpdateReplacePolicy: Retain\n", "")
        .edit(TEMPLATE, "  GuardrailVersion:\n    Type", "  GuardrailVersion: # kept\n    Type")
        .finds(&[(TEMPLATE, "# kept", "guardrail-version-kept")]);
}
