//! The account and Region of the local platform, and the ARNs in them.

/// The account in local ARNs. The AWS documentation uses the same one.
pub const ACCOUNT: &str = "123456789012";
/// The Region of the local platform.
pub const REGION: &str = "us-east-1";

/// The ARN of a function.
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The logical id in `arn:aws:lambda:…:function:<id>` or `…:function:<id>:<qualifier>`.
pub(crate) fn function_id(arn: &str) -> String {
    let name = arn.split_once(":function:").map_or(arn, |(_, name)| name);
    name.split(':').next().unwrap_or(name).to_owned()
}
