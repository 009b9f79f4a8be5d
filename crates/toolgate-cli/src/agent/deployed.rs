//! A harness that is named by its ARN: the options, and what the ARN says.

use std::{fmt, str::FromStr};

/// The options of a harness on AWS.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct DeployedArgs {
    /// The ARN of a harness. Without --endpoint-url it is called on AWS, in the ARN's region and with your AWS
    /// credentials
    #[arg(long, value_name = "ARN", conflicts_with = "harness")]
    pub(crate) harness_arn: Option<HarnessArn>,
    /// The endpoint of the harness with this ARN; the service's default is DEFAULT
    #[arg(long, value_name = "NAME", requires = "harness_arn")]
    pub(crate) qualifier: Option<String>,
    /// The table in which calls of this harness wait for a person. It is read and written with your AWS credentials, in
    /// the ARN's region. Without it such a call is named and not decided
    #[arg(long, value_name = "T", requires = "harness_arn")]
    pub(crate) approvals_table: Option<String>,
}

impl DeployedArgs {
    /// The options as they are typed, to reach the same harness again.
    pub(crate) fn typed(&self) -> Vec<(&'static str, String)> {
        let arn = self.harness_arn.as_ref().map(ToString::to_string);
        let options = [
            ("--harness-arn", arn),
            ("--qualifier", self.qualifier.clone()),
            ("--approvals-table", self.approvals_table.clone()),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// The ARN of a harness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HarnessArn {
    text: String,
    pub(crate) region: String,
    /// The id of the harness.
    pub(crate) id: String,
    /// The domain of AWS in the ARN's partition.
    domain: &'static str,
}

impl HarnessArn {
    /// The endpoint of AgentCore in the ARN's region.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://bedrock-agentcore.{}.{}", self.region, self.domain)
    }
}

impl fmt::Display for HarnessArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for HarnessArn {
    type Err = String;

    /// The region becomes a part of a host name, so its characters are checked.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "the ARN of a harness is `arn:aws:bedrock-agentcore:REGION:ACCOUNT:harness/ID`; name one of its endpoints \
             with --qualifier"
                .to_owned()
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [_, partition, "bedrock-agentcore", region, _, resource] = parts.as_slice() else { return Err(wrong()) };
        let domain = match *partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            _ => return Err(wrong()),
        };
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let id = resource.strip_prefix("harness/").filter(|id| !id.is_empty() && id.chars().all(is_id));
        match id {
            Some(id) if !region.is_empty() && region.chars().all(is_region) => {
                Ok(Self { text: text.to_owned(), region: (*region).to_owned(), id: id.to_owned(), domain })
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_the_endpoint_and_the_region() {
        let read = |text: &str| text.parse::<HarnessArn>();
        let arn = read("arn:aws:bedrock-agentcore:eu-west-1:123456789012:harness/desk-abcdefghij").unwrap();
        assert_eq!((arn.region.as_str(), arn.id.as_str()), ("eu-west-1", "desk-abcdefghij"));
        assert_eq!(arn.endpoint(), "https://bedrock-agentcore.eu-west-1.amazonaws.com");
        let china = read("arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:harness/desk-abcdefghij").unwrap();
        assert_eq!(china.endpoint(), "https://bedrock-agentcore.cn-north-1.amazonaws.com.cn");
        for wrong in [
            "desk",
            "arn:aws:bedrock:eu-west-1:123456789012:harness/desk-abcdefghij",
            "arn:aws:bedrock-agentcore:evil.example/:123456789012:harness/desk-abcdefghij",
            "arn:aws:bedrock-agentcore::123456789012:harness/desk-abcdefghij",
            "arn:aws:bedrock-agentcore:eu-west-1:123456789012:harness/desk-abcdefghij/harness-endpoint/live",
            "arn:other:bedrock-agentcore:eu-west-1:123456789012:harness/desk-abcdefghij",
        ] {
            assert!(read(wrong).unwrap_err().contains("--qualifier"), "{wrong}");
        }
    }
}
