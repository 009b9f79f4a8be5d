//! The function as a process between services on this machine: a queue that plays SQS, S3, SNS, Converse, and a DynamoDB.

pub(crate) mod aws;
pub(crate) mod desk;
pub(crate) mod queue;
