//! The Lambda function of the front door.

fn main() {}
